import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { exposition } from "../../src/operator/exposition.ts";
import { FakeGateway } from "./fake_gateway.ts";
import { promtool } from "./promtool.ts";

const checks = [{ name: "mailbox", status: "warn", reason: "slow" }] as const;

Deno.test("metrics show what happened, by reason and result", () => {
  const gateway = new FakeGateway();
  gateway.counters.add("packets_received", 7);
  gateway.counters.add("packets_dropped_mac", 2);
  gateway.counters.add("packets_forwarded", 3);
  gateway.counters.add("connections_opened", 5);
  gateway.counters.add("connections_closed", 4);
  gateway.levels.inboxBytes = 1234;
  gateway.histograms.commit.observe(0.003);
  gateway.histograms.commit.observe(9);
  const lines = exposition(gateway, checks).split("\n");
  for (
    const line of [
      "# TYPE nym_gateway_packets_received_total counter",
      "nym_gateway_packets_received_total 7",
      'nym_gateway_packets_dropped_total{reason="mac"} 2',
      'nym_gateway_packets_dropped_total{reason="flag"} 0',
      'nym_gateway_forwarder_packets_total{outcome="forwarded"} 3',
      "nym_gateway_mixnet_connections 1",
      "nym_gateway_inbox_bytes 1234",
      "# TYPE nym_gateway_commit_duration_seconds histogram",
      'nym_gateway_commit_duration_seconds_bucket{le="0.002"} 0',
      'nym_gateway_commit_duration_seconds_bucket{le="0.004"} 1',
      'nym_gateway_commit_duration_seconds_bucket{le="8"} 1',
      'nym_gateway_commit_duration_seconds_bucket{le="+Inf"} 2',
      "nym_gateway_commit_duration_seconds_sum 9.003",
      "nym_gateway_commit_duration_seconds_count 2",
      'nym_gateway_check_status{check="mailbox",status="ok"} 0',
      'nym_gateway_check_status{check="mailbox",status="warn"} 1',
      'nym_gateway_build_info{version="1.0.0",protocol="0.7.0",commit="abc"} 1',
    ]
  ) assert(lines.includes(line), line);
});

Deno.test("each metric has one HELP and one TYPE line, before its samples", () => {
  const names = new Set<string>();
  let current = "";
  for (const line of exposition(new FakeGateway(), checks).trimEnd().split("\n")) {
    const [, kind, name] = /^# (HELP|TYPE) (\S+) \S/.exec(line) ?? [];
    if (kind === "HELP") {
      assert(!names.has(name!), `${name} appears twice`);
      names.add(name!);
      current = name!;
    } else if (kind === "TYPE") assertEquals(name, current);
    else assert(new RegExp(`^${current}(_bucket|_sum|_count)?(\\{[^}]*\\})? [0-9.e+-]+$`).test(line), line);
  }
  assert(names.size > 20);
});

Deno.test("labels are escaped", () => {
  const gateway = Object.assign(new FakeGateway(), { build: { version: 'a"b\\c\nd' } });
  assertStringIncludes(exposition(gateway, checks), 'nym_gateway_build_info{version="a\\"b\\\\c\\nd"} 1');
});

Deno.test("promtool accepts the metrics", async () => {
  const result = await promtool(["check", "metrics"], exposition(new FakeGateway(), checks));
  assertEquals(result ?? { code: 0, output: "" }, { code: 0, output: "" }); // skipped without promtool
});
