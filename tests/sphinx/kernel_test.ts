import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { buildPacket } from "../../src/sphinx/build.ts";
import {
  FINAL_FLAG,
  FORWARD_FLAG,
  MAX_MESSAGE_SIZE,
  NODE_ADDRESS_SIZE,
  PACKET_SIZE,
  POINT_SIZE,
} from "../../src/sphinx/constants.ts";
import { generateKeyPair, multiply } from "../../src/sphinx/curve.ts";
import { chooseUnwrap, type Kernel, unwrapWith } from "../../src/sphinx/kernel/kernel.ts";
import { unwrapWithReference } from "../../src/sphinx/kernel/reference.ts";
import { STACK_SIZE } from "../../src/sphinx/kernel/stack.ts";
import { hasWideArithmetic } from "../../src/sphinx/kernel/support.ts";
import { replayTag } from "../../src/sphinx/replay_tag.ts";
import { deriveRoutingKeys } from "../../src/sphinx/routing_keys.ts";
import { type HopKind, readOutcome } from "../../src/sphinx/slots.ts";
import { batchOf, packetFor, randomClientAddress } from "../support/packets.ts";
import { sphinxVectors } from "../support/vectors.ts";
import { LOW_ORDER_ENCODINGS, packetKinds } from "./kernel_cases.ts";

/** Packets in the differential test: some hundred in every run, KERNEL_PACKETS=10000 for the long form. */
const PACKETS = Number(Deno.env.get("KERNEL_PACKETS") ?? 340);

const kernels: Record<string, Kernel> = { "kernel": await import("../../src/sphinx/kernel/kernel.wasm") };
// Without wide arithmetic, kernel_choice_test.ts runs these tests in a process that has it.
if (hasWideArithmetic()) kernels["kernel_wide"] = await import("../../src/sphinx/kernel/kernel_wide.wasm");

const HOP_KINDS: readonly HopKind[] = ["final", "forward"];

const keys = generateKeyPair();
const { privateKey, publicKey } = keys;

for (const [name, kernel] of Object.entries(kernels)) {
  Deno.test(`${name}: every hop of every packet of 0.7.0 gives what it should`, () => {
    for (const { packet, hops } of sphinxVectors().packets) {
      for (const [i, hop] of hops.entries()) {
        const tag = replayTag(hexToBytes(hop.shared_key));
        const kind = i < hops.length - 1 ? "forward" : "final";
        for (const handled of HOP_KINDS) {
          const batch = batchOf(hexToBytes(i === 0 ? packet : hops[i - 1]!.next_packet!));
          unwrapWith(kernel, hexToBytes(hop.private_key), handled)(batch);
          const expected = handled !== kind ? { kind: "dropped", reason: "wrong_hop" } : kind === "forward"
            ? {
              kind: "forward",
              nextAddress: hexToBytes(hop.next_address!),
              delay: BigInt(hop.delay_ns!),
              packet: hexToBytes(hop.next_packet!),
              replayTag: tag,
            }
            : {
              kind: "message",
              destination: hexToBytes(hop.destination!),
              message: hexToBytes(hop.message!),
              replayTag: tag,
            };
          assertEquals<unknown>(readOutcome(batch, 0), expected);
        }
      }
    }
  });

  Deno.test(`${name}: the reference finds the same in ${PACKETS} packets, valid and not`, () => {
    const kinds = Object.entries(packetKinds(keys));
    const found = new Set<string>();
    for (let done = 0; done < PACKETS; done += kinds.length) {
      const packets = kinds.map(([, build]) => build());
      const names = kinds.map(([kind]) => kind);
      for (const outcome of assertSameOutcomes(kernel, privateKey, packets, names)) found.add(outcome);
    }
    assertEquals(found.size, 8, "every outcome");
  });

  Deno.test(`${name}: the reference finds the same with any message and any bytes changed`, () => {
    const client = randomClientAddress();
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.uint8Array({ maxLength: MAX_MESSAGE_SIZE }),
        fc.array(fc.record({ at: fc.nat(PACKET_SIZE - 1), mask: fc.integer({ min: 1, max: 255 }) }), { maxLength: 3 }),
        (isForward, message, changes) => {
          const packet = isForward ? forwardPacket(message) : packetFor(publicKey, client, message);
          for (const { at, mask } of changes) packet[at]! ^= mask;
          assertSameOutcomes(kernel, privateKey, [packet], [JSON.stringify(changes)]);
        },
      ),
      { numRuns: 60 },
    );
  });

  Deno.test(`${name}: a new key is as good as the one before`, () => {
    for (let i = 0; i < 30; i++) {
      const other = generateKeyPair();
      const packet = packetFor(other.publicKey, randomClientAddress(), Uint8Array.of(i));
      assertSameOutcomes(kernel, other.privateKey, [packet], [`key ${i}`]);
    }
  });

  Deno.test(`${name}: every encoding of a point of low order is refused`, () => {
    const packet = packetFor(publicKey, randomClientAddress(), new Uint8Array(1));
    for (const encoding of LOW_ORDER_ENCODINGS) {
      const batch = batchOf(packet);
      batch.set(encoding);
      unwrapWith(kernel, privateKey, "final")(batch);
      assertEquals(readOutcome(batch, 0), { kind: "dropped", reason: "low_order" }, bytesToHex(encoding));
    }
  });

  Deno.test(`${name}: a batch may have any number of packets`, () => {
    const packet = packetFor(publicKey, randomClientAddress(), Uint8Array.of(7));
    for (const count of [0, 1, 63, 64, 65, 200]) {
      const batch = batchOf(...Array<Uint8Array>(count).fill(packet));
      unwrapWith(kernel, privateKey, "final")(batch);
      for (let i = 0; i < count; i++) assertEquals(readOutcome(batch, i).kind, "message");
    }
  });

  Deno.test(`${name}: no key and no message stays in its memory`, () => {
    const message = crypto.getRandomValues(new Uint8Array(500));
    const packets = { final: packetFor(publicKey, randomClientAddress(), message), forward: forwardPacket(message) };
    for (const kind of HOP_KINDS) {
      const packet = packets[kind];
      const sharedKey = multiply(privateKey, packet.subarray(0, POINT_SIZE))!;
      const routingKeys = deriveRoutingKeys(sharedKey);
      unwrapWith(kernel, privateKey, kind)(batchOf(packet));

      const memory = bytesToHex(new Uint8Array(kernel.memory.buffer));
      const secrets = { privateKey, sharedKey, ...routingKeys, message };
      for (const [secret, bytes] of Object.entries(secrets)) {
        for (let at = 0; at + 8 <= bytes.length; at += 8) {
          assert(!memory.includes(bytesToHex(bytes.subarray(at, at + 8))), `byte ${at} of ${secret}, ${kind} hop`);
        }
      }
    }
  });

  Deno.test(`${name}: the stack is where it is wiped, and there is more of it than is used`, () => {
    const { buffer } = kernel.memory;
    const longest = new Uint8Array(MAX_MESSAGE_SIZE);
    const hops = [
      { flag: FINAL_FLAG, packet: packetFor(publicKey, randomClientAddress(), longest) },
      { flag: FORWARD_FLAG, packet: forwardPacket(longest) },
    ];
    for (const { flag, packet } of hops) {
      const stack = new Uint8Array(buffer, 0, STACK_SIZE).fill(0xa5); // no call is under way
      new Uint8Array(buffer, kernel.private_key(), POINT_SIZE).set(privateKey);
      new Uint8Array(buffer, kernel.slots(), PACKET_SIZE).set(packet);
      kernel.unwrap(1, flag);
      const lowestUsed = stack.findIndex((byte) => byte !== 0xa5);
      const highestUsed = stack.findLastIndex((byte) => byte !== 0xa5);
      stack.fill(0);
      assert(lowestUsed > STACK_SIZE / 2, `${STACK_SIZE - lowestUsed} bytes used, flag ${flag}`);
      assert(highestUsed > STACK_SIZE - 256, `nothing used above ${highestUsed}, flag ${flag}`);
    }
  });
}

Deno.test("the modules import nothing and export what the driver needs", () => {
  for (const name of ["kernel.wasm", "kernel_wide.wasm"]) {
    const bytes = Deno.readFileSync(new URL(`../../src/sphinx/kernel/${name}`, import.meta.url));
    if (!WebAssembly.validate(bytes)) continue; // kernel_choice_test.ts runs this test where it is valid
    const module = new WebAssembly.Module(bytes);
    assertEquals(WebAssembly.Module.imports(module), []);
    const functions = WebAssembly.Module.exports(module).filter(({ kind }) => kind === "function");
    assertEquals(functions.map(({ name }) => name).toSorted(), ["private_key", "slots", "unwrap"]);
    const others = WebAssembly.Module.exports(module).filter(({ kind }) => kind !== "function");
    assertEquals(others.map(({ name }) => name).toSorted(), ["__data_end", "__heap_base", "memory"]); // two are the linker's
  }
});

Deno.test("the kernel with wide arithmetic is chosen where V8 has that", async () => {
  const { name, unwrapBatch } = await chooseUnwrap(privateKey, "final");
  assertEquals(name, `WebAssembly ${hasWideArithmetic() ? "with" : "without"} wide arithmetic`);
  const batch = batchOf(packetFor(publicKey, randomClientAddress(), Uint8Array.of(1, 2, 3)));
  unwrapBatch(batch);
  const outcome = readOutcome(batch, 0);
  assertEquals(outcome.kind === "message" && outcome.message, Uint8Array.of(1, 2, 3));
});

/** A packet for this node's key with another hop behind it, to which it goes after 1 ns. */
function forwardPacket(message: Uint8Array): Uint8Array {
  const address = new Uint8Array(NODE_ADDRESS_SIZE);
  const route = [publicKey, generateKeyPair().publicKey].map((publicKey) => ({ publicKey, address, delay: 1n }));
  return buildPacket(route, randomClientAddress(), message);
}

/**
 * The outcomes, at both kinds of node, of packets that the kernel and the reference must judge alike. A failure names the
 * packet, so that it can be looked into.
 */
function assertSameOutcomes(kernel: Kernel, key: Uint8Array, packets: Uint8Array[], names: string[]): string[] {
  return HOP_KINDS.flatMap((hops) => {
    const expected = batchOf(...packets);
    unwrapWithReference(key, hops)(expected);
    const actual = batchOf(...packets);
    unwrapWith(kernel, key, hops)(actual);
    return names.map((name, i) => {
      const packet = `${name}, ${hops} hops, private key ${bytesToHex(key)}: ${bytesToHex(packets[i]!)}`;
      const outcome = readOutcome(actual, i);
      assertEquals(outcome, readOutcome(expected, i), packet);
      return outcome.kind === "dropped" ? outcome.reason : outcome.kind;
    });
  });
}
