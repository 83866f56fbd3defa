import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import project from "../../deno.json" with { type: "json" };
import { COUNTERS } from "../../src/counting/counter_table.ts";
import { GATEWAY_METRICS } from "../../src/gateway/metric_table.ts";
import { DIRECTORY_METRICS } from "../../src/directory_server/metric_table.ts";
import { MIXNODE_METRICS } from "../../src/mixnode/metric_table.ts";
import { checksOf as mixnodeChecksOf } from "../../src/mixnode/health_checks.ts";
import { checksOf as directoryChecksOf } from "../../src/directory_server/health_checks.ts";
import type { Parts as DirectoryParts } from "../../src/directory_server/parts.ts";
import type { Parts as MixnodeParts } from "../../src/mixnode/parts.ts";
import { OTHERS } from "../../src/operator/metric_table.ts";
import { checksOf } from "../../src/gateway/health_checks.ts";
import type { Parts } from "../../src/gateway/parts.ts";

const CHECKOUT = new URL("../../", import.meta.url);

/** What people read, by its path, without blocks of code. */
const TEXTS = new Map(
  [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    ...Array.from(Deno.readDirSync(new URL("docs", CHECKOUT)), ({ name }) => `docs/${name}`),
  ].filter((path) => path.endsWith(".md")).map((path) => {
    const text = Deno.readTextFileSync(new URL(path, CHECKOUT));
    return [path, text.replace(/^( *)```.*?^\1```/gms, (block) => block.replaceAll(/[^\n]/g, ""))];
  }),
);

Deno.test("no code in a sentence is broken over two lines, as deno fmt may leave it", () => {
  for (const [path, text] of TEXTS) {
    for (const [code] of text.matchAll(/`[^`]+`/g)) assert(!code.includes("\n"), `${path}: ${code}`);
  }
});

Deno.test("the metrics that texts name exist, by the names that Prometheus has", () => {
  const names = new Set(
    [GATEWAY_METRICS, MIXNODE_METRICS, DIRECTORY_METRICS].flatMap((metrics) =>
      [
        ...metrics.counters,
        ...metrics.gauges,
        ...metrics.connections,
        ...Object.values(metrics.durations),
        ...Object.values(OTHERS).filter(({ own }) => own),
      ].map(({ name }) => metrics.prefix + name)
    ),
  );
  const inside = COUNTERS.flatMap(({ series }): string[] => Object.keys(series)).filter((name) => name.includes("_"));
  for (const [path, text] of TEXTS) {
    for (const [name] of text.matchAll(/\bnym_(gateway|mixnode)_\w+/g)) {
      assert(names.has(name), `${path} names ${name}`);
    }
    for (const name of inside) assert(!text.includes(`\`${name}\``), `${path} names ${name}, which is not shown`);
  }
});

Deno.test("docs/monitoring.md explains each health check", () => {
  const text = Deno.readTextFileSync(new URL("docs/monitoring.md", CHECKOUT));
  for (const name of Object.keys(checksOf({} as Parts))) {
    assertStringIncludes(text, `| \`${name}\``);
    assertStringIncludes(text, `\nok    ${name.padEnd(9)}  `);
  }
});

Deno.test("docs/mixnode.md explains each health check", () => {
  const text = Deno.readTextFileSync(new URL("docs/mixnode.md", CHECKOUT));
  for (const name of Object.keys(mixnodeChecksOf({} as MixnodeParts))) assertStringIncludes(text, `| \`${name}\``);
});

Deno.test("docs/directory.md explains each health check", () => {
  const text = Deno.readTextFileSync(new URL("docs/directory.md", CHECKOUT));
  const checks = directoryChecksOf({ config: {} } as DirectoryParts);
  for (const name of Object.keys(checks)) assertStringIncludes(text, `| \`${name}\``);
});

Deno.test("README.md lists each dependency with its version", () => {
  const rows = TEXTS.get("README.md")!.split("\n").filter((line) => line.startsWith("|"));
  const missing = Object.entries(project.imports).filter(([name, source]) => {
    const version = /@(\d[^/]*)/.exec(source)?.[1] ?? ""; // a file of the project's has none
    return !source.startsWith("./src/") && !rows.some((row) => row.includes(`\`${name}\``) && row.includes(version));
  });
  assertEquals(missing, []);
});

Deno.test("ARCHITECTURE.md names each folder of src", () => {
  const text = TEXTS.get("ARCHITECTURE.md")!;
  const folders = Array.from(Deno.readDirSync(new URL("src", CHECKOUT)), ({ name }) => `\`src/${name}\``);
  assertEquals(folders.filter((folder) => !text.includes(folder)), []);
});

Deno.test("messages that docs/troubleshooting.md explains are those of the program", async () => {
  const sources: string[] = [];
  for await (const path of modules(new URL("src/", CHECKOUT))) sources.push(await Deno.readTextFile(path));
  const program = sources.join("\n");
  const text = Deno.readTextFileSync(new URL("docs/troubleshooting.md", CHECKOUT));
  const explained = Array.from(text.matchAll(/^- \*\*`([^`]+)`\*\*/gm), ([, message]) => message!);
  assert(explained.length >= 4);
  assertEquals(explained.filter((message) => !program.includes(message)), []);
});

Deno.test("links lead to existing files", () => {
  const missing = [...TEXTS].flatMap(([path, text]) =>
    Array.from(text.matchAll(/\]\((?!https?:)([^)#]+)/g), ([, link]) => new URL(link!, new URL(path, CHECKOUT)))
      .filter((url) => !isThere(url)).map(({ pathname }) => `${path}: ${pathname}`)
  );
  assertEquals(missing, []);
});

function isThere(url: URL): boolean {
  try {
    Deno.statSync(url);
    return true;
  } catch {
    return false;
  }
}

async function* modules(folder: URL): AsyncGenerator<URL> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* modules(new URL(`${name}/`, folder));
    else if (name.endsWith(".ts")) yield new URL(name, folder);
  }
}
