import { bytesToHex, concatBytes, hexToBytes } from "@noble/curves/utils.js";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { MAX_MESSAGE_SIZE, PACKET_SIZE, POINT_SIZE } from "../../src/sphinx/constants.ts";
import { generateKeyPair, multiply } from "../../src/sphinx/curve.ts";
import { chooseUnwrap, type Kernel, STACK_SIZE, unwrapWith } from "../../src/sphinx/kernel/kernel.ts";
import { unwrapWithReference } from "../../src/sphinx/kernel/reference.ts";
import { hasWideArithmetic } from "../../src/sphinx/kernel/support.ts";
import { replayTag } from "../../src/sphinx/replay_tag.ts";
import { deriveRoutingKeys } from "../../src/sphinx/routing_keys.ts";
import { packetAt, readOutcome, type UnwrapBatch } from "../../src/sphinx/slots.ts";
import { packetFor, randomClientAddress } from "../support/packets.ts";
import { sphinxVectors } from "../support/vectors.ts";
import { LOW_ORDER_ENCODINGS, packetKinds } from "./kernel_cases.ts";

/** Packets in the differential test: some hundred in every run, KERNEL_PACKETS=10000 for the long form. */
const PACKETS = Number(Deno.env.get("KERNEL_PACKETS") ?? 340);

const kernels: Record<string, Kernel> = { "kernel": await import("../../src/sphinx/kernel/kernel.wasm") };
// Without wide arithmetic, kernel_choice_test.ts runs these tests in a process that has it.
if (hasWideArithmetic()) kernels["kernel_wide"] = await import("../../src/sphinx/kernel/kernel_wide.wasm");

const keys = generateKeyPair();
const { privateKey, publicKey } = keys;

for (const [name, kernel] of Object.entries(kernels)) {
  Deno.test(`${name}: every hop of every packet of 0.7.0 gives what it should`, () => {
    for (const { packet, hops } of sphinxVectors().packets) {
      for (const [i, hop] of hops.entries()) {
        const batch = hexToBytes(i === 0 ? packet : hops[i - 1]!.next_packet!);
        unwrapWith(kernel, hexToBytes(hop.private_key))(batch);
        const outcome = readOutcome(batch, 0);
        const expected = i < hops.length - 1 ? { kind: "dropped", reason: "forward_hop" } : {
          kind: "message",
          destination: hexToBytes(hop.destination!),
          message: hexToBytes(hop.message!),
          replayTag: replayTag(hexToBytes(hop.shared_key)),
        };
        assertEquals<unknown>(outcome, expected);
      }
    }
  });

  Deno.test(`${name}: the reference finds the same in ${PACKETS} packets, valid and not`, () => {
    const kinds = Object.entries(packetKinds(keys));
    const batch = new Uint8Array(kinds.length * PACKET_SIZE);
    const found = new Set<string>();
    for (let done = 0; done < PACKETS; done += kinds.length) {
      kinds.forEach(([, build], i) => batch.set(build(), i * PACKET_SIZE));
      const outcomes = assertSameOutcomes(
        unwrapWith(kernel, privateKey),
        privateKey,
        batch,
        kinds.map(([kind]) => kind),
      );
      for (const outcome of outcomes) found.add(outcome);
    }
    assertEquals(found.size, 7, "every outcome");
  });

  Deno.test(`${name}: the reference finds the same with any message and any bytes changed`, () => {
    const client = randomClientAddress();
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: MAX_MESSAGE_SIZE }),
        fc.array(fc.record({ at: fc.nat(PACKET_SIZE - 1), mask: fc.integer({ min: 1, max: 255 }) }), { maxLength: 3 }),
        (message, changes) => {
          const packet = packetFor(publicKey, client, message);
          for (const { at, mask } of changes) packet[at]! ^= mask;
          assertSameOutcomes(unwrapWith(kernel, privateKey), privateKey, packet, [JSON.stringify(changes)]);
        },
      ),
      { numRuns: 60 },
    );
  });

  Deno.test(`${name}: a new key is as good as the one before`, () => {
    for (let i = 0; i < 30; i++) {
      const other = generateKeyPair();
      const packet = packetFor(other.publicKey, randomClientAddress(), Uint8Array.of(i));
      assertSameOutcomes(unwrapWith(kernel, other.privateKey), other.privateKey, packet, [`key ${i}`]);
    }
  });

  Deno.test(`${name}: every encoding of a point of low order is refused`, () => {
    const packet = packetFor(publicKey, randomClientAddress(), new Uint8Array(1));
    for (const encoding of LOW_ORDER_ENCODINGS) {
      const batch = packet.slice();
      batch.set(encoding);
      unwrapWith(kernel, privateKey)(batch);
      assertEquals(readOutcome(batch, 0), { kind: "dropped", reason: "low_order" }, bytesToHex(encoding));
    }
  });

  Deno.test(`${name}: a batch may have any number of packets`, () => {
    const packet = packetFor(publicKey, randomClientAddress(), Uint8Array.of(7));
    for (const count of [0, 1, 63, 64, 65, 200]) {
      const batch = concatBytes(...Array<Uint8Array>(count).fill(packet));
      unwrapWith(kernel, privateKey)(batch);
      for (let i = 0; i < count; i++) assertEquals(readOutcome(batch, i).kind, "message");
    }
  });

  Deno.test(`${name}: no key and no message stays in its memory`, () => {
    const message = crypto.getRandomValues(new Uint8Array(500));
    const packet = packetFor(publicKey, randomClientAddress(), message);
    const sharedKey = multiply(privateKey, packet.subarray(0, POINT_SIZE))!;
    const { streamKey, macKey, payloadKey } = deriveRoutingKeys(sharedKey);
    unwrapWith(kernel, privateKey)(packet.slice());

    const memory = bytesToHex(new Uint8Array(kernel.memory.buffer));
    const secrets = { privateKey, sharedKey, streamKey, macKey, payloadKey, message };
    for (const [secret, bytes] of Object.entries(secrets)) {
      for (let at = 0; at + 8 <= bytes.length; at += 8) {
        assert(!memory.includes(bytesToHex(bytes.subarray(at, at + 8))), `byte ${at} of ${secret}`);
      }
    }
  });

  Deno.test(`${name}: the stack is where it is wiped, and there is more of it than is used`, () => {
    const { buffer } = kernel.memory;
    const stack = new Uint8Array(buffer, 0, STACK_SIZE).fill(0xa5); // no call is under way
    new Uint8Array(buffer, kernel.private_key(), POINT_SIZE).set(privateKey);
    const longest = packetFor(publicKey, randomClientAddress(), new Uint8Array(MAX_MESSAGE_SIZE));
    new Uint8Array(buffer, kernel.packets(), PACKET_SIZE).set(longest);
    kernel.unwrap(1);
    const lowestUsed = stack.findIndex((byte) => byte !== 0xa5);
    const highestUsed = stack.findLastIndex((byte) => byte !== 0xa5);
    stack.fill(0);
    assert(lowestUsed > STACK_SIZE / 2, `${STACK_SIZE - lowestUsed} bytes used`);
    assert(highestUsed > STACK_SIZE - 256, `nothing used above ${highestUsed}`);
  });
}

Deno.test("the modules import nothing and export what the driver needs", () => {
  for (const name of ["kernel.wasm", "kernel_wide.wasm"]) {
    const bytes = Deno.readFileSync(new URL(`../../src/sphinx/kernel/${name}`, import.meta.url));
    if (!WebAssembly.validate(bytes)) continue; // kernel_choice_test.ts runs this test where it is valid
    const module = new WebAssembly.Module(bytes);
    assertEquals(WebAssembly.Module.imports(module), []);
    const functions = WebAssembly.Module.exports(module).filter(({ kind }) => kind === "function");
    assertEquals(functions.map(({ name }) => name).toSorted(), ["packets", "private_key", "unwrap"]);
    const others = WebAssembly.Module.exports(module).filter(({ kind }) => kind !== "function");
    assertEquals(others.map(({ name }) => name).toSorted(), ["__data_end", "__heap_base", "memory"]); // two are the linker's
  }
});

Deno.test("the kernel with wide arithmetic is chosen where V8 has that", async () => {
  const { name, unwrapBatch } = await chooseUnwrap(privateKey);
  assertEquals(name, `WebAssembly ${hasWideArithmetic() ? "with" : "without"} wide arithmetic`);
  const batch = packetFor(publicKey, randomClientAddress(), Uint8Array.of(1, 2, 3));
  unwrapBatch(batch);
  const outcome = readOutcome(batch, 0);
  assertEquals(outcome.kind === "message" && outcome.message, Uint8Array.of(1, 2, 3));
});

/** The outcomes, of which a failure names the packet, so that it can be looked into. */
function assertSameOutcomes(unwrapBatch: UnwrapBatch, key: Uint8Array, batch: Uint8Array, names: string[]): string[] {
  const expected = batch.slice();
  unwrapWithReference(key)(expected);
  const actual = batch.slice();
  unwrapBatch(actual);
  return names.map((name, i) => {
    const packet = `${name}, private key ${bytesToHex(key)}: ${bytesToHex(packetAt(batch, i))}`;
    const outcome = readOutcome(actual, i);
    assertEquals(outcome, readOutcome(expected, i), packet);
    return outcome.kind === "message" ? "message" : outcome.reason;
  });
}
