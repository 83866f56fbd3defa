import { assertEquals, assertMatch } from "@std/assert";
import { dirname, join } from "node:path";
import { Chromium, hasChromium } from "../operator/chromium.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { Program } from "./program.ts";

const EXAMPLES = new URL("../../examples/peap/", import.meta.url).pathname;

const hasOpenssl = await new Deno.Command("openssl", { args: ["version"], stdout: "null" }).output()
  .then(({ success }) => success, () => false);

/** Runs Deno in the project's folder. */
async function deno(...args: string[]): Promise<{ success: boolean; text: string }> {
  const cwd = new URL("../../", import.meta.url);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd }).output();
  return { success, text: new TextDecoder().decode(success ? stdout : stderr).trim() };
}

Deno.test({
  name: `with --tls, whoever trusts the certificate connects by https and wss${
    hasOpenssl ? "" : " (skipped: no openssl)"
  }`,
  ignore: !hasOpenssl,
  fn: async (t) => {
    await using network = new Program("src/sandbox/network_command.ts", ["--ports-from", "0", "--tls"]);
    await network.printed("Events at the gateway");
    const printed = (pattern: RegExp) => pattern.exec(network.output)![1]!;
    const directory = printed(/directory +(https:\S+)/);
    const certificate = printed(/deno run --cert (\S+)/);
    assertMatch(network.output, /wss:\S+ for clients/);

    await t.step("Deno", async () => {
      const example = ["--allow-net", `${EXAMPLES}deno.ts`, directory];
      assertEquals(await deno("run", "--no-check", "--cert", certificate, ...example), {
        success: true,
        text: "hello from Deno",
      });
      const { success, text } = await deno("run", "--no-check", ...example);
      assertEquals(success, false);
      assertMatch(text, /certificate/);
    });

    await t.step({
      name: `a page${hasChromium() ? "" : " (skipped: no Chromium)"}`,
      ignore: !hasChromium(),
      fn: async () => {
        using folder = new TemporaryFolder();
        const bundle = folder.file("browser.bundle.js");
        const { success, text } = await deno(
          ...["bundle", "--quiet", "--platform", "browser", `${EXAMPLES}browser.js`, "--output", bundle],
        );
        assertEquals([success, text], [true, ""]);
        const [cert, key] = [certificate, join(dirname(certificate), "key.pem")].map((path) =>
          Deno.readTextFileSync(path)
        );
        const options = { hostname: "127.0.0.1", port: 0, cert: cert!, key: key!, onListen() {} };
        await using server = Deno.serve(options, async ({ url }) => {
          return url.includes("browser.bundle.js")
            ? new Response(await Deno.readFile(bundle), { headers: { "content-type": "text/javascript" } })
            : new Response(await Deno.readFile(`${EXAMPLES}browser.html`), {
              headers: { "content-type": "text/html" },
            });
        });
        await using chromium = await Chromium.start(printed(/(--ignore-certificate-errors-spki-list=\S+)/));
        const address = `https://127.0.0.1:${server.addr.port}/?directory=${encodeURIComponent(directory)}`;
        await chromium.show(address, { width: 400, height: 300, isPhone: false, scheme: "light" });
        const shown = `document.querySelector("output")?.textContent`;
        await chromium.until(`!/on its way/.test(${shown} ?? "on its way")`, 60_000);
        assertEquals(await chromium.evaluate(shown), "hello from a page");
      },
    });
    network.signal("SIGINT");
    assertEquals(await network.ended(), 0, network.output);
    assertEquals(network.leftBehind(), []);
  },
});
