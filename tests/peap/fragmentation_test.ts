import { hexToBytes } from "@noble/curves/utils.js";
import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { decodeFragment, encodePart, MAX_SET_SIZE, type SetPart } from "../../src/peap/fragment.ts";
import { fragments, LONGEST_MESSAGE } from "../../src/peap/fragmentation.ts";
import { MAX_MESSAGE_SIZE } from "../../src/sphinx/constants.ts";
import { sphinxVectors, vectorFile } from "../support/vectors.ts";
import { drawnIds, splitFragments, vectorMessage } from "./fragment_vectors.ts";

Deno.test("messages are split as 0.7.0 splits them", () => {
  for (const { message_length, fragments: hex } of sphinxVectors().fragments.cases) {
    const expected = hex.map(hexToBytes);
    assertEquals([...fragments(vectorMessage(message_length), drawnIds(expected))], expected);
  }
});

Deno.test("a message of two linked sets is split as 0.7.0 splits it", async () => {
  const file = await Deno.open(vectorFile("fragments-250000.bin.gz"));
  const unpacked = file.readable.pipeThrough(new DecompressionStream("gzip"));
  const expected = splitFragments(new Uint8Array(await new Response(unpacked).arrayBuffer()));
  assertEquals([...fragments(vectorMessage(250_000), drawnIds(expected))], expected);
});

Deno.test("a message of several sets takes the fewest fragments, and each set links to its neighbours", () => {
  // 254 × 968 + 965 bytes fit into a set with one link, 253 × 968 + 2 × 965 into one with two
  const [oneLink, twoLinks] = [246_837, 246_834];
  for (const [length, count] of [[246_840, 255], [2 * oneLink, 510], [2 * oneLink + 1, 511]] as const) {
    assertEquals([...fragments(new Uint8Array(length))].length, count);
  }
  const parts = [...fragments(new Uint8Array(2 * oneLink + twoLinks))].map(partOf);
  const [first, middle, last] = [0, 1, 2].map((set) => parts.slice(set * MAX_SET_SIZE, (set + 1) * MAX_SET_SIZE));
  const ends = (set: SetPart[] | undefined) => [set?.[0]?.link, set?.[254]?.link];
  const id = (set: SetPart[] | undefined) => set?.[0]?.setId;
  assertEquals([ends(first), ends(middle), ends(last)], [[undefined, id(middle)], [id(first), id(last)], [
    id(middle),
    undefined,
  ]]);
  assertEquals(parts.length, 3 * MAX_SET_SIZE);
});

Deno.test("no fragment is longer than a packet's plaintext", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 600_000 }), (length) => {
      for (const fragment of fragments(new Uint8Array(length))) assertEquals(fragment.length <= MAX_MESSAGE_SIZE, true);
    }),
    { numRuns: 20 },
  );
});

Deno.test("a message that is too long is refused before any of it is sent", () => {
  assertThrows(() => fragments(new Uint8Array(LONGEST_MESSAGE + 1)).next(), RangeError, "16777217 bytes");
});

Deno.test("an encoded part decodes to the same values", () => {
  const id = fc.integer({ min: 1, max: 0x7fff_ffff });
  const data = fc.uint8Array({ maxLength: 965 });
  fc.assert(fc.property(id, id, fc.integer({ min: 1, max: 255 }), data, (setId, other, current, data) => {
    const mayLink = (current === 1 || current === 255) && other !== setId;
    const part: SetPart = { setId, total: 255, current, link: mayLink ? other : undefined, data };
    assertEquals(decodeFragment(encodePart(part)), { kind: "part", part });
  }));
});

Deno.test("bytes that are not a fragment are malformed", () => {
  const valid = encodePart({ setId: 7, total: 255, current: 1, link: 9, data: new Uint8Array(3) });
  const damaged = (at: number, ...bytes: number[]) => {
    const copy = valid.slice();
    copy.set(bytes, at);
    return copy;
  };
  const malformed: Record<string, Uint8Array> = {
    "empty": new Uint8Array(),
    "an invalid first byte": Uint8Array.of(1, 2, 3),
    "set id zero": damaged(0, 0x80, 0, 0, 0),
    "current zero": damaged(5, 0),
    "current beyond total": damaged(4, 4, 5),
    "a link in the middle": damaged(5, 2),
    "link zero": damaged(6, 0x80, 0, 0, 0),
    "a link to itself": damaged(6, 0x80, 0, 0, 7),
    "an invalid link byte": damaged(6, 1),
    "cut in the header": valid.subarray(0, 6),
    "cut in the link": valid.subarray(0, 9),
    "too long": new Uint8Array(MAX_MESSAGE_SIZE + 1),
  };
  for (const [what, bytes] of Object.entries(malformed)) assertEquals(decodeFragment(bytes).kind, "malformed", what);
});

Deno.test("no input throws an exception", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 1000 }), (bytes) => {
    assertEquals(["whole", "part", "malformed"].includes(decodeFragment(bytes).kind), true);
  }));
});

function partOf(fragment: Uint8Array): SetPart {
  const decoded = decodeFragment(fragment);
  if (decoded.kind !== "part") throw new Error(`expected a part, got ${decoded.kind}`);
  return decoded.part;
}
