import { decodeChunk, encodeChunk } from "../../src/mailbox/chunk.ts";
import { decodePage, encodePage, type JournalRecord, pageContext } from "../../src/mailbox/journal.ts";
import { pseudonymOf } from "../../src/mailbox/pseudonym.ts";
import type { Random } from "../support/random.ts";
import { testSealer } from "../support/sealer.ts";
import { mutatedBytes } from "./mutate.ts";
import type { Target } from "./target.ts";

const PSEUDONYM_SIZE = 32;
/** Most records and messages in a value, and most bytes of a message, so that an input takes some microseconds. */
const MOST = 6;
const LARGEST = 50;
/** Bytes of a chunk's time, before its messages. */
const TIME_SIZE = 8;

const sealer = testSealer();

/**
 * Pages of the journal and chunks of inboxes: what is decoded is what is there, to the last byte, and anything else is
 * torn. A sealed value opens as it was sealed, where it was sealed for, or not at all.
 */
export const storedValues: Target = {
  name: "stored-values",
  attempt(random) {
    const records = randomRecords(random);
    const page = encodePage(records);
    requireEqual(encodePage(decodePage(page)!), page, "a page");
    const changed = mutatedBytes(random, page, true);
    const decoded = decodePage(changed);
    if (decoded !== undefined) requireEqual(encodePage(decoded), changed, "a changed page");
    const isNumber = ({ sequence }: JournalRecord) => Number.isSafeInteger(sequence) && sequence > 0;
    if (!(decoded ?? []).every(isNumber)) throw new Error("a message has a number that none can have");

    const messages = records.flatMap(({ message }) => message ?? []);
    const { value } = encodeChunk(7, random.below(2 ** 31), messages);
    const chunk = decodeChunk(7, value);
    if ((chunk === undefined) !== (messages.length === 0)) throw new Error("a chunk is not read as it was written");
    const changedChunk = mutatedBytes(random, value, true);
    const other = decodeChunk(7, changedChunk);
    if (other !== undefined) { // the time may have become any of many NaNs
      const again = encodeChunk(7, other.time, other.messages).value;
      requireEqual(again.subarray(TIME_SIZE), changedChunk.subarray(TIME_SIZE), "a changed chunk");
    }

    const number = random.below(1000);
    const sealed = sealer.seal(page, pageContext(number));
    const changedSeal = mutatedBytes(random, sealed, true);
    const isSame = changedSeal.toHex() === sealed.toHex();
    const opened = sealer.open(changedSeal, pageContext(number));
    if ((opened !== undefined) !== isSame) throw new Error("a changed value is opened, or an unchanged one is not");
    if (opened !== undefined) requireEqual(opened, page, "a sealed page");
    if (sealer.open(sealed, pageContext(number + 1)) !== undefined) throw new Error("it opens in another place");
  },
};

function randomRecords(random: Random): JournalRecord[] {
  return Array.from({ length: random.below(MOST) }, () => {
    const inbox = pseudonymOf(random.bytes(PSEUDONYM_SIZE));
    const sequence = random.between(1, random.pick([2, 2 ** 31]));
    const message = random.oneIn(3) ? undefined : random.bytes(random.below(LARGEST));
    return message === undefined ? { inbox, sequence } : { inbox, sequence, message };
  });
}

function requireEqual(found: Uint8Array, expected: Uint8Array, what: string): void {
  if (found.toHex() !== expected.toHex()) throw new Error(`${what} is read as another`);
}
