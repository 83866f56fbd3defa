import { bytesToHex, hexToBytes, numberToBytesLE } from "@noble/curves/utils.js";
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { buildPacket } from "../../src/sphinx/build.ts";
import { MAX_MESSAGE_SIZE } from "../../src/sphinx/constants.ts";
import {
  generateKeyPair,
  type KeyPair,
  type Multiplier,
  multiply,
  publicKeyOf,
  randomScalar,
  reduceScalar,
} from "../../src/sphinx/curve.ts";
import { loadMultiplier, multiplierFrom } from "../../src/sphinx/kernel/multiply.ts";
import { MODULE } from "../../src/sphinx/kernel/multiply_wasm.ts";
import { MODULE as WIDE_MODULE } from "../../src/sphinx/kernel/multiply_wide_wasm.ts";
import { STACK_SIZE } from "../../src/sphinx/kernel/stack.ts";
import { hasWideArithmetic } from "../../src/sphinx/kernel/support.ts";
import { unwrap } from "../../src/sphinx/unwrap.ts";
import { randomClientAddress } from "../support/packets.ts";
import { expectUnwrapped } from "../support/unwrapped.ts";
import { sphinxVectors } from "../support/vectors.ts";
import { LOW_ORDER_ENCODINGS } from "./kernel_cases.ts";

// Without wide arithmetic, kernel_choice_test.ts runs these tests in a process that has it.
const modules = { multiply: MODULE, ...(hasWideArithmetic() ? { multiply_wide: WIDE_MODULE } : {}) };

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const NODES: readonly KeyPair[] = Array.from({ length: 5 }, generateKeyPair);
const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });

for (const [name, module] of Object.entries(modules)) {
  const kernel = await multiplierFrom(module);

  Deno.test(`${name}: scalar multiplication agrees with 0.7.0; what it makes zero is refused`, () => {
    for (const { note, scalar, u, result } of sphinxVectors().scalar_multiplication) {
      const expected = /^0+$/.test(result) ? undefined : hexToBytes(result);
      assertEquals(kernel.multiply(hexToBytes(scalar), hexToBytes(u)), expected, note);
    }
  });

  Deno.test(`${name}: the reference finds the same for any scalar and any point, on curve and twist`, () => {
    fc.assert(
      fc.property(bytes, bytes, (scalar, point) => {
        const reduced = reduceScalar(scalar);
        assertEquals(kernel.multiply(reduced, point), multiply(reduced, point));
      }),
      { numRuns: 100 },
    );
    for (const scalar of [0n, 1n, 2n, 8n, 2n ** 252n, ORDER - 1n]) {
      const encoded = numberToBytesLE(scalar, 32);
      for (const u of [2n, 9n, 2n ** 255n - 19n + 9n, 2n ** 255n + 9n]) {
        const point = numberToBytesLE(u, 32);
        assertEquals(kernel.multiply(encoded, point), multiply(encoded, point), `${scalar} × ${u}`);
      }
    }
  });

  Deno.test(`${name}: public keys are those of the reference`, () => {
    for (let i = 0; i < 10; i++) {
      const privateKey = randomScalar();
      assertEquals(kernel.publicKeyOf(privateKey), publicKeyOf(privateKey));
    }
    assertThrows(() => kernel.publicKeyOf(new Uint8Array(32)), RangeError, "not zero");
  });

  Deno.test(`${name}: every encoding of a point of low order is refused`, () => {
    for (const encoding of LOW_ORDER_ENCODINGS) {
      assertEquals(kernel.multiply(randomScalar(), encoding), undefined, bytesToHex(encoding));
    }
  });

  Deno.test(`${name}: what the reference does not multiply is refused with the same reason`, () => {
    const [scalar, point] = [randomScalar(), NODES[0]!.publicKey];
    const refused: [Uint8Array, Uint8Array][] = [
      [numberToBytesLE(ORDER, 32), point],
      [scalar.subarray(1), point],
      [scalar, point.subarray(1)],
    ];
    for (const [scalar, point] of refused) {
      const { message } = assertThrows(() => multiply(scalar, point), RangeError);
      assertThrows(() => kernel.multiply(scalar, point), RangeError, message);
    }
  });

  Deno.test(`${name}: a packet built with it goes along its path`, () => {
    const length = fc.integer({ min: 1, max: 5 });
    fc.assert(
      fc.property(length, bytes, fc.uint8Array({ maxLength: MAX_MESSAGE_SIZE }), (length, destination, message) => {
        let packet = buildPacket(route(length), destination, message, kernel);
        for (const [i, { privateKey }] of NODES.slice(0, length - 1).entries()) {
          const forward = expectUnwrapped(unwrap(packet, privateKey), "forward");
          assertEquals(forward.nextAddress, route(length)[i + 1]!.address);
          assertEquals(forward.delay, BigInt(i));
          packet = forward.packet;
        }
        const final = expectUnwrapped(unwrap(packet, NODES[length - 1]!.privateKey), "message");
        assertEquals([final.destination, final.message], [destination, message]);
      }),
      { numRuns: 30 },
    );
  });

  Deno.test(`${name}: a packet for a node without an owner can't be built with it`, () => {
    const lowOrder = [{ ...route(1)[0]!, publicKey: new Uint8Array(32) }];
    const build = () => buildPacket(lowOrder, randomClientAddress(), new Uint8Array(1), kernel);
    assertThrows(build, RangeError, "low order");
  });

  Deno.test(`${name}: neither scalars nor products stay in its memory`, () => {
    const [scalar, { publicKey }] = [randomScalar(), NODES[0]!];
    const product = kernel.multiply(scalar, publicKey)!;
    const memory = bytesToHex(new Uint8Array(kernel.memory.buffer));
    for (const [secret, bytes] of Object.entries({ scalar, publicKey, product })) {
      for (let at = 0; at + 8 <= bytes.length; at += 8) {
        assert(!memory.includes(bytesToHex(bytes.subarray(at, at + 8))), `byte ${at} of ${secret}`);
      }
    }
  });

  Deno.test(`${name}: the stack is where it is wiped, and there is more of it than is used`, async () => {
    const { instance } = await WebAssembly.instantiate(Uint8Array.fromBase64(module));
    const { memory, scalar, point, multiply } = instance.exports as unknown as {
      memory: WebAssembly.Memory;
      scalar(): number;
      point(): number;
      multiply(): number;
    };
    const stack = new Uint8Array(memory.buffer, 0, STACK_SIZE).fill(0xa5); // no call is under way
    new Uint8Array(memory.buffer, scalar(), 32).set(randomScalar());
    new Uint8Array(memory.buffer, point(), 32).set(NODES[0]!.publicKey);
    assertEquals(multiply(), 1);
    const lowestUsed = stack.findIndex((byte) => byte !== 0xa5);
    assert(lowestUsed > STACK_SIZE / 2, `${STACK_SIZE - lowestUsed} bytes used`);
    assert(stack.findLastIndex((byte) => byte !== 0xa5) > STACK_SIZE - 256, "nothing used at its top");
    assert(Math.min(scalar(), point()) >= STACK_SIZE, "data in the stack");
  });

  Deno.test(`${name}: the module imports nothing`, () => {
    const compiled = new WebAssembly.Module(Uint8Array.fromBase64(module));
    assertEquals(WebAssembly.Module.imports(compiled), []);
  });
}

Deno.test("what is loaded multiplies as the reference does", async () => {
  const loaded: Multiplier | undefined = await loadMultiplier();
  const scalar = randomScalar();
  assertEquals(loaded?.multiply(scalar, NODES[0]!.publicKey), multiply(scalar, NODES[0]!.publicKey));
});

function route(length: number) {
  return NODES.slice(0, length).map(({ publicKey }, i) => ({
    publicKey,
    address: new Uint8Array(32).fill(i),
    delay: BigInt(i),
  }));
}
