import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { checkPorts } from "../../src/cli/checks/addresses.ts";
import { lockPrivateFolder } from "../../src/mailbox/database.ts";
import { quietPort } from "../support/quiet_port.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { selfSigned } from "../tls/self_signed.ts";
import { CheckRig } from "./check_rig.ts";

Deno.test("two overlapping addresses of the gateway are found, before it fails to listen on one of them", async () => {
  await using rig = new CheckRig();
  await rig.init();
  const port = quietPort();
  await rig.edit((text) =>
    text.replace(/^listening_address = "127\.0\.0\.1:\d+"/m, `listening_address = "0.0.0.0:${port}"`)
      .replace(/^listening_address = "127\.0\.0\.1:\d+"/m, `listening_address = "127.0.0.1:${port}"`)
  );
  const { code, found } = await rig.check();
  assertEquals([code, found["mixnet port"]?.status, found["clients port"]?.status], [78, "ok", "fail"]);
  assertStringIncludes(found["clients port"]?.found ?? "", `or by 0.0.0.0:${port}`);
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

Deno.test("an operator's port that is in use, or open to others, is only a warning", async () => {
  await using rig = new CheckRig();
  await rig.init();
  using taken = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  await rig.edit((text) => text.replace(/(\[operator\][^[]*listening_address = ).*/, `$1"0.0.0.0:${taken.addr.port}"`));
  const { code, found } = await rig.check();
  assertEquals([code, found["operator's port"]?.status, found["operator's address"]?.status], [0, "warn", "warn"]);
  assertStringIncludes(found["operator's port"]!.found, "there will be no status page and no metrics");
  assertStringIncludes(found["operator's port"]!.remedy!, "set another listening_address in [operator]");
});

Deno.test("an address that the system refuses has a remedy for the address, not for its port", () => {
  const [found] = checkPorts([{ name: "mixnet", listening: "[fe80::1]:0" }], "", false, "/none");
  assertEquals([found?.status, found?.remedy], [
    "fail",
    "use another address of this machine, or 0.0.0.0 or [::] for all of them",
  ]);
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
