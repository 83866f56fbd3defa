// deno-lint-ignore-file no-console -- a command
/** The cost of sealing, and of alternatives: `deno run --allow-all tests/bench/sealing_bench.ts`. */
import { gcm } from "@noble/ciphers/aes.js";
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { createCipheriv } from "node:crypto";
import { encodeChunk } from "../../src/mailbox/chunk.ts";
import { clientId } from "../../src/mailbox/client_id.ts";
import { inboxContext } from "../../src/mailbox/keys.ts";
import { Sealer } from "../../src/mailbox/sealing.ts";

const MESSAGE_SIZE = 500;
const ROUNDS = 60;
/** The most that sealing may add to a message, in µs. */
const TARGET = 8;

const key = crypto.getRandomValues(new Uint8Array(32));
const sealer = new Sealer(key);

/** µs per call: the best of many short rounds, because other programs only make it slower. */
function time(calls: number, act: (n: number) => void): number {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const begin = performance.now();
    for (let n = 0; n < calls; n++) act(n);
    best = Math.min(best, (performance.now() - begin) * 1000 / calls);
  }
  return best;
}

/** Everything that the mailbox does for a chunk: pseudonym, context, sealing. */
function sealChunk(n: number, value: Uint8Array): Uint8Array {
  const pseudonym = sealer.pseudonym(clients[n % clients.length]!);
  return sealer.seal(value, inboxContext(pseudonym, n));
}

const clients = Array.from({ length: 300 }, () => clientId(crypto.getRandomValues(new Uint8Array(32))));
const pseudonyms = time(1, () => {
  const fresh = new Sealer(key);
  for (const client of clients) fresh.pseudonym(client);
}) / clients.length;

console.log(`Messages of ${MESSAGE_SIZE} bytes, µs per message\n`);
console.log("| messages in a chunk | sealed | opened |\n| --- | --- | --- |");
let worst = 0;
for (const count of [1, 4, 16, 64, 128]) {
  const { value } = encodeChunk(count, 0, Array.from({ length: count }, () => new Uint8Array(MESSAGE_SIZE)));
  const context = inboxContext(sealer.pseudonym(clients[0]!), count);
  const stored = sealer.seal(value, context);
  const calls = Math.ceil(300 / count);
  const sealed = time(calls, (n) => void sealChunk(n, value)) / count;
  const opened = time(calls, () => void sealer.open(stored, context)) / count;
  worst = Math.max(worst, sealed);
  console.log(`| ${count} | ${sealed.toFixed(2)} | ${opened.toFixed(2)} |`);
}
console.log(`\npseudonym of a client that is not cached: ${pseudonyms.toFixed(2)} µs`);
console.log(`at most ${(worst + pseudonyms).toFixed(2)} µs per message, ${TARGET} are allowed\n`);

const plain = new Uint8Array(MESSAGE_SIZE);
const context = new Uint8Array(40);
const byRuntime = (cipher: "chacha20-poly1305" | "aes-256-gcm") => () => {
  // The types distinguish the two by name, which makes no difference here.
  const sealing = createCipheriv(cipher as "chacha20-poly1305", key, new Uint8Array(12), { authTagLength: 16 });
  sealing.setAAD(context, { plaintextLength: plain.length });
  sealing.update(plain);
  sealing.final();
  sealing.getAuthTag();
};
const ways: [name: string, act: () => void][] = [
  ["the runtime's ChaCha20-Poly1305", byRuntime("chacha20-poly1305")],
  ["the runtime's AES-256-GCM", byRuntime("aes-256-gcm")],
  ["noble's XChaCha20-Poly1305", () => void xchacha20poly1305(key, new Uint8Array(24), context).encrypt(plain)],
  ["noble's AES-256-GCM", () => void gcm(key, new Uint8Array(12), context).encrypt(plain)],
];
console.log("| cipher alone | µs per message |\n| --- | --- |");
for (const [name, act] of ways) console.log(`| ${name} | ${time(300, act).toFixed(2)} |`);
if (worst + pseudonyms > TARGET) Deno.exit(1);
