import { dirname, join } from "node:path";
import type { Database, Item } from "../../archive/contents.ts";
import { type Config, configPath, defaultConfig } from "../../config/config.ts";
import { readText, writePrivate } from "../../config/files.ts";
import { readKeyPair } from "../../config/key_files.ts";
import { parseConfig } from "../../config/parse.ts";
import { relocate, type Relocated } from "../../config/relocation.ts";
import { rewriteConfig } from "../../config/rewriting.ts";
import { readStorageKey } from "../../config/storage_key_file.ts";
import { makePrivateFolder, openPrivateFile, syncFolder } from "../../files/private.ts";
import { openDatabase, openPrivateDatabase } from "../../mailbox/database.ts";
import { mailboxFile } from "../../mailbox/database_files.ts";
import { CLIENT } from "../../mailbox/kv_ledger_table.ts";
import { Sealer } from "../../mailbox/sealing.ts";
import { readTotals } from "../../mailbox/totals.ts";
import { EntryWriter } from "../../mailbox/transfer.ts";
import type { KeyPair } from "../../sphinx/curve.ts";
import { Workspace } from "./workspace.ts";

/** The folder's name until the import is finished; no id begins with a dot, so it is never taken for a gateway. */
const workspaceName = (id: string) => `.importing-${id}`;
const UNFINISHED = "gateway";

/** The result of an import. */
export interface FinishedHome extends Relocated {
  /** whether its mail was in a PostgreSQL database when it was exported */
  readonly wasInDatabase: boolean;
  /** the gateway's key pair */
  readonly keys: KeyPair;
  /** how many are registered */
  readonly clients: number;
  /** how many are waiting */
  readonly messages: number;
  /** entries of the databases */
  readonly entries: number;
}

/**
 * The folder of a gateway while it is filled from an archive. It is hidden beside its final place, to which it is
 * renamed once it is complete and on the disk. If it is disposed before that, it is removed; anything left over from a
 * killed import is removed by the next one.
 */
export class UnfinishedHome implements AsyncDisposable {
  readonly #receivedConfig: string;
  readonly #paths: Config;
  readonly #databases = new Map<Database, { kv: Deno.Kv; writer: EntryWriter }>();
  #clients = 0;
  #entries = 0;

  private constructor(
    private readonly id: string,
    private readonly root: string,
    private readonly workspace: Workspace,
  ) {
    this.#receivedConfig = join(workspace.path, "config.toml");
    this.#paths = defaultConfig(UNFINISHED, workspace.path);
  }

  /**
   * Begins one for gateway `id` in the folder of all gateways.
   * @throws {Deno.errors.Busy} if another import under that name is in progress
   * @throws what Deno.remove throws, for example if another user has put something there
   */
  static async create(id: string, root: string): Promise<UnfinishedHome> {
    return new UnfinishedHome(id, root, await Workspace.open(join(root, workspaceName(id))));
  }

  /** Puts an item into its place. */
  async take(item: Item): Promise<void> {
    if (item.kind === "file") {
      using file = newFile(this.#pathOf(item.name));
      for await (const piece of item.pieces) {
        for (let at = 0; at < piece.length;) at += await file.write(piece.subarray(at));
      }
    }
    if (item.kind !== "entries") return;
    const writer = await this.#writerTo(item.database);
    for (const entry of item.entries) {
      await writer.add(entry);
      if (entry.key[0] === CLIENT) this.#clients++;
    }
    this.#entries += item.entries.length;
  }

  /**
   * Checks that all items fit together, and puts the folder into its final place.
   * @param keepsOutside whether paths outside the gateway's folder stay in the configuration
   * @throws {OperatorError} if the configuration or a key is not valid
   */
  async finish(keepsOutside: boolean): Promise<FinishedHome> {
    await this.#closeDatabases();
    const text = readText(this.#receivedConfig, this.#receivedConfig);
    const received = parseConfig(text, this.#receivedConfig);
    const relocated = relocate(received, this.id, this.root, keepsOutside);
    const keys = readKeyPair(this.#paths.gateway);
    const sealer = new Sealer(readStorageKey(this.#paths.gateway.storageKeyFile));
    (await openDatabase(this.#pathOf("ledger"), sealer)).close();
    const messages = await messagesIn(this.#pathOf("mailbox"), sealer);
    writePrivate(configPath(UNFINISHED, this.workspace.path), rewriteConfig(text, received, relocated.config));
    const folder = join(this.workspace.path, UNFINISHED);
    await syncAll(folder);
    await Deno.rename(folder, join(this.root, this.id));
    syncFolder(this.root);
    const wasInDatabase = received.storage.kind === "postgresql";
    return { ...relocated, wasInDatabase, keys, clients: this.#clients, messages, entries: this.#entries };
  }

  /** Removes whatever is unfinished. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { kv } of this.#databases.values()) kv.close();
    await this.workspace[Symbol.asyncDispose]();
  }

  async #writerTo(database: Database): Promise<EntryWriter> {
    const open = this.#databases.get(database);
    if (open !== undefined) return open.writer;
    const kv = await openPrivateDatabase(this.#pathOf(database));
    const writer = new EntryWriter(kv);
    this.#databases.set(database, { kv, writer });
    return writer;
  }

  async #closeDatabases(): Promise<void> {
    for (const [database, { kv, writer }] of this.#databases) {
      await writer.flush();
      kv.close();
      this.#databases.delete(database);
    }
  }

  /** For the names in archives (archive/contents.ts). */
  #pathOf(name: string): string {
    const { gateway, clientsEndpoint } = this.#paths;
    switch (name) {
      case "config.toml":
        return this.#receivedConfig;
      case "private_sphinx.pem":
        return gateway.privateSphinxKeyFile;
      case "public_sphinx.pem":
        return gateway.publicSphinxKeyFile;
      case "storage_key.pem":
        return gateway.storageKeyFile;
      case "ledger":
        return clientsEndpoint.ledgerPath;
      case "mailbox":
        return mailboxFile(clientsEndpoint.inboxesDirectory);
    }
    return join(clientsEndpoint.inboxesDirectory, name); // the tags of seen packets
  }
}

async function messagesIn(path: string, sealer: Sealer): Promise<number> {
  using kv = await openDatabase(path, sealer);
  return (await readTotals(kv, sealer)).messages;
}

function newFile(path: string): Deno.FsFile {
  makePrivateFolder(dirname(path));
  return openPrivateFile(path, { write: true, createNew: true });
}

/** Flushes a folder, and everything in it, to the disk. */
async function syncAll(path: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    if (isDirectory) await syncAll(join(path, name));
    else {
      using file = await Deno.open(join(path, name), { read: true, write: true });
      await file.sync();
    }
  }
  syncFolder(path);
}
