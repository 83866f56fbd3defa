import { assertEquals } from "@std/assert";
import { advanced, type Entry } from "../../src/chat/page/chat_log.ts";

const entry: Entry = { id: "line", message: "a", isOwn: true, at: 0, text: "x", packets: 0, state: "sealed" };
const pending = (packets: number, sent: number) => ({ id: "a", packets, sent, attempts: 1 });

Deno.test("a message is sealed, then in the mix, then in the mailbox, then read", () => {
  const states = [
    advanced(entry, pending(3, 0), false),
    advanced(entry, pending(3, 2), true),
    advanced(entry, pending(3, 3), true),
    advanced(entry, pending(1, 1), false),
    advanced(entry, undefined, false),
  ];
  assertEquals(states.map(({ state }) => state), ["sealed", "sealed", "mix", "mailbox", "read"]);
  assertEquals(states[0]!.packets, 3);
});

Deno.test("what has not changed is the same entry, and what others wrote or the conversation does not have never changes", () => {
  const read = { ...entry, state: "read" as const };
  const { message: _, ...unsent } = entry;
  const theirs = { ...unsent, isOwn: false };
  const known = { ...entry, packets: 1 };
  assertEquals(advanced(read, pending(1, 0), false) === read, true);
  assertEquals(advanced(theirs, undefined, false) === theirs, true);
  assertEquals(advanced(unsent, undefined, false) === unsent, true);
  assertEquals(advanced(known, pending(1, 0), false) === known, true);
});
