import { assertEquals } from "@std/assert";
import { wrapped } from "../../src/text/wrapped.ts";

Deno.test("text is broken between words, its own breaks and indentation are gone", () => {
  assertEquals(wrapped("one two\n    three four", 9), "one two\nthree\nfour");
  assertEquals(wrapped("", 9), "");
});

Deno.test("a word longer than a line, and code with spaces in it, stay whole", () => {
  assertEquals(wrapped("a https://toml.io/en b", 9), "a\nhttps://toml.io/en\nb");
  assertEquals(wrapped("as in `init --id x`, twice", 12), "as in\n`init --id x`,\ntwice");
});
