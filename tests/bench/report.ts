import type { GatewayKind } from "../support/gateway_process.ts";
import type { GrowthFigures } from "./growth.ts";
import { readable } from "./plot.ts";
import { PUSH_CLIENTS, type PushFigures } from "./push.ts";
import type { Results } from "./results.ts";
import type { Rounds } from "./rounds.ts";
import type { StoreFigures } from "./store.ts";
import { median } from "./statistics.ts";
import { targets } from "./targets.ts";

/** The results as Markdown. */
export function report(results: Results): string {
  const { machine, measured, unwrap, push, covers, store, latency, idle, scaling, growth } = results;
  const sections = [
    `# Benchmark

Measured by \`deno task bench\`, or parts of it: \`deno task bench push latency\`. It measures the 0.7.0 gateway too, if
\`NYM_REFERENCE\` names the folder of its programs.

| machine | |
| --- | --- |
| processor | ${machine.processor} |
| cores | ${machine.cores}, shared by the gateway and the load generator |
| memory | ${machine.memory} GB |
| kernel | ${machine.kernel} |
| Deno | ${machine.deno}, V8 ${machine.v8} |

Messages have 500 bytes. Each round starts a new gateway process and warms it up with 20,000 packets. The two gateways
take turns, and each figure is the median of its rounds. *Processor time* is that of the whole process (/proc/PID/stat)
divided by the number of packets. Packets come over four connections, or over one where latency is measured. Every
message is accounted for: the benchmark fails if our gateway loses one, delivers one twice or to another client, or
changes the order within a connection and client. A message counts as out of order if one that was sent later came
before it (RFC 4737).`,
    targetSection(results),
  ];
  if (push && covers && store) sections.push(plot("throughput"));
  if (push) sections.push(pushSection(push, covers));
  if (store) sections.push(storeSection(store));
  if (latency) sections.push(plot("latency"), latencySection(latency));
  if (unwrap) {
    sections.push(
      "## Unwrapping alone, on one core\n\n" + table(
        ["way", "µs per packet, median", "least", "most"],
        unwrap.map(({ name, median, least, most }) => [name, ...[median, least, most].map((n) => n.toFixed(1))]),
      ),
    );
  }
  if (scaling) sections.push(scalingSection(scaling));
  if (idle) {
    sections.push(
      "## At rest\n\nFive connected clients that send nothing, and a directory that the gateway announces itself to.\n\n" +
        table(
          ["gateway", "% of a core", "resident MB"],
          kindsOf(idle).map((
            kind,
          ) => [kind, of(idle, kind, "percent").toFixed(2), of(idle, kind, "resident").toFixed(0)]),
        ),
    );
  }
  if (growth) {
    sections.push(
      plot("growth"),
      growthSection("Stored messages", growth.stored),
      growthSection("Registered clients", growth.registered),
    );
  }
  sections.push(
    "## When\n\nThe last column is how much of the machine other programs used when the rounds of a part began. Figures from a busy machine mean little.\n\n" +
      table(
        ["part", "measured", "other programs"],
        Object.entries(measured).map((
          [part, { at, otherLoad }],
        ) => [part, `${at.slice(0, 16).replace("T", " ")} UTC`, `${Math.round(otherLoad * 100)}%`]),
      ),
  );
  return sections.join("\n\n") + "\n";
}

function targetSection(results: Results): string {
  const rows = targets(results).map(({ measure, theirs, ours, goal, beyond, reached }) => [
    measure,
    theirs,
    `**${ours}**`,
    goal,
    beyond,
    reached,
  ]);
  return "## Aims\n\n" + table(["measure", "0.7.0", "this gateway", "to reach", "beyond", "reached"], rows);
}

function pushSection(push: NonNullable<Results["push"]>, covers: Results["covers"]): string {
  const loads: [string, Rounds<PushFigures>][] = PUSH_CLIENTS.map((count) => [
    `${count.toLocaleString("en")} client${count === 1 ? "" : "s"}`,
    push[count]!,
  ]);
  if (covers) loads.push(["50 clients, 90% cover traffic", covers]);
  const rows = loads.flatMap(([name, rounds]) =>
    kindsOf(rounds).map((kind) => [name, kind, ...pushFigures(rounds, kind), lossOf(rounds[kind]!)])
  );
  const heads = ["to", "gateway", "packets/s", "processor µs per packet", "MB at the start", "MB at the peak"];
  return "## Pushed to connected clients\n\nOur figures include the commit of each message to the disk, and its removal once it " +
    "is delivered. 0.7.0 stores nothing here. Cover messages are never stored.\n\n" +
    table([...heads, "lost / out of order"], rows);
}

function pushFigures(rounds: Rounds<PushFigures>, kind: GatewayKind): string[] {
  return (["rate", "cpu", "rest", "peak"] as const).map((figure) => readable(of(rounds, kind, figure)));
}

function storeSection(rounds: Rounds<StoreFigures>): string {
  const figures = ["rate", "cpu", "readBack", "readBackCpu", "peak"] as const;
  const rows = kindsOf(rounds).map((kind) => [
    kind,
    ...figures.map((figure) => readable(of(rounds, kind, figure))),
    lossOf(rounds[kind]!),
  ]);
  return "## Stored for an absent client, and read back\n\n" + table(
    [
      "gateway",
      "packets/s",
      "processor µs per packet",
      "20,000 read back, ms",
      "µs per message",
      "MB at the peak",
      "lost / out of order",
    ],
    rows,
  );
}

function latencySection(rounds: NonNullable<Results["latency"]>): string {
  const rows = (["100/s", "1,000/s", "80% of peak"] as const).flatMap((name) =>
    kindsOf(rounds).map((kind) => {
      const figure = (pick: "rate" | "p50" | "p99" | "p999") =>
        median(rounds[kind]!.map((figures) => figures[name][pick]));
      const lost = rounds[kind]!.reduce((sum, figures) => sum + figures[name].lost, 0);
      return [
        name,
        kind,
        ...(["rate", "p50", "p99", "p999"] as const).map((pick) => readable(figure(pick))),
        `${lost}`,
      ];
    })
  );
  return "## Latency\n\nFrom when a packet is due on TCP until one of 50 clients has read its message from its WebSocket, in ms. " +
    "Packets are due at a constant rate, whatever the gateway does, so the time that they spend in a queue counts.\n\n" +
    table(["rate", "gateway", "packets/s", "p50", "p99", "p99.9", "lost"], rows);
}

function scalingSection(scaling: NonNullable<Results["scaling"]>): string {
  const rows = Object.entries(scaling).flatMap(([cores, rounds]) =>
    kindsOf(rounds).map((kind) => [cores, kind, readable(of(rounds, kind, "rate")), readable(of(rounds, kind, "cpu"))])
  );
  return "## One core and two\n\nPush to 50 clients. The gateway is pinned to its cores, and has an unwrapping worker for each. " +
    "With two cores it shares them with the load generator.\n\n" +
    table(["cores", "gateway", "packets/s", "processor µs per packet"], rows);
}

function growthSection(name: string, rows: GrowthFigures[]): string {
  return `## ${name}: this gateway\n\n` + table(
    [
      name.toLowerCase(),
      "store, packets/s",
      "processor µs per packet",
      "rate ÷ with none",
      "start, ms",
      "database, MB",
      "resident MB",
      "% of a core at rest",
    ],
    rows.map(({ size, storeRate, storeCpu, start, fileSize, resident, idle }) => [
      size.toLocaleString("en"),
      readable(storeRate),
      readable(storeCpu),
      (storeRate / rows[0]!.storeRate).toFixed(2),
      start.toFixed(0),
      readable(fileSize / 1e6),
      resident.toFixed(0),
      idle.toFixed(2),
    ]),
  );
}

function table(heads: string[], rows: string[][]): string {
  return [heads, heads.map((_, i) => i === 0 ? "---" : "--:"), ...rows].map((row) => `| ${row.join(" | ")} |`).join(
    "\n",
  );
}

function plot(name: string): string {
  return `![${name}](${name}.svg)`;
}

function kindsOf(rounds: Rounds<unknown>): GatewayKind[] {
  return (["ours", "0.7.0"] as const).filter((kind) => kind in rounds);
}

function of<Figure extends string>(rounds: Rounds<Record<Figure, number>>, kind: GatewayKind, figure: Figure): number {
  return median(rounds[kind]!.map((figures) => figures[figure]));
}

/** Over all rounds. */
function lossOf(rounds: { lost: number; disordered: number }[]): string {
  const sum = (figure: "lost" | "disordered") => rounds.reduce((total, round) => total + round[figure], 0);
  return `${sum("lost").toLocaleString("en")} / ${sum("disordered").toLocaleString("en")}`;
}
