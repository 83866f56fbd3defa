import { join } from "node:path";
import { type Database, isTagFile, type Item } from "../archive/contents.ts";
import { exists, readText } from "../config/files.ts";
import type { Config } from "../config/config.ts";
import { storageKeyText } from "../config/storage_key_file.ts";
import { openDatabase } from "../mailbox/database.ts";
import { ledgerFile } from "../mailbox/import_070.ts";
import { CLIENT } from "../mailbox/ledger.ts";
import { Sealer } from "../mailbox/sealing.ts";
import { readTotals } from "../mailbox/totals.ts";
import { allEntries } from "../mailbox/transfer.ts";
import { VERSION } from "../build/version.ts";

const PIECE_SIZE = 65_536;

/** What a gateway that does not run is made of, as the items of an archive, in order. */
export class ExportedItems {
  clients = 0;
  messages = 0;
  entries = 0;
  /** databases of which keys are damaged, so that entries may be missing */
  readonly damaged = new Set<Database>();
  readonly #sealer: Sealer;

  /** @param id its name here  @param configText the file that `config` was read from */
  constructor(
    private readonly id: string,
    private readonly configText: string,
    private readonly config: Config,
    private readonly storageKey: Uint8Array,
  ) {
    this.#sealer = new Sealer(storageKey);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item> {
    const { gateway, clientsEndpoint } = this.config;
    const exported = new Date().toISOString();
    yield { kind: "manifest", manifest: { id: this.id, version: VERSION, exported } };
    yield* text("config.toml", this.configText);
    yield* text("private_sphinx.pem", readText(gateway.privateSphinxKeyFile, gateway.privateSphinxKeyFile));
    yield* text("public_sphinx.pem", readText(gateway.publicSphinxKeyFile, gateway.publicSphinxKeyFile));
    yield* text("storage_key.pem", storageKeyText(this.storageKey));
    yield* tags(clientsEndpoint.inboxesDirectory);
    yield* this.#database("ledger", await ledgerFile(clientsEndpoint.ledgerPath));
    yield* this.#database("mailbox", join(clientsEndpoint.inboxesDirectory, "mailbox.kv"));
    const { clients, messages, entries } = this;
    yield { kind: "totals", totals: { clients, messages, entries } };
  }

  /** One that is not there, as before the first start, is empty. */
  async *#database(name: Database, path: string): AsyncGenerator<Item> {
    yield { kind: "database", name };
    if (!exists(path)) return;
    using kv = await openDatabase(path, this.#sealer);
    if (name === "mailbox") this.messages = (await readTotals(kv, this.#sealer)).messages;
    for await (const entry of allEntries(kv, () => this.damaged.add(name))) {
      yield { kind: "entry", entry };
      this.entries++;
      if (entry.key[0] === CLIENT) this.clients++;
    }
  }
}

function* text(name: string, contents: string): Generator<Item> {
  yield { kind: "file", name };
  const bytes = new TextEncoder().encode(contents);
  for (let at = 0; at < bytes.length; at += PIECE_SIZE) {
    yield { kind: "piece", bytes: bytes.subarray(at, at + PIECE_SIZE) };
  }
}

/** The files that tell which packets have been seen. */
async function* tags(inboxes: string): AsyncGenerator<Item> {
  const folder = join(inboxes, "replay");
  if (!exists(folder)) return;
  const names = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
  for (const name of names.map((name) => `replay/${name}`).filter(isTagFile)) {
    yield { kind: "file", name };
    using file = await Deno.open(join(inboxes, name));
    const buffer = new Uint8Array(PIECE_SIZE);
    for (let read; (read = await file.read(buffer)) !== null;) yield { kind: "piece", bytes: buffer.subarray(0, read) };
  }
}
