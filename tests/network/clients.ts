// deno-lint-ignore-file no-console -- a program of its own
/**
 * Clients that write to one another: `clients.ts DIRECTORY MESSAGES`. Prints `ready` once a message of each has arrived,
 * then begins when it reads a byte, prints `sent N` as it goes, `received N` as they arrive, and at the end of its input
 * which messages have not arrived, and how many arrived twice.
 */
import { Peap } from "../../src/peap/mod.ts";
import { pause } from "../support/gateway_process.ts";

const CLIENTS = 4;
/** ms between two messages */
const GAP = 10;
/** ms at each mixnode on average: five times the usual, so that a mixnode has packets in its memory when it is killed */
const HOP_DELAY = 1000;
/** ms between two attempts to get a first message through: a mixnode looks for nodes that it does not know */
const FIRST_GAP = 1000;

const [directory, total] = [Deno.args[0]!, Number(Deno.args[1])];
const input = Deno.stdin.readable.getReader();
const clients = await Promise.all(
  Array.from({ length: CLIENTS }, () => Peap.connect({ directory, traffic: "none", meanHopDelay: HOP_DELAY })),
);
const warm = new Set<number>();
const arrived = new Map<number, number>();
const reading = clients.map(async (client, i) => {
  for await (const message of client) {
    const number = Number(message.text());
    if (number < 0) warm.add(i);
    else {
      arrived.set(number, (arrived.get(number) ?? 0) + 1);
      if (arrived.size % 50 === 0) console.log(`received ${arrived.size}`);
    }
  }
});
const recipientOf = (i: number) => clients[(i + 1) % CLIENTS]!.address;

while (warm.size < CLIENTS) {
  await Promise.all(clients.map((client, i) => client.send(recipientOf(i), "-1")));
  await pause(FIRST_GAP);
}
console.log("ready");
await input.read();
const sending: Promise<void>[] = [];
for (let n = 0; n < total; n++) {
  sending.push(clients[n % CLIENTS]!.send(recipientOf(n % CLIENTS), `${n}`));
  if ((n + 1) % 50 === 0) console.log(`sent ${n + 1}`);
  await pause(GAP);
}
await Promise.all(sending);
console.log("all sent");
while (!(await input.read()).done);
await Promise.all(clients.map((client) => client.close()));
await Promise.all(reading);
const missing = Array.from({ length: total }, (_, n) => n).filter((n) => !arrived.has(n));
const twice = [...arrived.values()].filter((times) => times > 1).length;
console.log(`result ${JSON.stringify({ missing, twice })}`);
