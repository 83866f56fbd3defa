import { assertEquals } from "@std/assert";
import { decodeLetter, encodeLetter, type Letter } from "../../src/chat/page/letter.ts";

Deno.test("letters come out as they went in, also large ones", () => {
  const line = crypto.randomUUID();
  const letters: Letter[] = [
    { kind: "name", name: "Alice" },
    { kind: "text", line, text: "grüße 🙂" },
    { kind: "picture", line, type: "image/jpeg", bytes: new Uint8Array(300_000).fill(7) },
    { kind: "picture", line, type: "image/png", bytes: new Uint8Array() },
  ];
  for (const letter of letters) assertEquals(decodeLetter(encodeLetter(letter)), letter);
});

Deno.test("what no window sends is not a letter, and a name is short", () => {
  const line = new TextEncoder().encode(crypto.randomUUID());
  for (const bytes of [[], [9, ...line], [1], [1, ...line.slice(1)], [1, ...line.with(0, 0x20)], [2, ...line, 7, 1]]) {
    assertEquals(decodeLetter(Uint8Array.from(bytes)), undefined);
  }
  const long = decodeLetter(encodeLetter({ kind: "name", name: "x".repeat(1000) }));
  assertEquals(long, { kind: "name", name: "x".repeat(40) });
});
