import { assertEquals } from "@std/assert";
import { RefusalReport } from "../../src/mailbox/refusal_report.ts";
import { eventually } from "../support/eventually.ts";
import { LogLines } from "../support/log_lines.ts";

Deno.test("the first refused message is reported at once, later ones as a count, and finally that it is over", async () => {
  using log = new LogLines();
  using report = new RefusalReport(20);
  for (let i = 0; i < 4; i++) report.note("disk_low");
  assertEquals(log.texts, ["New messages are dropped, disk_low: too little disk is free (minimum_free_disk)"]);
  await eventually("it is over", () => log.texts.length === 3);
  assertEquals(log.texts.slice(1), [
    "3 more messages were dropped, disk_low: too little disk is free (minimum_free_disk)",
    "No message has been dropped for a while, disk_low: too little disk is free (minimum_free_disk)",
  ]);
});

Deno.test("each reason has its own lines, and the remaining counts are reported at the end", () => {
  using log = new LogLines();
  const report = new RefusalReport();
  report.note("disk_low");
  report.note("inbox_full");
  report.note("inbox_full");
  report[Symbol.dispose]();
  assertEquals(log.texts, [
    "New messages are dropped, disk_low: too little disk is free (minimum_free_disk)",
    "New messages are dropped, inbox_full: a client has reached inbox_messages or inbox_bytes",
    "1 more message was dropped, inbox_full: a client has reached inbox_messages or inbox_bytes",
  ]);
});
