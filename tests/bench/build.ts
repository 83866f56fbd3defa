// deno-lint-ignore-file no-console -- a command
/**
 * What building a packet costs with and without the kernel, here and in Chromium:
 * `deno run --allow-all --v8-flags=--experimental-wasm-wide-arithmetic tests/bench/build.ts`
 */
import { type Builder, buildPacket } from "../../src/sphinx/build.ts";
import { generateKeyPair } from "../../src/sphinx/curve.ts";
import { loadBuilder } from "../../src/sphinx/kernel/builder.ts";
import { median } from "./statistics.ts";

/** Three mixnodes and a gateway. */
const HOPS = 4;
/** Packets that each builder builds; they take turns. */
const PACKETS = 400;

/** ms that a packet takes: the least is what it takes on a machine that does nothing else. */
interface Figures {
  least: number;
  median: number;
}

/** Measures both builders, wherever this runs. */
export async function benchBuild(): Promise<{ javaScript: Figures; kernel: Figures }> {
  const kernel = await loadBuilder();
  if (!kernel) throw new Error("no kernel runs here");
  const route = Array.from({ length: HOPS }, () => ({
    publicKey: generateKeyPair().publicKey,
    address: new Uint8Array(32),
    delay: 0n,
  }));
  const client = crypto.getRandomValues(new Uint8Array(32));
  const message = crypto.getRandomValues(new Uint8Array(500));
  const measure = (builder?: Builder) => {
    const start = performance.now();
    buildPacket(route, client, message, builder);
    return performance.now() - start;
  };
  const times = Array.from({ length: PACKETS }, () => ({ javaScript: measure(), kernel: measure(kernel) }));
  const figures = (of: number[]) => ({ least: Math.min(...of), median: median(of) });
  return {
    javaScript: figures(times.map(({ javaScript }) => javaScript)),
    kernel: figures(times.map(({ kernel }) => kernel)),
  };
}

async function benchInChromium(): ReturnType<typeof benchBuild> {
  const { Chromium } = await import("../operator/chromium.ts");
  const args = ["bundle", "--quiet", "--platform", "browser", new URL(import.meta.url).pathname];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
    return url.endsWith(".js")
      ? new Response(stdout, { headers: { "content-type": "text/javascript" } })
      : new Response("<!DOCTYPE html><title>bench</title>", { headers: { "content-type": "text/html" } });
  });
  await using chromium = await Chromium.start();
  const page = `http://127.0.0.1:${server.addr.port}/`;
  await chromium.show(page, { width: 400, height: 300, isPhone: false, scheme: "light" });
  await chromium.until(`document.title === "bench"`);
  return await chromium.evaluate(`import("${page}build.js").then(({ benchBuild }) => benchBuild())`);
}

if (import.meta.main) {
  for (const [where, bench] of Object.entries({ Deno: benchBuild, Chromium: benchInChromium })) {
    for (const [builder, { least, median }] of Object.entries(await bench())) {
      console.log(`${where}, ${builder}: ${least.toFixed(2)} ms at least, median ${median.toFixed(2)}`);
    }
  }
}
