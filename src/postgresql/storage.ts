import type { Count } from "../counting/counters.ts";
import { logger } from "../logging/log.ts";
import { Ledger, type LedgerLimits } from "../mailbox/ledger.ts";
import type { MailboxLimits } from "../mailbox/limits.ts";
import type { Sealer } from "../mailbox/sealing.ts";
import { mustBeOpen } from "./exclusion.ts";
import { PostgresqlLedgerTable } from "./ledger_table.ts";
import { PostgresqlMailbox } from "./mailbox.ts";
import { migrate } from "./migrations.ts";
import { Server, type ServerOptions } from "./server.ts";

const log = logger("nym_gateway::postgresql");

/** A ledger and a mailbox in one database, which other gateways may use as well. */
export class PostgresqlStorage implements AsyncDisposable {
  private constructor(
    private readonly server: Server,
    /** the clients that are registered at any of the gateways */
    readonly ledger: Ledger,
    private readonly sealer: Sealer,
    private readonly count: Count,
  ) {}

  /**
   * Connects, migrates the database if need be, and reads the ledger.
   * @throws {Error} when the database cannot be used
   */
  static async open(
    options: ServerOptions,
    sealer: Sealer,
    count: Count,
    limits: LedgerLimits,
  ): Promise<PostgresqlStorage> {
    await using opening = new AsyncDisposableStack();
    const server = opening.use(new Server(options));
    await migrate(server, sealer);
    await mustBeOpen(server);
    const table = new PostgresqlLedgerTable(server);
    const ledger = await Ledger.over(table, sealer, count, limits);
    table.follow(
      (change) => ledger.learn(change, change.isRemoved),
      (error) => log.warn(`cannot read which clients have registered at other gateways: ${error}`),
    );
    opening.move();
    return new PostgresqlStorage(server, ledger, sealer, count);
  }

  /** Opens the mailbox; the parameters are those of {@linkcode PostgresqlMailbox}. Close it before this. */
  async openMailbox(
    onCommit: (seconds: number) => void,
    syncAlong: () => Promise<void>,
    limits: MailboxLimits,
    replayWindow: number,
  ): Promise<PostgresqlMailbox> {
    return await PostgresqlMailbox.open(
      this.server,
      this.sealer,
      this.count,
      onCommit,
      syncAlong,
      limits,
      replayWindow,
    );
  }

  /** Disconnects. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.ledger[Symbol.dispose]();
    await this.server[Symbol.asyncDispose]();
  }
}
