import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { writeKeptTopology } from "../../src/directory/kept_topology.ts";
import { lockPrivateFolder } from "../../src/mailbox/database.ts";
import { quietPort } from "../support/quiet_port.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { selfSigned } from "../tls/self_signed.ts";
import { CheckRig } from "./check_rig.ts";
import { nymGateway } from "./program.ts";

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

/** A body without an end. */
function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1024 * 1024).fill(32)) });
}

Deno.test("a directory that can't be reached fails, with the reason", async () => {
  await using rig = new CheckRig();
  await rig.init();
  await rig.edit((text) => text.replace(/^(presence_directory_server = ).*/m, `$1"http://127.0.0.1:${quietPort()}/"`));
  const { code, found } = await rig.check();
  assertEquals(code, 69);
  assertMatch(found["directory"]?.found ?? "", /^http:\S+: the connection failed: [^(:]*refused/i);
});
