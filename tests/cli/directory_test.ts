import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parseDecision } from "../../src/cli/running/decide.ts";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { mixnode, post } from "../directory_server/nodes.ts";
import { quietPort } from "../support/quiet_port.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { nymGateway, program } from "./program.ts";

const KEY = encodeBase58(new Uint8Array(32).fill(9));

Deno.test("a directory is created, checked and run, and its operator allows and moves nodes at any time", async () => {
  using folder = new TemporaryFolder();
  const env = { HOME: folder.path };
  const port = quietPort();
  const made = await nymGateway(`directory init --id attic --host 127.0.0.1 --port ${port}`, env);
  assertEquals(made.code, 0, made.stderr);
  const [, publicKey] = /^Public key: (\w+)$/m.exec(made.stdout)!;
  assertStringIncludes(made.stdout, "Directory configuration completed.");
  const home = `${folder.path}/.nym/directories/attic`;
  assertEquals(Deno.statSync(`${home}/data/private_signing.pem`).mode! & 0o777, 0o600);
  const config = `${home}/config/config.toml`;
  const text = Deno.readTextFileSync(config);
  Deno.writeTextFileSync(config, text.replaceAll("127.0.0.1:9003", `127.0.0.1:${quietPort()}`));

  const checked = await nymGateway("directory check", env);
  assertEquals(checked.code, 0, checked.stdout);
  assertStringIncludes(checked.stdout, `signing key        ${publicKey}`);
  const early = await nymGateway(`directory layer ${KEY} --layer 2`, env); // it is not running
  assertEquals([early.code, early.stdout], [0, ` ${KEY} is in layer 2.\n`]);

  await using running = program("../../main.ts", ["directory", "run", "--id", "attic"], env).spawn();
  const url = `http://127.0.0.1:${port}/api/presence`;
  const status = async (body: object) => {
    const answer = await post(`${url}/mixnodes`, body).catch(() => undefined);
    return answer?.[0];
  };
  const own = { ...mixnode(1), layer: 1, pubKey: KEY };
  let first: number | undefined;
  while (first === undefined) first = await status(own); // until it listens
  assertEquals(first, 401);
  const allowed = await nymGateway(`directory allow ${KEY}`, env);
  assertEquals([allowed.code, allowed.stderr], [0, ""]);
  assertEquals(await status(own), 201);
  const { mixNodes } = await (await fetch(`${url}/topology`)).json();
  assertEquals(mixNodes.map(({ pubKey, layer }: { pubKey: string; layer: number }) => [pubKey, layer]), [[KEY, 2]]);
  const answered = await nymGateway("directory status --output json", env);
  assertEquals([answered.code, answered.stderr], [0, ""]);
  const shown = JSON.parse(answered.stdout);
  assertEquals([shown.kind, shown.name, shown.identity.publicKey], ["directory", "attic", publicKey]);
  assertEquals(shown.decisions, { [KEY]: { standing: "allowed", layer: 2 } });
  assertMatch((await nymGateway("directory status", env)).stdout, new RegExp(`\\n ${KEY} +allowed, layer 2\\n`));

  running.kill("SIGKILL");
  await running.stdin.close();
  await running.output();
  const late = await nymGateway(`directory disallow ${KEY}`, env); // it was killed, and left its socket behind
  assertEquals([late.code, late.stdout], [0, ` ${KEY} is not listed.\n`]);
  const forgotten = await nymGateway(`directory forget ${KEY}`, env);
  assertEquals([forgotten.code, forgotten.stdout], [0, ` ${KEY} is treated like any other node.\n`]);
  const wrong = await nymGateway("directory allow x", env);
  assertEquals(wrong.code, 64);
  assertMatch(wrong.stderr, /^error: <key> is "x", which is not a public key/);
});

Deno.test("check opens the directory's state, as the start does", async () => {
  using folder = new TemporaryFolder();
  const env = { NYM_HOME: folder.path };
  await nymGateway(`directory init --id attic --host 127.0.0.1:${quietPort()}`, env);
  const state = folder.file("directories/attic/data/directory.kv");
  Deno.writeTextFileSync(state, "not a database");
  const { code, stdout } = await nymGateway("directory check", env);
  assertEquals(code, 74, stdout);
  assertStringIncludes(stdout, `✗ state file         Cannot read ${state}: file is not a database; it is damaged: `);
  assertEquals(Deno.readTextFileSync(state), "not a database");
});

Deno.test("only whole decisions are taken from the control socket", () => {
  assertEquals(parseDecision(`decide ${KEY} allowed\n`), { key: KEY, decision: { standing: "allowed" } });
  assertEquals(parseDecision(`decide ${KEY} layer 0\n`), { key: KEY, decision: { layer: 0 } });
  assertEquals(parseDecision(`decide ${KEY} forgotten\n`), { key: KEY, decision: undefined });
  for (const text of ["reload\n", `decide ${KEY}\n`, `decide ${KEY} layer 5\n`, `decide ${KEY} layer\n`, ""]) {
    assertEquals(parseDecision(text), undefined);
  }
});
