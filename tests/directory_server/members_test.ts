import { ed25519 } from "@noble/curves/ed25519.js";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { MixnodeRig } from "../mixnode/mixnode_rig.ts";
import { DirectoryRig } from "../support/directory_rig.ts";
import { eventually } from "../support/eventually.ts";
import { GatewayRig } from "../support/gateway_rig.ts";
import { Silence } from "../support/silence.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { selfSigned } from "../tls/self_signed.ts";

const SENDING_DELAY = 20; // ms

Deno.test("a closed directory lists our gateway and mixnode, and a mixnode follows none but that with its directory_key", async () => {
  using _silence = new Silence();
  await using directory = await DirectoryRig.start(({ directory }) => directory.open = false);
  const key = encodeBase58(ed25519.getPublicKey(directory.signingKey));
  await using gateway = await GatewayRig.start(directory.url, ({ gateway, debug }) => {
    gateway.directoryKey = [key];
    debug.presenceSendingDelay = SENDING_DELAY;
  });
  await eventually("the gateway is listed", () => directory.topology().gatewayNodes.length === 1);
  const mixnodeWith = (layer: number, key: string) =>
    MixnodeRig.start(directory.url, layer, ({ mixnode, debug }) => {
      mixnode.directoryKey = [key];
      debug.presenceSendingDelay = SENDING_DELAY;
    });
  await using mixnode = await mixnodeWith(1, key);
  await eventually("the mixnode is listed", () => directory.topology().mixNodes.length === 1);
  assertEquals(mixnode.mixnode.presence.nodes, 1);
  await using other = await mixnodeWith(2, encodeBase58(gateway.keys.publicKey));
  await eventually("it has asked", () => other.mixnode.presence.failure !== undefined);
  assertEquals(other.mixnode.presence.nodes, 0);
  assertEquals(directory.topology().mixNodes.map(({ pubKey }) => pubKey), [encodeBase58(mixnode.keys.publicKey)]);
  assertEquals(directory.directory.counters.get("announcements_plain"), 0);
});

Deno.test("a directory speaks TLS, and shows a renewed certificate to those who connect after a reload", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  const first = await selfSigned(folder, "first");
  const second = await selfSigned(folder, "second");
  const used = { certificate: folder.file("used.crt"), key: folder.file("used.key") };
  const use = (files: typeof used) => {
    Deno.copyFileSync(files.certificate, used.certificate);
    Deno.copyFileSync(files.key, used.key);
  };
  use(first);
  await using rig = await DirectoryRig.start(({ directory }) => {
    directory.tlsCertificate = used.certificate;
    directory.tlsKey = used.key;
  });
  const ask = async ({ certificate }: typeof used) => {
    using client = Deno.createHttpClient({ caCerts: [Deno.readTextFileSync(certificate)] });
    const url = rig.url.replace("127.0.0.1", "localhost");
    return await (await fetch(`${url}/api/healthcheck`, { client })).json();
  };
  assertEquals(await ask(first), { ok: true });
  await assertRejects(() => ask(second));
  use(second);
  rig.directory.reload(() => rig.config);
  assertEquals(await ask(second), { ok: true });
  assert(rig.url.startsWith("https://"));
});
