// deno-lint-ignore-file no-console -- a command
/**
 * Measures a mixnode:
 *
 *     deno run --allow-all --v8-flags=--experimental-wasm-wide-arithmetic tests/bench/mixnode.ts [packets] [per second]
 *
 * Without the flag the mixnode has no wide arithmetic either. Packets ask for exponential delays of 200 ms on average. It
 * prints the cost of a packet in the mixnode's process, how late packets left, counted from when they were sent, and how
 * many were lost. The packets are built before, in memory: 600,000, ten minutes of 1,000/s, take 0.9 GB.
 */
import { Buffer } from "node:buffer";
import { createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from "node:crypto";
import { TextLineStream } from "./lines.ts";
import { FRAME_SIZE } from "../../src/mixnet/frames.ts";
import {
  FORWARD_FLAG,
  FORWARD_META_SIZE,
  MAC_OFFSET,
  META_PREFIX_SIZE,
  NODE_ADDRESS_SIZE,
  PACKET_SIZE,
  PAYLOAD_OFFSET,
  PAYLOAD_SIZE,
  ROUTING_OFFSET,
  ROUTING_SIZE,
  VERSION,
} from "../../src/sphinx/constants.ts";
import { headerMac, xorStream } from "../../src/sphinx/header_protection.ts";
import { encodeNodeAddress } from "../../src/sphinx/node_address.ts";
import { deriveRoutingKeys } from "../../src/sphinx/routing_keys.ts";
import { hasWideArithmetic } from "../../src/sphinx/kernel/support.ts";
import { quietPort } from "../support/quiet_port.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { type Expected, now, type Report } from "./mixnode_receiver.ts";
import { awaitQuiet } from "./quiet.ts";

const MEAN_DELAY = 200;
/** ms after which packets that have not arrived are lost */
const PATIENCE = 10_000;

interface Usage {
  /** µs of processor time */
  cpu: number;
  /** µs of it that unwrapping took */
  unwrapping: number;
  /** threads that unwrap; 0 if the main thread does */
  workers: number;
  rss: number;
  counters: Record<string, number>;
}

/**
 * Builds packets on a forward hop, each with its own key. The next hop's part is not valid: its MAC is the packet's
 * number.
 */
class ForwardFactory {
  readonly #key: KeyObject;
  readonly #next: Uint8Array;

  constructor(nodeKey: Uint8Array, port: number) {
    const x = Buffer.from(nodeKey).toString("base64url");
    this.#key = createPublicKey({ key: { kty: "OKP", crv: "X25519", x }, format: "jwk" });
    this.#next = encodeNodeAddress({ host: "127.0.0.1", port });
  }

  /** @param delay ms */
  build(number: number, delay: number): Uint8Array {
    const { privateKey, publicKey } = generateKeyPairSync("x25519");
    const keys = deriveRoutingKeys(diffieHellman({ privateKey, publicKey: this.#key }));
    const plain = new Uint8Array(ROUTING_SIZE);
    plain.set([FORWARD_FLAG, ...VERSION]);
    plain.set(this.#next, META_PREFIX_SIZE);
    const view = new DataView(plain.buffer);
    view.setBigUint64(META_PREFIX_SIZE + NODE_ADDRESS_SIZE, BigInt(Math.round(delay * 1e6)));
    view.setUint32(FORWARD_META_SIZE, number);
    const routing = xorStream(keys.streamKey, plain);
    const packet = new Uint8Array(PACKET_SIZE);
    packet.set(Buffer.from(publicKey.export({ format: "jwk" }).x!, "base64url"));
    packet.set(headerMac(keys.macKey, routing), MAC_OFFSET);
    packet.set(routing, ROUTING_OFFSET);
    packet.set(crypto.getRandomValues(new Uint8Array(PAYLOAD_SIZE)), PAYLOAD_OFFSET);
    return packet;
  }
}

const packets = Number(Deno.args[0] ?? 100_000);
const rate = Number(Deno.args[1] ?? 1000);
using folder = new TemporaryFolder();
const port = quietPort();
const args = [
  "run",
  "--no-check",
  "--allow-all",
  `--v8-flags=--max-semi-space-size=8${hasWideArithmetic() ? ",--experimental-wasm-wide-arithmetic" : ""}`,
];
const script = new URL("./mixnode_child.ts", import.meta.url).pathname;
await using child = new Deno.Command(Deno.execPath(), {
  args: [...args, script, folder.path, `127.0.0.1:${port}`],
  stdin: "piped",
  stdout: "piped",
}).spawn();
const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();
const line = async () => (await lines.read()).value ?? "";
const input = child.stdin.getWriter();
const usage = async (): Promise<Usage> => {
  await input.write(new TextEncoder().encode("usage\n"));
  return JSON.parse(await line());
};

const shared = (bytes: number) => new SharedArrayBuffer(packets * bytes);
const expected: Expected = {
  sentAt: new Float64Array(shared(8)),
  delays: Float64Array.from({ length: packets }, () => -Math.log(1 - Math.random()) * MEAN_DELAY),
  late: new Float64Array(shared(8)),
  received: new Int32Array(new SharedArrayBuffer(4)),
};
const { sentAt, delays } = expected;
const receiver = new Worker(new URL("./mixnode_receiver.ts", import.meta.url), { type: "module" });
const listening = Promise.withResolvers<number>();
const receiving = Promise.withResolvers<void>();
receiver.onmessage = ({ data }: MessageEvent<Report>) => {
  if (data === "all") receiving.resolve();
  else listening.resolve(data.port);
};
receiver.postMessage(expected);
const factory = new ForwardFactory(Uint8Array.fromHex(await line()), await listening.promise);
console.log(`building ${packets} packets`);
const frames = new Uint8Array(packets * FRAME_SIZE);
for (let i = 0; i < packets; i++) frames.set(factory.build(i, delays[i]!), i * FRAME_SIZE + 1);

await awaitQuiet();
const before = await usage();
let halfway: Promise<Usage> | undefined;
using connection = await Deno.connect({ hostname: "127.0.0.1", port });
connection.setNoDelay(true);
const began = now();
for (let sent = 0; sent < packets;) {
  const at = now();
  const due = Math.min(packets, sent + 512, Math.ceil((at - began) / 1000 * rate));
  sentAt.fill(at, sent, due);
  for (let from = sent * FRAME_SIZE; from < due * FRAME_SIZE;) {
    from += await connection.write(frames.subarray(from, due * FRAME_SIZE));
  }
  sent = due;
  if (sent >= packets / 2) halfway ??= usage();
  await new Promise((resolve) => setTimeout(resolve, 1));
}
await Promise.race([receiving.promise, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
const after = await usage();
await input.close();

const late = expected.late.slice(0, expected.received[0]).sort();
const quantile = (q: number) => late[Math.min(late.length - 1, Math.floor(late.length * q))]!.toFixed(2);
console.log(`${packets} packets at ${rate}/s: ${packets - late.length} lost`);
console.log(`late: p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms, worst ${quantile(1)} ms`);
const each = (key: "cpu" | "unwrapping") => ((after[key] - before[key]) / packets).toFixed(1);
console.log(
  `processor: ${each("cpu")} µs per packet, ${each("unwrapping")} of them for unwrapping (workers: ${after.workers})`,
);
const memory = [before, (await halfway)!, after].map(({ rss }) => Math.round(rss / 1e6));
console.log(`memory: ${memory[0]} MB before, ${memory[1]} MB halfway, ${memory[2]} MB after`);
console.log(`in ${Math.round((now() - began) / 1000)} s`);
console.log(JSON.stringify(after.counters));
Deno.exit(0);
