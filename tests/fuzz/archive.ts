import { ArchiveError } from "../../src/archive/archive_error.ts";
import { encodeItem, type Item } from "../../src/archive/contents.ts";
import { checkHeader, HEADER_SIZE, makeHeader } from "../../src/archive/header.ts";
import { ArchiveParser } from "../../src/archive/parser.ts";
import { concat, ITEMS, KEY, sealed } from "../archive/sealed.ts";
import type { Random } from "../support/random.ts";
import { mutatedBytes } from "./mutate.ts";
import type { Target } from "./target.ts";

const PLAIN = concat(...ITEMS.map(encodeItem));
const { header: HEADER } = makeHeader("", { log2N: 1, r: 1, p: 1 });

/** What is in an exported file when its sealing is right and its contents are not; and a header that is not. */
export const archive: Target = {
  name: "archive",
  attempt(random) {
    try {
      checkHeader(mutatedBytes(random, HEADER, true));
    } catch (error) {
      if (!(error instanceof ArchiveError)) throw error;
    }
    const file = sealed(random.oneIn(3) ? mutatedBytes(random, PLAIN, true) : concat(...shuffled(random)));
    const cut = random.below(file.length);
    const parser = new ArchiveParser(KEY, HEADER_SIZE);
    try {
      for (const piece of [file.subarray(0, cut), file.subarray(cut)]) {
        for (const item of parser.push(piece)) check(item);
      }
      for (const item of parser.end()) check(item);
    } catch (error) {
      if (!(error instanceof ArchiveError)) throw error;
      if (/\p{C}/u.test(error.message)) {
        throw new Error(`the error shows what was read: ${error.message}`, { cause: error });
      }
    }
  },
};

/** The records, some of them left out, doubled, moved or changed. */
function shuffled(random: Random): Uint8Array[] {
  const records = ITEMS.map(encodeItem);
  for (let changes = random.below(3); changes >= 0; changes--) {
    const at = random.below(records.length);
    const record = records[at]!;
    switch (random.below(4)) {
      case 0:
        records.splice(at, 1);
        break;
      case 1:
        records.splice(random.below(records.length), 0, record);
        break;
      case 2:
        records[at] = mutatedBytes(random, record, true);
        break;
      case 3: // only its contents, so that its length stays right
        records[at] = concat(record.subarray(0, 5), mutatedBytes(random, record.subarray(5)));
        break;
    }
  }
  return records;
}

/** No item may lead out of the gateway's folder, or into another database. */
function check(item: Item): void {
  if (item.kind === "file" && !/^(replay\/\d{10}\.tags|[a-z_]+\.(pem|toml))$/.test(item.name)) {
    throw new Error(item.name);
  }
  if (item.kind === "database" && !["ledger", "mailbox"].includes(item.name)) throw new Error(item.name);
  if (item.kind === "entry" && item.entry.key.length === 0) throw new Error("an entry without a key");
}
