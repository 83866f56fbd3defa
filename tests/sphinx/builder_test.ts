import { bytesToHex, numberToBytesLE } from "@noble/curves/utils.js";
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type Builder, buildPacket, type PacketPlan, REFERENCE } from "../../src/sphinx/build.ts";
import { MAX_MESSAGE_SIZE, PACKET_SIZE, PADDING_SIZE } from "../../src/sphinx/constants.ts";
import { generateKeyPair, randomScalar, reduceScalar } from "../../src/sphinx/curve.ts";
import {
  builderFrom,
  type BuilderKernel,
  instantiate,
  loadBuilder,
  PLAN_SIZE,
} from "../../src/sphinx/kernel/builder.ts";
import { MODULE } from "../../src/sphinx/kernel/builder_wasm.ts";
import { MODULE as WIDE_MODULE } from "../../src/sphinx/kernel/builder_wide_wasm.ts";
import { STACK_SIZE } from "../../src/sphinx/kernel/stack.ts";
import { hasWideArithmetic } from "../../src/sphinx/kernel/support.ts";
import { randomClientAddress } from "../support/packets.ts";
import { LOW_ORDER_ENCODINGS } from "./kernel_cases.ts";

// Without wide arithmetic, kernel_choice_test.ts runs these tests in a process that has it.
const modules = { builder: MODULE, ...(hasWideArithmetic() ? { builder_wide: WIDE_MODULE } : {}) };

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const hop = fc.record({
  publicKey: fc.oneof(fc.constant(0).map(() => generateKeyPair().publicKey), bytes(32)), // the latter half on the twist
  address: bytes(32),
  delay: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
});
const secret = fc.oneof(
  bytes(32).map(reduceScalar),
  fc.constantFrom(1n, 2n, 8n, 2n ** 252n, ORDER - 1n).map((scalar) => numberToBytesLE(scalar, 32)),
).filter((scalar) => scalar.some((byte) => byte !== 0));
const plan: fc.Arbitrary<PacketPlan> = fc.record({
  route: fc.array(hop, { minLength: 1, maxLength: 5, size: "max" }),
  destination: bytes(32),
  message: fc.uint8Array({ maxLength: MAX_MESSAGE_SIZE, size: "max" }),
  secret,
  padding: bytes(PADDING_SIZE),
});

for (const [name, module] of Object.entries(modules)) {
  const kernel = await instantiate(module);
  const builder = builderFrom(kernel);

  Deno.test(`${name}: any packet is the reference's, byte for byte`, () => {
    fc.assert(
      fc.property(plan, (plan) => assertEquals(builder.build(plan), REFERENCE.build(plan))),
      { numRuns: 60 },
    );
  });

  Deno.test(`${name}: so is the longest of each length of route, and the empty one`, () => {
    for (let hops = 1; hops <= 5; hops++) {
      for (const length of [0, MAX_MESSAGE_SIZE]) {
        const plan = randomPlan(hops, length);
        assertEquals(builder.build(plan), REFERENCE.build(plan), `${hops} hops, ${length} bytes`);
      }
    }
  });

  Deno.test(`${name}: a node whose key is a point of low order, however encoded, gets no packet`, () => {
    for (const publicKey of LOW_ORDER_ENCODINGS) {
      for (const at of [0, 1]) {
        const { route, ...rest } = randomPlan(2, 1);
        const plan = { ...rest, route: route.map((hop, i) => i === at ? { ...hop, publicKey } : hop) };
        assertEquals([builder.build(plan), REFERENCE.build(plan)], [undefined, undefined], bytesToHex(publicKey));
      }
    }
    const { route: [hop], destination, message } = randomPlan(1, 1);
    const route = [{ ...hop!, publicKey: new Uint8Array(32) }];
    assertThrows(() => buildPacket(route, destination, message, builder), RangeError, "low order");
  });

  Deno.test(`${name}: nothing of a packet or its plan stays in its memory`, () => {
    const { route: [hop], ...rest } = randomPlan(1, MAX_MESSAGE_SIZE);
    const packet = builder.build({ ...rest, route: [hop!] })!;
    const memory = bytesToHex(new Uint8Array(kernel.memory.buffer));
    const { publicKey, address } = hop!;
    for (const [what, bytes] of Object.entries({ ...rest, publicKey, address, packet })) {
      for (let at = 0; at + 8 <= bytes.length; at += 8) {
        assert(!memory.includes(bytesToHex(bytes.subarray(at, at + 8))), `byte ${at} of ${what}`);
      }
    }
  });

  Deno.test(`${name}: the stack is where it is wiped, and there is more of it than is used`, async () => {
    const kernel = await instantiate(module);
    const plan = randomPlan(5, MAX_MESSAGE_SIZE);
    const stack = new Uint8Array(kernel.memory.buffer, 0, STACK_SIZE).fill(0xa5); // no call is under way
    let used = new Uint8Array();
    const spied: BuilderKernel = {
      memory: kernel.memory,
      plan: kernel.plan,
      packet: kernel.packet,
      build(hops, length) {
        const isBuilt = kernel.build(hops, length);
        used = stack.slice();
        return isBuilt;
      },
    };
    assertEquals(builderFrom(spied).build(plan)?.length, PACKET_SIZE);
    const lowestUsed = used.findIndex((byte) => byte !== 0xa5);
    assert(lowestUsed > STACK_SIZE / 2, `${STACK_SIZE - lowestUsed} bytes used`);
    assert(used.findLastIndex((byte) => byte !== 0xa5) > STACK_SIZE - 256, "nothing used at its top");
    assert(stack.every((byte) => byte === 0), "not wiped");
    const [planAt, packetAt] = [kernel.plan(), kernel.packet()];
    assert(Math.min(planAt, packetAt) >= STACK_SIZE, "data in the stack");
    assert(planAt + PLAN_SIZE <= packetAt || packetAt + PACKET_SIZE <= planAt, "the packet is in the plan");
  });

  Deno.test(`${name}: more hops or a longer message than there is room for trap`, async () => {
    const kernel = await instantiate(module);
    assertThrows(() => kernel.build(6, 0), WebAssembly.RuntimeError);
    assertThrows(() => kernel.build(1, MAX_MESSAGE_SIZE + 1), WebAssembly.RuntimeError);
  });
}

Deno.test("what is loaded builds as the reference does", async () => {
  const loaded: Builder | undefined = await loadBuilder();
  const plan = randomPlan(4, 500);
  assertEquals(loaded?.build(plan), REFERENCE.build(plan));
});

function randomPlan(hops: number, length: number): PacketPlan {
  const random = (size: number) => crypto.getRandomValues(new Uint8Array(size));
  return {
    route: Array.from({ length: hops }, (_, i) => {
      return { publicKey: generateKeyPair().publicKey, address: random(32), delay: BigInt(i) };
    }),
    destination: randomClientAddress(),
    message: random(length),
    secret: randomScalar(),
    padding: random(PADDING_SIZE),
  };
}
