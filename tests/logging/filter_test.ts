import { assertEquals } from "@std/assert";
import { parseLogFilter, verbosityOf } from "../../src/logging/filter.ts";
import { LEVELS } from "../../src/logging/level.ts";

const levelOf = (filter: string, target: string) => LEVELS[verbosityOf(parseLogFilter(filter)!, target)];

Deno.test("the longest matching prefix decides, otherwise the general level", () => {
  const filter = "warn,nym_gateway::mailbox=debug,nym_gateway=error , nym_gateway::mailbox::import=off";
  assertEquals(
    ["pemstore::pemstore", "nym_gateway", "nym_gateway::node", "nym_gateway::mailbox", "nym_gateway::mailbox::import"]
      .map((target) => levelOf(filter, target)),
    ["warn", "error", "error", "debug", "off"],
  );
});

Deno.test("a prefix matches whole names only", () => {
  assertEquals(levelOf("nym_gateway::mail=debug", "nym_gateway::mailbox"), "info");
});

Deno.test("a target alone means all of its lines, and leaves the others at info", () => {
  assertEquals(["nym_gateway::node", "other"].map((target) => levelOf("nym_gateway", target)), ["trace", "info"]);
});

Deno.test("an invalid filter is refused", () => {
  for (const text of ["", "loud", "info,", "a=loud", "a=info=debug", "=info", "a b=info", "a:b=info"]) {
    assertEquals(parseLogFilter(text), undefined, text);
  }
});
