import { assertEquals } from "@std/assert";
import { durationText, roundSizeText, sizeText } from "../../src/text/units.ts";

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

Deno.test("sizes are told in the largest unit that they reach", () => {
  assertEquals([0, 1023, 1024, 1.5 * 1024 ** 2, 3 * 1024 ** 4].map(sizeText), [
    "0 B",
    "1023 B",
    "1.0 KiB",
    "1.5 MiB",
    "3072.0 GiB",
  ]);
  assertEquals([200_000_000, 75 * 1024 ** 3].map(roundSizeText), ["191 MiB", "75 GiB"]);
});
