import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { descriptorsHere } from "../../src/cli/checks/machine.ts";
import type { Finding } from "../../src/cli/checks/finding.ts";
import { lockPrivateFolder } from "../../src/mailbox/database.ts";
import { CheckRig } from "./check_rig.ts";
import { nymGateway, outcomeOf, program } from "./program.ts";

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

Deno.test("the limit on descriptors that counts is the running gateway's; the shell's does not fail", async () => {
  await using rig = new CheckRig();
  await rig.init();
  const line = `ulimit -n 500; exec "$0" "$@"`;
  const few = program("gateway_program.ts", ["check", "--id", "gw", "--output", "json"], rig.env, line);
  const { code, stdout } = await outcomeOf(few);
  const here = JSON.parse(stdout).findings.find(({ subject }: Finding) => subject === "descriptors");
  assertEquals([code, here.status], [0, "warn"]);
  assertMatch(here.found, /^only 4\d\d for one started here; a service has its own limit$/);
  assertEquals(descriptorsHere(1010, join(rig.data, "inboxes")).status, "warn");
  assertEquals(descriptorsHere(1010, "/var/lib/nym-gateway/gateways/gw/data/inboxes").status, "ok");

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
