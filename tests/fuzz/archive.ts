import { ArchiveError } from "../../src/archive/archive_error.ts";
import type { Item } from "../../src/archive/contents.ts";
import { checkHeader } from "../../src/archive/sealing.ts";
import { unpacked } from "../../src/archive/unpacking.ts";
import { ITEMS, tarOf } from "../archive/archives.ts";
import type { Random } from "../support/random.ts";
import { mutatedBytes } from "./mutate.ts";
import type { Target } from "./target.ts";

const BLOCK = 512;
const HEADER = new TextEncoder().encode(
  `age-encryption.org/v1\n-> scrypt ${"a".repeat(22)} 18\n${"b".repeat(43)}\n--- ${"c".repeat(43)}\n`,
);
const SMALL = ITEMS.slice(0, -1); // the last one is long
const FILES = await Promise.all(SMALL.map(async (item) => (await tarOf(item)).subarray(0, -2 * BLOCK)));
const END = new Uint8Array(2 * BLOCK);

/** An export whose seal is valid but whose contents are not, or with an invalid header. */
export const archive: Target = {
  name: "archive",
  async attempt(random) {
    refusing(() => checkHeader(mutatedBytes(random, HEADER, true)));
    const files = shuffled(random);
    const tar = new Uint8Array(await new Blob([...files, END]).arrayBuffer());
    const bytes = random.oneIn(3) ? new Uint8Array(mutatedBytes(random, tar, true)) : tar;
    const cut = random.below(bytes.length + 1);
    try {
      const pieces = ReadableStream.from([bytes.subarray(0, cut), bytes.subarray(cut)]);
      for await (const item of unpacked(pieces)) await check(item);
    } catch (error) {
      refusing(() => {
        throw error;
      });
    }
  },
};

/** Errors must be of one kind and must not quote the contents. */
function refusing(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    if (/\p{C}/u.test(error.message)) throw new Error(`it quotes the contents: ${error.message}`, { cause: error });
  }
}

/** The files, some of them omitted, duplicated, moved or changed, with valid header checksums. */
function shuffled(random: Random): Uint8Array<ArrayBuffer>[] {
  const files = [...FILES];
  for (let changes = random.below(3); changes >= 0; changes--) {
    const at = random.below(files.length);
    const file = files[at]!;
    switch (random.below(4)) {
      case 0:
        files.splice(at, 1);
        break;
      case 1:
        files.splice(random.below(files.length), 0, file);
        break;
      case 2:
        files[at] = withHead(file, new Uint8Array(mutatedBytes(random, file.subarray(0, BLOCK))));
        break;
      case 3: // only its contents
        files[at] = withHead(new Uint8Array(mutatedBytes(random, file)), file.subarray(0, BLOCK));
        break;
    }
    if (files.length === 0) break;
  }
  return files;
}

/** The file with this first block, after its checksum (octal, at 148) is corrected. */
function withHead(file: Uint8Array<ArrayBuffer>, head: Uint8Array): Uint8Array<ArrayBuffer> {
  const changed = new Uint8Array(Math.max(BLOCK, file.length));
  changed.set(file);
  changed.set(head.subarray(0, BLOCK));
  changed.fill(32, 148, 156);
  const sum = changed.subarray(0, BLOCK).reduce((all, byte) => all + byte, 0);
  changed.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0`), 148);
  return changed;
}

/** No item may lead outside the gateway's folder or into another database. */
async function check(item: Item): Promise<void> {
  if (item.kind === "file") {
    if (!/^(replay\/\d{10}\.tags|[a-z_]+\.(pem|toml))$/.test(item.name)) throw new Error(item.name);
    let size = 0;
    for await (const piece of item.pieces) size += piece.length;
    if (size !== item.size) throw new Error(`${size} bytes instead of ${item.size}`);
  }
  if (item.kind !== "entries") return;
  if (!["ledger", "mailbox"].includes(item.database)) throw new Error(item.database);
  if (item.entries.some(({ key }) => key.length === 0)) throw new Error("an entry without a key");
}
