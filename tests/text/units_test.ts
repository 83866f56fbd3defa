import { assertEquals } from "@std/assert";
import { durationText, sizeText } from "../../src/text/units.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

Deno.test("a time is told by its two largest units, and by seconds only below a minute", () => {
  const texts: [ms: number, text: string][] = [
    [0, "0 s"],
    [MINUTE - 1, "59 s"],
    [MINUTE, "1 min"],
    [HOUR - 1, "59 min"],
    [25 * MINUTE + HOUR, "1 h 25 min"],
    [24 * HOUR, "1 d 0 h"],
    [30 * 24 * HOUR + 5 * HOUR + 59 * MINUTE, "30 d 5 h"],
  ];
  for (const [ms, text] of texts) assertEquals(durationText(ms), text);
});

Deno.test("sizes are in the largest unit that they reach, as in the configuration", () => {
  assertEquals([0, 999, 1000, 1.5e6, 200_000_000, 9_960_000_000, 3e15].map(sizeText), [
    "0 B",
    "999 B",
    "1.0 kB",
    "1.5 MB",
    "200 MB",
    "10 GB",
    "3000 TB",
  ]);
});
