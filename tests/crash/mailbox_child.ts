import type { StoredMessage } from "../../src/mailbox/fresh.ts";
import type { Inbox } from "../../src/mailbox/message_store.ts";
import { range } from "../mailbox/messages.ts";
import { openPostgresql } from "../mailbox/stores.ts";
import { openMailbox } from "./open_mailbox.ts";
import { Random } from "../support/random.ts";
import { CLIENTS, line, messageOf, type Progress, watched } from "./account.ts";

/*
 * A mailbox under load, to be killed. It stores, reads and confirms messages for some clients, and reports on standard
 * output what it is about to do and what is on the disk. Arguments: its folder, or how to log in to PostgreSQL as JSON;
 * seed, rounds, "close" or "exit" for how it ends by itself, then `stored/confirmed` for each client.
 */

/** The most messages for one client in a round. */
const MAX_ARRIVALS = 40;

const [place, seed, rounds, ending, ...progressTexts] = Deno.args;
const random = new Random(Number(seed));
const progress: Progress[] = progressTexts.map((text) => {
  const [stored, confirmed] = text.split("/").map(Number);
  return { stored: stored!, confirmed: confirmed! };
});
const encoder = new TextEncoder();
/** A pipe accepts so few bytes either completely or not at all. */
const say = (text: string) => Deno.stdout.writeSync(encoder.encode(text));

const ignore = () => {};
const mailbox = place!.startsWith("{") ? await openPostgresql(JSON.parse(place!)) : await openMailbox(place!);
const readers: Inbox[] = range(CLIENTS).map((client) => mailbox.openInbox(watched(client), ignore, ignore));
const unconfirmed: StoredMessage[][] = range(CLIENTS).map(() => []);

for (let round = 0; round < Number(rounds); round++) {
  const arrivals = range(CLIENTS).map(() => random.oneIn(3) ? 0 : random.between(1, MAX_ARRIVALS));
  const confirmations = unconfirmed.map(({ length }, client) => {
    const all = length + arrivals[client]!;
    return random.pick([0, random.between(0, all), all]);
  });
  for (const client of range(CLIENTS)) progress[client]!.stored += arrivals[client]!;
  say(
    line(
      "intended",
      progress.map(({ stored, confirmed }, i) => ({ stored, confirmed: confirmed + confirmations[i]! })),
    ),
  );

  const late = random.oneIn(2);
  const first = random.below(CLIENTS); // so that each client sometimes has the highest numbers
  for (const client of range(CLIENTS).map((client) => (first + client) % CLIENTS)) {
    const from = progress[client]!.stored - arrivals[client]! + 1;
    for (const number of range(arrivals[client]!, from)) {
      mailbox.store(watched(client), messageOf(client, number));
      if (late && random.oneIn(MAX_ARRIVALS)) await undefined; // puts the rest into another commit
    }
    // Some are confirmed before they are written, and some during the commit.
    const reader = readers[client]!;
    for (let next = reader.take(); next !== undefined; next = reader.take()) unconfirmed[client]!.push(next);
    const confirmed = unconfirmed[client]!.splice(0, confirmations[client]!);
    if (confirmed.length > 0) reader.confirm(confirmed.at(-1)!.sequence);
    progress[client]!.confirmed += confirmed.length;
  }
  await mailbox.flush();
  say(line("done", progress));

  for (const client of range(CLIENTS)) unconfirmed[client]!.push(...await readers[client]!.next());
}
if (ending === "close") await mailbox[Symbol.asyncDispose]();
Deno.exit(0); // "exit": without closing, so that the next child has to recover the database's log
