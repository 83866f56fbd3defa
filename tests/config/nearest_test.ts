import { assertEquals } from "@std/assert";
import { nearestName, suggestion } from "../../src/config/nearest.ts";

const NAMES = ["--id", "--mix-host", "--mix-port", "--clients-announce-host"];

Deno.test("a mistyped name has a nearest name, an unrelated word has none", () => {
  const cases: Record<string, string | undefined> = {
    "--idd": "--id",
    "--mix-prt": "--mix-port",
    "--mixhost": "--mix-host",
    "--client-anounce-host": "--clients-announce-host",
    "--colour": undefined,
    "": undefined,
  };
  for (const [text, name] of Object.entries(cases)) assertEquals(nearestName(text, NAMES), name, text);
});

Deno.test("a suggestion completes a sentence", () => {
  assertEquals(suggestion("--idd", NAMES), '; did you mean "--id"?');
  assertEquals(suggestion("--colour", NAMES), "");
});
