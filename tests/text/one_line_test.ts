import { assertEquals, assertFalse } from "@std/assert";
import fc from "fast-check";
import { onOneLine } from "../../src/text/one_line.ts";

Deno.test("what is not printed is escaped, and plain text is as it was", () => {
  assertEquals(onOneLine("Zürich 🌧 – am\tAbend\r\n"), "Zürich 🌧 – am\\u0009Abend\\u000d\\u000a");
  assertEquals(onOneLine("\x1b[2J\x9b\x7f"), "\\u001b[2J\\u009b\\u007f");
  assertEquals(onOneLine("gpj.exe \u202etxt\u2028\u2029"), "gpj.exe \\u202etxt\\u2028\\u2029");
  assertEquals(onOneLine("\u{e0041}\ud800"), "\\udb40\\udc41\\ud800");
});

Deno.test("nothing is left of any text that is not printed, and as JSON it says the same", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assertFalse(/[\p{C}\p{Zl}\p{Zp}]/u.test(onOneLine(text)));
    assertEquals(JSON.parse(onOneLine(JSON.stringify(text))), text);
  }));
});
