import { assertEquals } from "@std/assert";
import { isWithin } from "../../src/directory/json_size.ts";

const within = (text: string, values: number, depth: number) => isWithin(new TextEncoder().encode(text), values, depth);

Deno.test("values are counted, however they are written", () => {
  for (const [text, values] of [["[1,2,3]", 4], ['{"a":[],"b":{"c":null}}', 5], ['[ "a,b" , "[\\"{," ]', 3]] as const) {
    assertEquals([within(text, values, 9), within(text, values - 1, 9)], [true, false], text);
  }
});

Deno.test("depth is that of the deepest", () => {
  for (const [text, depth] of [["[[],[[]],[]]", 3], ['{"a":{"b":[]}}', 3], ['["[[[[", "\\\\"]', 1]] as const) {
    assertEquals([within(text, 99, depth), within(text, 99, depth - 1)], [true, false], text);
  }
});

Deno.test("what is no JSON is got over too", () => {
  for (const text of ["", "]]]]", '"', '"\\', "\\", "]}[{"]) within(text, 9, 9);
});
