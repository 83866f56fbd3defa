import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { makeStorageKey, readStorageKey } from "../../src/config/storage_key_file.ts";
import { writeKeptTopology } from "../../src/directory/kept_topology.ts";
import { lockPrivateFolder, openDatabase } from "../../src/mailbox/database.ts";
import { Sealer } from "../../src/mailbox/sealing.ts";
import { canMount, SmallDisk } from "../faults/small_disk.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { selfSigned } from "../tls/self_signed.ts";
import { nymGateway, outcomeOf, program } from "./program.ts";

interface Finding {
  status: string;
  subject: string;
  found: string;
  remedy?: string;
}

/** A gateway of ours, which is never started, and a directory that lists a whole network. */
class CheckRig implements AsyncDisposable {
  readonly home = new TemporaryFolder();
  readonly configPath = this.home.file("gateways/gw/config/config.toml");
  readonly data = this.home.file("gateways/gw/data");
  readonly env = { NYM_HOME: this.home.file("") };
  date = new Date();
  layers = [1, 2, 3];
  /** what the directory lists */
  gatewayNodes: unknown[] = [];
  /** what the directory answers instead */
  answer: (() => Response) | undefined;
  readonly #directory = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    if (this.answer !== undefined) return this.answer();
    const node = { host: "127.0.0.1:1", pubKey: "", version: "0.7.0", location: "", lastSeen: 0 };
    const mixNodes = this.layers.map((layer) => ({ ...node, layer }));
    const topology = { cocoNodes: [], mixNodes, mixProviderNodes: [], gatewayNodes: this.gatewayNodes };
    return Response.json(topology, { headers: { date: this.date.toUTCString() } });
  });

  async init(...args: string[]): Promise<void> {
    const [mix, clients] = [freePort(), freePort()];
    const hosts = `--mix-host 127.0.0.1:${mix} --clients-host 127.0.0.1:${clients}`;
    const directory = `--directory http://127.0.0.1:${this.#directory.addr.port}`;
    const { code, stderr } = await nymGateway(`init --id gw ${hosts} ${directory} ${args.join(" ")}`, this.env);
    assertEquals(code, 0, stderr);
    await this.edit((text) => text.replace(/(\[operator\][^[]*listening_address = ).*/, '$1""'));
  }

  async edit(change: (text: string) => string): Promise<void> {
    await Deno.writeTextFile(this.configPath, change(await Deno.readTextFile(this.configPath)));
  }

  /** The findings of check, by subject, and the exit code. */
  async check(): Promise<{ code: number; found: Record<string, Finding> }> {
    const { code, stdout, stderr } = await nymGateway("check --id gw --output json", this.env);
    assertEquals(stderr, "");
    const { ready, findings }: { ready: boolean; findings: Finding[] } = JSON.parse(stdout);
    assertEquals(ready, code === 0);
    return { code, found: Object.fromEntries(findings.map((finding) => [finding.subject, finding])) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#directory.shutdown();
    this.home[Symbol.dispose]();
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

Deno.test("a gateway that has everything it needs is ready, with a warning for addresses that nobody can reach", async () => {
  await using rig = new CheckRig();
  await rig.init();
  const { code, found } = await rig.check();
  assertEquals(code, 0);
  for (
    const subject of [
      "configuration",
      "key pair",
      "key files",
      "storage key",
      "inboxes",
      "mixnet port",
      "clients port",
      "clock",
      "descriptors",
    ]
  ) {
    assertEquals(found[subject]?.status, "ok", subject);
  }
  for (const subject of ["mixnet announced", "clients announced"]) {
    assertEquals(found[subject]?.status, "warn");
    assertStringIncludes(found[subject]?.found ?? "", "is loopback: not reachable from elsewhere");
    assertStringIncludes(found[subject]?.remedy ?? "", "set announce_address in [");
  }
  assertStringIncludes(found["directory"]?.found ?? "", "3 mixnodes");
});

Deno.test("a problem fails with the exit code of its kind, a possible one is a warning", async () => {
  await using rig = new CheckRig();
  await rig.init();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await rig.edit((text) => text.replace(/^(listening_address = "127\.0\.0\.1:)\d+/m, `$1${taken.addr.port}`));
  if (Deno.build.os !== "windows") await Deno.chmod(join(rig.data, "private_sphinx.pem"), 0o644);
  rig.date = new Date(Date.now() - 3_600_000);
  rig.layers = [1, 1];
  const { code, found } = await rig.check();
  assertEquals(code, 69);
  assertEquals(found["mixnet port"]?.status, "fail");
  assertStringIncludes(found["mixnet port"]?.remedy ?? "", `ss -ltnp 'sport = :${taken.addr.port}'`);
  assertEquals([found["clock"]?.status, found["directory"]?.status], ["warn", "warn"]);
  assertMatch(found["clock"]?.found ?? "", /^1 h 0 min ahead of/);
  assertStringIncludes(found["directory"]?.found ?? "", "in 1 of 3 layers");
  if (Deno.build.os !== "windows") {
    assertStringIncludes(found["key files"]?.remedy ?? "", "chmod 600");
    assertEquals(Deno.statSync(join(rig.data, "private_sphinx.pem")).mode! & 0o777, 0o644, "check changes nothing");
  }
});

Deno.test("two overlapping addresses of the gateway are found, before it fails to listen on one of them", async () => {
  await using rig = new CheckRig();
  await rig.init();
  const port = freePort();
  await rig.edit((text) =>
    text.replace(/^listening_address = "127\.0\.0\.1:\d+"/m, `listening_address = "0.0.0.0:${port}"`)
      .replace(/^listening_address = "127\.0\.0\.1:\d+"/m, `listening_address = "127.0.0.1:${port}"`)
  );
  const { code, found } = await rig.check();
  assertEquals([code, found["mixnet port"]?.status, found["clients port"]?.status], [78, "ok", "fail"]);
  assertStringIncludes(found["clients port"]?.found ?? "", `or by 0.0.0.0:${port}`);
});

Deno.test("stored files that can't be used fail, and the other checks still run", async () => {
  await using rig = new CheckRig();
  await rig.init();
  await Deno.writeTextFile(rig.home.file("file"), "");
  await rig.edit((text) =>
    text.replace(/^(inboxes_directory = ).*/m, `$1${JSON.stringify(rig.home.file("file/inboxes"))}`)
      .replace(/^(ledger_path = ).*/m, '$1"ledger.kv"')
      .replace(/^(file = ).*/m, `$1${JSON.stringify(rig.home.file("none/gateway.log"))}`)
  );
  await Deno.writeTextFile(join(rig.data, "storage_key.pem"), "nonsense");
  const { code, found } = await rig.check();
  assertEquals(code, 78);
  assertStringIncludes(found["storage key"]?.found ?? "", `Cannot use the storage key ${rig.data}/storage_key.pem: `);
  assertEquals(found["inboxes"]?.status, "fail");
  assertStringIncludes(found["inboxes"]?.remedy ?? "", "correct inboxes_directory");
  assertStringIncludes(found["paths"]?.found ?? "", 'ledger_path in [clients_endpoint] is "ledger.kv"');
  assertStringIncludes(found["log file"]?.found ?? "", "(file in [logging]): there is no such file or folder");
  assertEquals([found["directory"]?.status, found["disk"]?.status], ["ok", "ok"]);
});

Deno.test("a missing storage key is reported if mail was stored, and only run creates one", async () => {
  await using rig = new CheckRig();
  await rig.init();
  const key = join(rig.data, "storage_key.pem");
  await Deno.remove(key);
  assertEquals((await rig.check()).found["storage key"]?.found, `${key}, which the first start creates`);
  await Deno.mkdir(join(rig.data, "inboxes"));
  await Deno.writeTextFile(join(rig.data, "inboxes/mailbox.kv"), "");
  assertEquals((await rig.check()).found["storage key"]?.status, "warn");
  const { code, stderr } = await nymGateway("inboxes --id gw", rig.env);
  assertEquals([code, stderr], [66, `error: Cannot read the storage key ${key}: there is no such file or folder\n`]);
  assertEquals(await Deno.stat(key).catch((error) => error.constructor), Deno.errors.NotFound);
});

Deno.test("ports that this gateway itself listens on are fine", async () => {
  await using rig = new CheckRig();
  await rig.init();
  using _running = await lockPrivateFolder(join(rig.data, "inboxes"));
  const port = Number(/^listening_address = "127\.0\.0\.1:(\d+)/m.exec(await Deno.readTextFile(rig.configPath))![1]);
  using _listener = Deno.listen({ hostname: "127.0.0.1", port });
  const { found } = await rig.check();
  assertEquals([found["mixnet port"]?.status, found["clients port"]?.status], ["ok", "warn"]);
});

Deno.test("while the gateway runs, check compares its entry in the directory, and connects to its announced addresses", async () => {
  await using rig = new CheckRig();
  await rig.init();
  using _running = await lockPrivateFolder(join(rig.data, "inboxes"));
  const { publicKey, mixnet, clients } = JSON.parse(
    (await nymGateway("node-details --id gw --output json", rig.env)).stdout,
  );
  using certificates = new TemporaryFolder();
  const files = await selfSigned(certificates, "own");
  const [cert, key] = [Deno.readTextFileSync(files.certificate), Deno.readTextFileSync(files.key)];
  const port = Number(clients.listening.split(":")[1]);
  await using _server = Deno.serve(
    { hostname: "127.0.0.1", port, cert, key, onListen() {} },
    () => new Response(null, { status: 426 }),
  );
  const announced = clients.announced.replace("ws:", "wss:");
  await rig.edit((text) =>
    text.replace(`announce_address = "${clients.announced}"`, `announce_address = "${announced}"`)
      .replace(/^tls_certificate = .*/m, `tls_certificate = "${files.certificate}"`)
      .replace(/^tls_key = .*/m, `tls_key = "${files.key}"`)
  );
  Object.assign(rig.env, { DENO_CERT: files.certificate }); // the authority that clients trust

  const { found: unlisted } = await rig.check();
  assertEquals(unlisted["directory's entry"]?.found, "this gateway is not listed, although it is running");
  assertEquals([unlisted["mixnet reachable"]?.status, unlisted["clients reachable"]?.status], ["warn", "ok"]);
  const node = { pubKey: publicKey, mixnetListener: mixnet.announced, clientListener: announced };
  rig.gatewayNodes = [node];
  assertEquals((await rig.check()).found["directory's entry"]?.status, "ok");
  rig.gatewayNodes = [{ ...node, mixnetListener: "9.9.9.9:1" }];
  const { code, found: elsewhere } = await rig.check();
  assertEquals([code !== 0, elsewhere["directory's entry"]?.status], [true, "fail"]);
  assertMatch(
    elsewhere["directory's entry"]!.found,
    /is listed with 9\.9\.9\.9:1 and wss:.*: another gateway has the same key$/,
  );
  const addresses = { mixnetListener: "9.9.9.9:1", clientListener: announced };
  const kept = { receivedAt: Date.now(), mixnodes: [], announced: addresses };
  await writeKeptTopology(join(rig.data, "inboxes/topology.json"), kept);
  assertEquals((await rig.check()).found["directory's entry"]?.status, "warn"); // the gateway runs with that address
  rig.gatewayNodes = [node, { ...node, pubKey: "another's" }];
  assertMatch((await rig.check()).found["directory's entry"]!.found, /public key another's announces wss:\S+ too$/);
});

Deno.test("an invalid configuration or key fails with 78, and so does TLS that is announced without wss", async () => {
  await using rig = new CheckRig();
  await rig.init();
  await Deno.copyFile(join(rig.data, "private_sphinx.pem"), join(rig.data, "public_sphinx.pem"));
  await rig.edit((text) => text.replace(/^tls_(\w+) = .*/gm, 'tls_$1 = "/none"'));
  const { code, found } = await rig.check();
  assertEquals(code, 78);
  assertEquals(found["key pair"]?.status, "fail");
  assertStringIncludes(found["TLS certificate"]?.found ?? "", "Cannot read the TLS certificate /none");
  assertStringIncludes(found["TLS announced"]?.remedy ?? "", "should begin with wss://");
  await rig.edit((text) => text.replace("forward_to", "forward"));
  const refused = await rig.check();
  assertEquals([refused.code, Object.keys(refused.found)], [78, ["configuration"]]);
});

Deno.test("for people, there is a line for each check, and a verdict", async () => {
  await using rig = new CheckRig();
  await rig.init("--mix-announce-host 9.9.9.9", "--clients-announce-host 9.9.9.9");
  const { code, stdout } = await nymGateway("check --id gw", rig.env);
  assertEquals(code, 0);
  assertStringIncludes(stdout, `\n ✓ mixnet announced   9.9.9.9:`);
  assertStringIncludes(stdout, "\n Ready");
});

Deno.test("node-details prints what others know of the gateway", async () => {
  await using rig = new CheckRig();
  await rig.init("--location Basel", "--mix-announce-host 9.9.9.9:1");
  const details = JSON.parse((await nymGateway("node-details --id gw --output json", rig.env)).stdout);
  assertEquals([details.id, details.location, details.mixnet.announced], ["gw", "Basel", "9.9.9.9:1"]);
  assertEquals(details.protocol, "0.7.0");
  const { stdout } = await nymGateway("node-details --id gw", rig.env);
  assertStringIncludes(stdout, `public key  ${details.publicKey}\n`);
});

Deno.test("without a mailbox there are no inboxes", async () => {
  await using rig = new CheckRig();
  await rig.init();
  const { code, stdout } = await nymGateway("inboxes --id gw", rig.env);
  assertEquals([code, stdout], [0, " No mail is waiting.\n"]);
});

Deno.test("a disk too full for new mail fails, with a remedy", async () => {
  await using rig = new CheckRig();
  await rig.init();
  await rig.edit((text) => text.replace(/^minimum_free_disk = .*/m, `minimum_free_disk = ${Number.MAX_SAFE_INTEGER}`));
  const { code, found } = await rig.check();
  assertEquals([code, found["disk"]!.status], [69, "fail"]);
  assertStringIncludes(found["disk"]!.remedy!, "minimum_free_disk in [limits]");
});

Deno.test("a directory that answers endlessly, or with rubbish, fails, with the reason", async () => {
  await using rig = new CheckRig();
  await rig.init();
  const answers: [() => Response, string][] = [
    [() => new Response(endless()), "its answer is longer than 134217728 bytes"],
    [() => new Response("[".repeat(1000)), "its answer is not a topology"],
    [() => new Response("busy", { status: 503 }), "it answered with status 503"],
    [() => Response.json({}), "its answer is not a topology"],
    [
      () => Response.redirect("https://elsewhere.example/api", 302),
      "it redirects to https://elsewhere.example/api (status 302)",
    ],
  ];
  for (const [answer, how] of answers) {
    rig.answer = answer;
    const { code, found } = await rig.check();
    assertEquals([code, found["directory"]?.status], [69, "fail"]);
    assertStringIncludes(found["directory"]?.found ?? "", `: ${how}`);
  }
});

Deno.test("a directory that can't be reached fails, with the reason", async () => {
  await using rig = new CheckRig();
  await rig.init();
  await rig.edit((text) => text.replace(/^(presence_directory_server = ).*/m, `$1"http://127.0.0.1:${freePort()}/"`));
  const { code, found } = await rig.check();
  assertEquals(code, 69);
  assertMatch(found["directory"]?.found ?? "", /^http:\S+: the connection failed: [^(:]*refused/i);
});

/** A body without an end. */
function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1024 * 1024).fill(32)) });
}

Deno.test({
  name: `a home that is not writable fails${canMount ? "" : " (skipped: this user may not mount)"}`,
  ignore: !canMount,
  fn: async () => {
    await using rig = new CheckRig();
    await rig.init();
    await using disk = await SmallDisk.mount(rig.data, 4);
    await disk.makeReadOnly();
    const { code, found } = await rig.check();
    assertEquals([code, found["storage"]?.status], [73, "fail"]);
    assertMatch(found["storage"]!.found, /Cannot write in \S+data \(ledger_path in \[clients_endpoint\]\): Read-only/i);
    await disk.makeWritable();
    assertEquals((await rig.check()).found["storage"]?.status, "ok");
    assertEquals([...Deno.readDirSync(rig.data)].filter(({ name }) => name.startsWith(".")).length, 0);
  },
});

Deno.test("a storage key that did not seal the stored mail fails, as the start would", async () => {
  await using rig = new CheckRig();
  await rig.init();
  const path = join(rig.data, "inboxes/mailbox.kv");
  (await openDatabase(path, new Sealer(readStorageKey(join(rig.data, "storage_key.pem"))))).close();
  assertEquals((await rig.check()).found["storage key"]?.status, "ok");
  await Deno.remove(join(rig.data, "storage_key.pem"));
  makeStorageKey(join(rig.data, "storage_key.pem"));
  const before = await Deno.readFile(path);
  const { code, found } = await rig.check();
  assertEquals([code, found["storage key"]?.found], [74, `${path} was not sealed with this storage key`]);
  assertEquals(await Deno.readFile(path), before, "check changes nothing");
});

Deno.test("before the start, a client checks the certificate against the announced name", async () => {
  await using rig = new CheckRig();
  await rig.init("--clients-announce-host wss://gateway.example.org");
  using certificates = new TemporaryFolder();
  const files = await selfSigned(certificates, "own"); // for localhost
  const setName = (name: string) =>
    rig.edit((text) =>
      text.replace(/"wss:\/\/[^"]*"/, `"wss://${name}:9000"`)
        .replace(/^tls_certificate = .*/m, `tls_certificate = "${files.certificate}"`)
        .replace(/^tls_key = .*/m, `tls_key = "${files.key}"`)
    );
  await setName("localhost");
  const unknown = (await rig.check()).found["TLS chain"]!;
  assertEquals(unknown.status, "fail");
  assertStringIncludes(unknown.found, "clients refuse it for localhost: invalid peer certificate");
  assertStringIncludes(unknown.remedy!, "DENO_CERT");
  Object.assign(rig.env, { DENO_CERT: files.certificate });
  assertEquals((await rig.check()).found["TLS chain"]?.found, "clients accept it for localhost");
  await setName("gateway.example.org");
  assertEquals((await rig.check()).found["TLS chain"]?.status, "fail");
  if (Deno.build.os === "windows") return;
  await Deno.chmod(files.key, 0o644);
  const { status, found, remedy } = (await rig.check()).found["TLS key"]!;
  assertEquals([status, remedy], ["warn", `chmod o-r ${files.key}`]);
  assertEquals(found, `every user of this machine can read ${files.key}`);
});

Deno.test("an operator's port that is in use, or open to others, is only a warning", async () => {
  await using rig = new CheckRig();
  await rig.init();
  using taken = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  await rig.edit((text) => text.replace(/(\[operator\][^[]*listening_address = ).*/, `$1"0.0.0.0:${taken.addr.port}"`));
  const { code, found } = await rig.check();
  assertEquals([code, found["operator's port"]?.status, found["operator's address"]?.status], [0, "warn", "warn"]);
  assertStringIncludes(found["operator's port"]!.found, "there will be no status page and no metrics");
});

Deno.test("trusted proxies that cover strangers are a warning", async () => {
  await using rig = new CheckRig();
  await rig.init();
  const trusted = async (list: string) => {
    await rig.edit((text) => text.replace(/^trusted_proxies = .*/m, `trusted_proxies = ${list}`));
    const { code, found } = await rig.check();
    return [code, found["trusted proxies"]?.status, found["trusted proxies"]?.found];
  };
  assertEquals(await trusted('["127.0.0.1", "10.0.0.0/8"]'), [0, undefined, undefined]);
  for (const wide of ["0.0.0.0/0", "::/0"]) {
    const found = `${wide} is so large that anyone in it can evade the limits per network`;
    assertEquals(await trusted(`["127.0.0.1", "${wide}"]`), [0, "warn", found]);
  }
});

Deno.test("the limit on descriptors that counts is the running gateway's; the shell's does not fail", async () => {
  await using rig = new CheckRig();
  await rig.init();
  const line = `ulimit -n 500; exec "$0" "$@"`;
  const few = program("gateway_program.ts", ["check", "--id", "gw", "--output", "json"], rig.env, line);
  const { code, stdout } = await outcomeOf(few);
  const here = JSON.parse(stdout).findings.find(({ subject }: Finding) => subject === "descriptors");
  assertEquals([code, here.status], [0, "warn"]);
  assertMatch(here.found, /^only 4\d\d for one started here; a service has its own limit$/);

  using _running = await lockPrivateFolder(join(rig.data, "inboxes"));
  let descriptorsLimit = 700;
  const common = { build: { version: "", protocol: "" }, checks: [], columns: [], samples: [] };
  await using page = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    return Response.json({ name: "gw", gauges: { descriptorsLimit }, ...common });
  });
  await rig.edit((text) =>
    text.replace(/(\[operator\][^[]*listening_address = ).*/, `$1"127.0.0.1:${page.addr.port}"`)
  );
  const { found } = await rig.check();
  assertEquals(found["descriptors"]?.status, "fail");
  assertStringIncludes(found["descriptors"]!.found, "it may open only 700");
  descriptorsLimit = 5000;
  assertEquals((await rig.check()).found["descriptors"]?.status, "ok");
});

Deno.test("the difference of a clock that is far off has a fitting unit", async () => {
  await using rig = new CheckRig();
  await rig.init();
  rig.date = new Date(Date.now() - 366 * 86_400_000 - 60_000);
  assertMatch((await rig.check()).found["clock"]!.found, /^366 d 0 h ahead of/);
});

Deno.test("an id that differs from its home's name is found", async () => {
  await using rig = new CheckRig();
  await rig.init();
  await rig.edit((text) => text.replace(/^id = .*/m, 'id = "other"'));
  const { code, found } = await rig.check();
  assertEquals([code, found["home"]?.status], [78, "fail"]);
});
