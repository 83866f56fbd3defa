import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { GatewayRig } from "../support/gateway_rig.ts";
import { formatSocketAddress } from "../../src/addresses/socket_address.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { nymGateway, outcomeOf, program, programOnTerminal } from "./program.ts";

/** The status of a gateway that has just started. */
const STATUS = {
  build: { version: "1.0.0", protocol: "0.7.0" },
  startedAt: 0,
  now: 0,
  status: "ok",
  checks: [],
  gauges: {},
  columns: [],
  samples: [],
};

/** A program that answers at an operator's endpoint. */
class StatusPage implements AsyncDisposable {
  answer: () => Response = () => new Response();
  readonly #server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => this.answer());
  readonly address = formatSocketAddress({ host: "127.0.0.1", port: this.#server.addr.port });

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** A home with the operator's endpoint configured at `address`. */
async function homeFor(folder: TemporaryFolder, address: string): Promise<Record<string, string>> {
  const env = { NYM_HOME: folder.path };
  await nymGateway("init --id test --mix-host 127.0.0.1 --clients-host 127.0.0.1", env);
  const path = folder.file("gateways/test/config/config.toml");
  const text = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, text.replace(/(\[operator\][^[]*listening_address = ).*/, `$1"${address}"`));
  return env;
}

Deno.test("status shows the health and figures of a running gateway", async () => {
  using folder = new TemporaryFolder();
  await using rig = await GatewayRig.start(undefined, ({ operator }) => operator.listeningAddress = "127.0.0.1:0");
  await rig.register(new Uint8Array(32).fill(1));
  const env = await homeFor(folder, formatSocketAddress(rig.gateway.operatorAddress!));
  const { code, stdout, stderr } = await nymGateway("status --id test", env);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^ test, version 1\.0\.0, protocol 0\.7\.0, up \d+ s {2}warn\n/);
  assertStringIncludes(stdout, "\n ok    clients     listening on 127.0.0.1:");
  assertMatch(stdout, /\n clients +1 online, 1 registered\n/);
  assertMatch(
    stdout,
    /\n inboxes +0 messages, 0 B of 10 GB at most\n store +files on this machine; 0 messages not written yet\n disk +[\d.]+ [MGT]B free, of which 200 MB are kept free\n/,
  );
  assertMatch(stdout, /\n mixnodes +0 in the directory\n/);
  if (Deno.build.os !== "windows") assertMatch(stdout, /\n descriptors +\d+ open\n/);
  const json = JSON.parse((await nymGateway("status --id test --output json", env)).stdout);
  assertEquals([json.name, json.gauges.clientsOnline], ["test", 1]);
  assertStringIncludes(json.warnings.at(-1).text, "directory");
  const nowhere = "http://127.0.0.1:1";
  const proxied = await nymGateway("status --id test", { ...env, HTTP_PROXY: nowhere, http_proxy: nowhere });
  assertEquals(proxied, { code, stdout: proxied.stdout, stderr: "" }, "it is asked directly");
});

Deno.test("the status of a quiet gateway shows its totals since the start, and its last warnings", async () => {
  using folder = new TemporaryFolder();
  await using page = new StatusPage();
  const env = await homeFor(folder, page.address);
  const totals = {
    packets_received: 3000,
    packets_dropped_mac: 4,
    packets_dropped_replayed: 1,
    packets_forwarded: 10,
    messages_stored: 2000,
    messages_pushed: 1500,
    covers_pushed: 500,
    messages_refused_disk_low: 7,
  };
  const warnings = [{ time: 60_000, level: "warn", text: "a\u001b" }, { time: 170_000, level: "error", text: "b" }];
  const [columns, samples] = [["stored", "pushed", "refused"], [[1, 2, 3.5]]];
  page.answer = () => Response.json({ ...STATUS, now: 180_000, name: "test", totals, warnings, columns, samples });
  const { stdout } = await nymGateway("status", env);
  assertMatch(stdout, /\n {3}since start +3000 \(4.1 MB\) received, 5 dropped, 10 \(14 kB\) forwarded\n/);
  assertMatch(stdout, /\n messages +1\.0\/s stored, 2\.0\/s pushed, 3\.5\/s refused\n/);
  assertMatch(stdout, /\n {3}since start +2000 stored, 2000 pushed, 7 refused\n/);
  assertMatch(stdout, /\n\n last warnings\n 2 min ago +a\\u001b\n 10 s ago +b\n$/);
});

Deno.test("watching goes on while the gateway is down, and ends when nobody reads the output", async () => {
  using folder = new TemporaryFolder();
  await using page = new StatusPage();
  const env = await homeFor(folder, page.address);
  page.answer = () => Response.json({ ...STATUS, name: "test" });
  const child = program("gateway_program.ts", ["status", "--id", "test", "--watch", "0.1", "--output", "json"], env)
    .spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  const errors = child.stderr.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  await child.stdin.close();
  assertEquals(JSON.parse((await lines.next()).value!.split("\n")[0]!).name, "test");
  page.answer = () => new Response(null, { status: 502 });
  assertStringIncludes((await errors.next()).value!, `Cannot ask the gateway at ${page.address}`);
  page.answer = () => Response.json({ ...STATUS, name: "test" });
  assertMatch((await lines.next()).value!, /^\{.*\}\n/);
  await lines.return!();
  assertEquals((await child.status).code, 0);
  await errors.return!();
});

Deno.test("an answer from another gateway, or another program, is an error that says so", async () => {
  using folder = new TemporaryFolder();
  await using page = new StatusPage();
  const env = await homeFor(folder, page.address);
  const answers: [() => Response, string][] = [
    [() => Response.json({}), "another program answers there"],
    [() => Response.json(null), "another program answers there"],
    [() => new Response("<html>"), "another program answers there"],
    [() => Response.json({ ...STATUS, name: "other" }), "gateway other answers there; give test another port"],
  ];
  for (const [answer, reason] of answers) {
    page.answer = answer;
    const { code, stdout, stderr } = await nymGateway("status --id test", env);
    assertEquals([code, stdout], [69, ""]);
    assertStringIncludes(stderr, reason);
  }
});

Deno.test("status in a pipe is plain text, also with --watch", async () => {
  using folder = new TemporaryFolder();
  await using page = new StatusPage();
  page.answer = () => Response.json({ ...STATUS, name: "test" });
  const env = await homeFor(folder, page.address);
  const child = program("gateway_program.ts", ["status", "--id", "test", "--watch", "0.1"], env).spawn();
  await child.stdin.close();
  const output = child.stdout.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  assertMatch((await output.next()).value!, /^ test, version 1\.0\.0, protocol 0\.7\.0, up \d+ s {2}ok\n[\P{Cc}\n]*$/u);
  await output.return!();
  assertEquals((await child.status).code, 0);
  await child.stderr.cancel();
});

Deno.test("a gateway that does not answer or has no endpoint, and an invalid interval, are errors that say so", async () => {
  using folder = new TemporaryFolder();
  const silent = await nymGateway("status --id test", await homeFor(folder, "127.0.0.1:1"));
  assertEquals(silent.code, 69);
  assertStringIncludes(silent.stderr, "is it running?");
  using other = new TemporaryFolder();
  const env = await homeFor(other, "");
  assertEquals((await nymGateway("status --id test", env)).code, 78);
  assertEquals((await nymGateway("status --id test --watch often", env)).code, 64);
});

Deno.test("an answer can't forge a line, control the terminal or bring its own colours", async () => {
  using folder = new TemporaryFolder();
  await using page = new StatusPage();
  const env = await homeFor(folder, page.address);
  const checks = [{ name: "mailbox", status: "ok", reason: "\u001b[32m✓\n ok \u202eeverything\u001b]0;title\u0007" }];
  page.answer = () => Response.json({ ...STATUS, name: "test", checks });
  const escaped = "mailbox     \\u001b[32m✓\\u000a ok \\u202eeverything\\u001b]0;title\\u0007";
  const { stdout } = await nymGateway("status --id test", env);
  assertStringIncludes(stdout, `\n ok    ${escaped}\n`);
  if (Deno.build.os !== "linux") return;
  const command = programOnTerminal("gateway_program.ts", ["status", "--id", "test"], { ...env, TERM: "xterm" });
  assertStringIncludes((await outcomeOf(command)).stdout, `\r\n \x1b[32mok  \x1b[0m  ${escaped}\r\n`);
});
