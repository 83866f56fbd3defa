import { dirname, join } from "node:path";
import { syncFolder } from "../archive/archive_writer.ts";
import type { Item } from "../archive/contents.ts";
import { type Config, configPath, defaultConfig } from "../config/config.ts";
import { readText, writePrivate } from "../config/files.ts";
import { readKeyPair } from "../config/key_files.ts";
import { parseConfig } from "../config/parse.ts";
import { type ConfiguredPath, relocate } from "../config/relocation.ts";
import { rewriteConfig } from "../config/rewriting.ts";
import { readStorageKey } from "../config/storage_key_file.ts";
import { lockPrivateFolder, openDatabase, openPrivateDatabase } from "../mailbox/database.ts";
import { Sealer } from "../mailbox/sealing.ts";
import { EntryWriter } from "../mailbox/transfer.ts";
import type { KeyPair } from "../sphinx/curve.ts";

/** Its folder's name until it is finished; no id begins with a dot, so nothing takes it for a gateway. */
const workspaceName = (id: string) => `.importing-${id}`;
const UNFINISHED = "gateway";

/**
 * The folder of a gateway while it is filled from an archive: hidden beside its place, to which it is renamed when it is
 * whole and on the disk. What is disposed before is removed; what a killed import has left, the next one removes.
 */
export class UnfinishedHome implements AsyncDisposable {
  readonly #workspace: string;
  readonly #receivedConfig: string;
  readonly #paths: Config;
  #file: Deno.FsFile | undefined;
  #database: { kv: Deno.Kv; entries: EntryWriter } | undefined;

  private constructor(private readonly id: string, private readonly root: string, private readonly lock: Disposable) {
    this.#workspace = join(root, workspaceName(id));
    this.#receivedConfig = join(this.#workspace, "config.toml");
    this.#paths = defaultConfig(UNFINISHED, this.#workspace);
  }

  /**
   * Begins one for gateway `id` in the folder of all gateways.
   * @throws {Deno.errors.Busy} when another import of that name is going on
   */
  static async create(id: string, root: string): Promise<UnfinishedHome> {
    const workspace = join(root, workspaceName(id));
    const lock = await lockPrivateFolder(workspace);
    for await (const { name } of Deno.readDir(workspace)) {
      if (name !== "lock") await Deno.remove(join(workspace, name), { recursive: true });
    }
    return new UnfinishedHome(id, root, lock);
  }

  /** Puts an item into its place. */
  async take(item: Item): Promise<void> {
    switch (item.kind) {
      case "file":
        await this.#endPart();
        this.#file = await newFile(this.#pathOf(item.name));
        break;
      case "piece":
        for (let at = 0; at < item.bytes.length;) at += await this.#file!.write(item.bytes.subarray(at));
        break;
      case "database": {
        await this.#endPart();
        const kv = await openPrivateDatabase(this.#pathOf(item.name));
        this.#database = { kv, entries: new EntryWriter(kv) };
        break;
      }
      case "entry":
        await this.#database!.entries.add(item.entry);
        break;
      case "totals":
        await this.#endPart();
    }
  }

  /**
   * All has come: sees whether it fits together, and makes it the gateway.
   * @throws {OperatorError} when the configuration or a key won't do
   */
  async finish(): Promise<{ config: Config; keys: KeyPair; outside: ConfiguredPath[] }> {
    const text = readText(this.#receivedConfig, this.#receivedConfig);
    const received = parseConfig(text, this.#receivedConfig);
    const { config, outside } = relocate(received, this.id, this.root);
    const keys = readKeyPair(this.#paths.gateway);
    const sealer = new Sealer(readStorageKey(this.#paths.gateway.storageKeyFile));
    for (const name of ["ledger", "mailbox"]) (await openDatabase(this.#pathOf(name), sealer)).close();
    writePrivate(configPath(UNFINISHED, this.#workspace), rewriteConfig(text, received, config));
    const folder = join(this.#workspace, UNFINISHED);
    await syncAll(folder);
    await Deno.rename(folder, join(this.root, this.id));
    await syncFolder(this.root);
    return { config, keys, outside };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#file?.close();
    this.#database?.kv.close();
    this.lock[Symbol.dispose]();
    await Deno.remove(this.#workspace, { recursive: true });
  }

  async #endPart(): Promise<void> {
    this.#file?.close();
    this.#file = undefined;
    await this.#database?.entries.flush();
    this.#database?.kv.close();
    this.#database = undefined;
  }

  /** By the names that there are in archives (archive/contents.ts). */
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
        return join(clientsEndpoint.inboxesDirectory, "mailbox.kv");
    }
    return join(clientsEndpoint.inboxesDirectory, name); // the tags of packets seen
  }
}

async function newFile(path: string): Promise<Deno.FsFile> {
  await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  return await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
}

/** Has a folder, and all that is in it, reach the disk. */
async function syncAll(path: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    if (isDirectory) await syncAll(join(path, name));
    else {
      using file = await Deno.open(join(path, name), { read: true, write: true });
      await file.sync();
    }
  }
  await syncFolder(path);
}
