import { assertEquals, assertThrows } from "@std/assert";
import { ConversationError } from "../../src/conversation/errors.ts";
import { formatInvitation, parseInvitation } from "../../src/conversation/invitation.ts";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { Random } from "../support/random.ts";

const random = new Random(7);
const invitation = {
  key: random.bytes(32),
  token: random.bytes(16),
  address: `${encodeBase58(random.bytes(32))}@${encodeBase58(random.bytes(32))}`,
};
const code = formatInvitation(invitation);

Deno.test("an invitation is read from its code, its link, and a text around either", () => {
  const link = formatInvitation(invitation, "https://chat.example/app?x=1#old");
  assertEquals(link, `https://chat.example/app?x=1#${code}`);
  for (const text of [code, link, `  Come and talk:\n${link}\n`, `"${code}".`]) {
    assertEquals(parseInvitation(text), invitation);
  }
});

const refused: [what: string, text: string, reason: string][] = [
  ["something else", "https://chat.example/", "no part that begins with peap1."],
  ["nothing", "", "no part that begins with peap1."],
  ["a later version", code.replace("peap1.", "peap2."), "of version 2"],
  ["one cut short", code.slice(0, -1), "its end is missing"],
  ["one with more", `${code}A`, "more characters"],
  ["one with a changed character", code.slice(0, 20) + (code[20] === "A" ? "B" : "A") + code.slice(21), "changed"],
  ["a long text", " ".repeat(10_000) + code, "too long"],
];
for (const [what, text, reason] of refused) {
  Deno.test(`not an invitation: ${what}`, () => {
    const error = assertThrows(() => parseInvitation(text), ConversationError, reason) as ConversationError;
    assertEquals(error.kind, "invitation");
  });
}

Deno.test("an invitation is text", () => {
  assertThrows(() => parseInvitation(undefined as unknown as string), TypeError);
});
