import { assertEquals } from "@std/assert";
import { plural } from "../../src/text/plural.ts";

Deno.test("one is one, and none are many", () => {
  assertEquals([0, 1, 2].map((n) => plural(n, "mixnode")), ["0 mixnodes", "1 mixnode", "2 mixnodes"]);
  assertEquals([1, 2].map((n) => plural(n, "inbox", "inboxes")), ["1 inbox", "2 inboxes"]);
});
