import { join } from "node:path";
import { type Database, DATABASES, fileOf, isTagFile, type Item } from "../../archive/contents.ts";
import { grouped } from "../../archive/entries.ts";
import { exists, readText } from "../../config/files.ts";
import type { Config } from "../../config/config.ts";
import { storageKeyText } from "../../config/storage_key_file.ts";
import { openRegularFile } from "../../files/regular.ts";
import { openDatabase } from "../../mailbox/database.ts";
import { CLIENT } from "../../mailbox/kv_ledger_table.ts";
import { Sealer } from "../../mailbox/sealing.ts";
import { readTotals } from "../../mailbox/totals.ts";
import { allEntries } from "../../mailbox/transfer.ts";
import { PRODUCT_VERSION } from "../../build/version.ts";

/** The contents of a stopped gateway as the items of an archive, in order. */
export class ExportedItems {
  /** Registered clients, counted so far. */
  clients: number = 0;
  /** Waiting messages, known once the mailbox is reached. */
  messages: number = 0;
  /** Database entries, counted so far. */
  entries: number = 0;
  /** Damaged databases, so that entries may be missing. */
  readonly damaged: Set<Database> = new Set();
  readonly #sealer: Sealer;

  /**
   * The items of gateway `id`, which must not run while they are read.
   * @param configText the text that `config` was parsed from
   * @param storageKey the key that the databases are sealed with
   * @param databases the paths of its databases
   */
  constructor(
    private readonly id: string,
    private readonly configText: string,
    private readonly config: Config,
    private readonly storageKey: Uint8Array,
    private readonly databases: Readonly<Record<Database, string>>,
  ) {
    this.#sealer = new Sealer(storageKey);
  }

  /** Reads the items one by one; each file and group of entries must be consumed before the next. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Item> {
    const { gateway, clientsEndpoint } = this.config;
    const exported = new Date().toISOString();
    yield { kind: "manifest", manifest: { id: this.id, version: PRODUCT_VERSION, exported } };
    const texts = {
      "config.toml": this.configText,
      "private_sphinx.pem": readText(gateway.privateSphinxKeyFile, gateway.privateSphinxKeyFile),
      "public_sphinx.pem": readText(gateway.publicSphinxKeyFile, gateway.publicSphinxKeyFile),
      "storage_key.pem": storageKeyText(this.storageKey),
    };
    for (const [name, text] of Object.entries(texts)) yield { kind: "file", ...fileOf(name, text) };
    yield* tags(clientsEndpoint.inboxesDirectory);
    for (const database of DATABASES) yield* this.#database(database, this.databases[database]);
  }

  /** A missing database, as before the first start, is empty. */
  async *#database(database: Database, path: string): AsyncGenerator<Item> {
    if (!exists(path)) return;
    using kv = await openDatabase(path, this.#sealer);
    if (database === "mailbox") this.messages = (await readTotals(kv, this.#sealer)).messages;
    let number = 0;
    for await (const entries of grouped(allEntries(kv, () => this.damaged.add(database)))) {
      yield { kind: "entries", database, number: ++number, entries };
      this.entries += entries.length;
      this.clients += entries.filter(({ key }) => key[0] === CLIENT).length;
    }
  }
}

/** The files that record which packets were seen. */
async function* tags(inboxes: string): AsyncGenerator<Item> {
  const folder = join(inboxes, "replay");
  if (!exists(folder)) return;
  const names = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
  for (const name of names.map((name) => `replay/${name}`).filter(isTagFile)) {
    const file = openRegularFile(join(inboxes, name));
    yield { kind: "file", name, size: (await file.stat()).size, pieces: file.readable };
  }
}
