// deno-lint-ignore-file no-console -- a command
/**
 * When packets leave a client whose page is hidden, in the page and in a SharedWorker, with the default traffic:
 * `deno run --allow-all tests/bench/peap/hidden.ts`
 */
import { Chromium } from "../../operator/chromium.ts";
import { FakeNetwork } from "../../peap/fake_network.ts";

const SECONDS = 90;
/** Of both streams together: 500 and 1000 ms. */
const MEAN_GAP = 1 / (1 / 500 + 1 / 1000);

await using network = new FakeNetwork(true);
const times: number[] = [];
network.answers.packet = () => {
  times.push(performance.now());
  return { type: "send", status: true };
};
const bundles = new Map<string, Uint8Array<ArrayBuffer>>();
for (const name of ["client.ts", "worker_script.ts", "../../../src/peap/mod.ts", "../../../src/tabs/mod.ts"]) {
  const args = ["bundle", "--quiet", "--platform", "browser", new URL(name, import.meta.url).pathname];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
  bundles.set(`/${name.replaceAll("../", "").replaceAll("/", "_").replace(".ts", ".js")}`, stdout);
}
await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
  const { pathname } = new URL(url);
  const script = bundles.get(pathname);
  if (script) return new Response(script, { headers: { "content-type": "text/javascript" } });
  if (pathname !== "/") return fetch(network.directory + pathname);
  return new Response("<!DOCTYPE html><title>bench</title>", { headers: { "content-type": "text/html" } });
});
const origin = `http://127.0.0.1:${server.addr.port}`;
const subjects = {
  "page": { library: `${origin}/src_peap_mod.js` },
  "worker": { library: `${origin}/src_tabs_mod.js`, worker: `${origin}/worker_script.js` },
};
for (const [where, subject] of Object.entries(subjects)) {
  await using chromium = await Chromium.start();
  await chromium.show(`${origin}/`, { width: 400, height: 300, isPhone: false, scheme: "light" });
  await chromium.until(`document.title === "bench"`);
  const json = JSON.stringify({ ...subject, isOld: false, directory: origin });
  await chromium.evaluate(`import("${origin}/client.js").then(({ idle }) => idle(${json}, "full")).then(() => 0)`);
  await chromium.call("Target.createTarget", { url: "about:blank" }); // a new tab, in front of this one
  await chromium.until(`document.visibilityState === "hidden"`);
  times.length = 0;
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
  const gaps = times.slice(1).map((time, i) => time - times[i]!);
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
  const of = (part: (angle: number) => number) =>
    times.reduce((sum, time) => sum + part(2 * Math.PI * time / 1000), 0) / times.length;
  console.log(
    `${where}: ${times.length} packets, mean gap ${mean.toFixed(0)} ms (of ${MEAN_GAP.toFixed(0)}), its standard ` +
      `deviation ${deviation.toFixed(0)}, beat of a second ${Math.hypot(of(Math.cos), of(Math.sin)).toFixed(2)}`,
  );
}
Deno.exit();
