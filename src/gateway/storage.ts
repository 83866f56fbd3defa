import type { Config } from "../config/config.ts";
import { databaseOptions } from "../config/database_options.ts";
import type { Count } from "../counting/counters.ts";
import { opened } from "../errors/opened.ts";
import { ExitCode, OperatorError } from "../errors/operator_error.ts";
import { mailboxFile } from "../mailbox/database_files.ts";
import type { DiskSpace } from "../mailbox/disk_space.ts";
import { ledgerFile } from "../mailbox/import_070.ts";
import { Ledger } from "../mailbox/ledger.ts";
import { Mailbox } from "../mailbox/mailbox.ts";
import type { MessageStore } from "../mailbox/message_store.ts";
import type { Sealer } from "../mailbox/sealing.ts";
import { moveFile, moveInTheWay } from "../mailbox/unfinished_move.ts";

/** What `[storage]` chooses: the ledger, and a mailbox that is opened after it. */
export interface Storage {
  /** which clients are registered */
  readonly ledger: Ledger;
  /** Opens the mailbox, which the caller closes first. `syncAlong` is called with each commit. */
  openMailbox(
    onCommit: (seconds: number) => void,
    syncAlong: () => Promise<void>,
    disk: DiskSpace,
  ): Promise<MessageStore>;
}

/**
 * Opens the storage, to be closed with `parts`. The driver for PostgreSQL is loaded only where it is configured.
 * @throws {OperatorError} if it cannot be opened
 */
export async function openStorage(
  config: Config,
  sealer: Sealer,
  count: Count,
  parts: AsyncDisposableStack,
): Promise<Storage> {
  const { inboxesDirectory } = config.clientsEndpoint;
  const move = await opened("record of a move", moveFile(inboxesDirectory), () => moveInTheWay(inboxesDirectory));
  if (move !== undefined) throw new OperatorError(`Cannot start: ${move}`, ExitCode.CONFIGURATION);
  return config.storage.kind === "embedded"
    ? await openEmbedded(config, sealer, count, parts)
    : await openPostgresql(config, sealer, count, parts);
}

async function openEmbedded(
  config: Config,
  sealer: Sealer,
  count: Count,
  parts: AsyncDisposableStack,
): Promise<Storage> {
  const { limits, clientsEndpoint } = config;
  const path = ledgerFile(clientsEndpoint.ledgerPath);
  const ledger = parts.use(await opened("ledger", path, (path) => Ledger.open(path, sealer, count, limits)));
  return {
    ledger,
    openMailbox: (onCommit, syncAlong, disk) => {
      const open = async (path: string) => {
        const mailbox = await Mailbox.open(path, sealer, count, onCommit, syncAlong, limits, disk);
        mailbox.skipNumbers();
        return mailbox;
      };
      return opened("mailbox", mailboxFile(clientsEndpoint.inboxesDirectory), open);
    },
  };
}

async function openPostgresql(
  config: Config,
  sealer: Sealer,
  count: Count,
  parts: AsyncDisposableStack,
): Promise<Storage> {
  const { storage, limits, mixnetEndpoint: { replayWindow } } = config;
  const options = databaseOptions(storage);
  const { PostgresqlStorage } = await import("../postgresql/storage.ts");
  const open = () => PostgresqlStorage.open(options, sealer, count, limits);
  const shared = parts.use(await opened("database", storage.url, open));
  return {
    ledger: shared.ledger,
    openMailbox: (onCommit, syncAlong) =>
      opened("database", storage.url, () => shared.openMailbox(onCommit, syncAlong, limits, replayWindow)),
  };
}
