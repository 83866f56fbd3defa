import { decodePage, pageContext } from "../../src/mailbox/journal.ts";
import { CONFIRMED, INBOX, inboxContext, placeOf } from "../../src/mailbox/keys.ts";
import { decodeMark } from "../../src/mailbox/mark.ts";
import { readTotals } from "../../src/mailbox/totals.ts";
import { testSealer } from "../support/sealer.ts";

const sealer = testSealer();

/**
 * Requires that the totals in a mailbox's database cover every number in it: those of messages, of marks, and of what has
 * left the journal. The next run gives the numbers beyond the totals, and a message with a number that is confirmed
 * already would be lost.
 *
 * @throws {Error} that says which number is not covered
 */
export async function requireCovered(kv: Deno.Kv): Promise<void> {
  const { sequence } = await readTotals(kv, sealer);
  const require = (number: number, what: string) => {
    if (number > sequence) throw new Error(`${what} has number ${number}, and the totals end at ${sequence}`);
  };
  for await (const { key, value } of kv.list<Uint8Array>({ prefix: [INBOX] })) {
    const { inbox, last } = placeOf(key, Infinity)!;
    if (last !== CONFIRMED) require(last, "a chunk");
    else require(decodeMark(sealer.open(value, inboxContext(inbox, last))!), "a mark");
  }
  for await (const { key, value } of kv.list<Uint8Array>({ prefix: ["journal"] })) {
    for (const { sequence, message } of decodePage(sealer.open(value, pageContext(key[2] as number))!)!) {
      require(sequence, message === undefined ? "a note in the journal" : "a message in the journal");
    }
  }
}
