import { assert, assertEquals } from "@std/assert";
import { GATEWAY_METRICS } from "../../src/gateway/metric_table.ts";
import { columnNames, History, type Sample } from "../../src/operator/history.ts";
import { eventually } from "../support/eventually.ts";
import { FakeGateway } from "./fake_gateway.ts";

const COLUMNS = columnNames(GATEWAY_METRICS.columns);

const column = (samples: Sample[], name: string) => samples.map((sample) => sample[COLUMNS.indexOf(name)]!);

Deno.test("samples hold rates and latencies over their interval, and current levels", async () => {
  const gateway = new FakeGateway();
  using history = new History(gateway, 5, 1000);
  await eventually("there is a sample", () => history.since(0).length > 0);
  gateway.counters.add("packets_received", 100);
  gateway.counters.add("packets_dropped_mac", 40);
  gateway.counters.add("packets_unforwarded_no_room", 2);
  gateway.histograms.commit.observe(0.003);
  gateway.levels.inboxMessages = 17;
  await eventually("it is in a sample", () => column(history.since(0), "received").some((rate) => rate > 0));
  const samples = history.since(0);
  const at = column(samples, "received").findIndex((rate) => rate > 0);
  assert(column(samples, "dropped")[at]! > 0);
  assertEquals(column(samples, "commitMedian")[at], 3);
  assertEquals(samples[at]![COLUMNS.indexOf("unwrapMedian")], null);
  assertEquals(column(samples, "inboxMessages")[at], 17);
  assert(column(samples, "resident")[at]! > 1e6);
  await eventually("another sample", () => history.since(0).length > at + 1);
  assertEquals(
    history.since(0)[at + 1]![COLUMNS.indexOf("received")],
    0,
    "rates are over the interval, not since the start",
  );
});

Deno.test("only the newest samples are kept, and only those after a given time are returned", async () => {
  using history = new History(new FakeGateway(), 1, 3);
  await eventually("it is full", () => history.since(0).length === 3);
  const [first] = column(history.since(0), "time");
  await eventually("the first is gone", () => column(history.since(0), "time")[0]! > first!);
  const samples = history.since(0);
  assertEquals(samples.length, 3);
  const times = column(samples, "time");
  assertEquals(history.since(times[1]!).every(([time]) => time! > times[1]!), true);
});
