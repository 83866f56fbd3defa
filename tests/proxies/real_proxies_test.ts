import { assertEquals, assertStringIncludes } from "@std/assert";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { frame } from "../../src/mixnet/frames.ts";
import { numberedPacket } from "../mixnet/numbered_packets.ts";
import { eventually } from "../support/eventually.ts";
import { GatewayRig } from "../support/gateway_rig.ts";
import { randomClientAddress } from "../support/packets.ts";
import { quietPort } from "../support/quiet_port.ts";
import { RawClient } from "../support/raw_client.ts";
import { Silence } from "../support/silence.ts";
import { SocketConnection } from "./socket_connection.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { selfSigned } from "../tls/self_signed.ts";

/** The examples of docs/proxies.md by language, in their order. */
const EXAMPLES = Map.groupBy(
  Deno.readTextFileSync(new URL("../../docs/proxies.md", import.meta.url)).matchAll(/^```(\w+)\n(.*?)^```$/gms),
  ([, language]) => language!,
);

/** Debian has the module for streams in a package of its own. */
const HAS_STREAMS = "nginx -v && (nginx -V 2>&1 | grep -Eq -- '--with-stream( |$)' || " +
  "grep -q ngx_stream_module /etc/nginx/modules-enabled/*)";

/** An example, with each of `changes` applied. It must have them all. */
function example(language: string, n: number, changes: Readonly<Record<string, string>>): string {
  let text = EXAMPLES.get(language)![n]![2]!;
  for (const [from, to] of Object.entries(changes)) {
    assertStringIncludes(text, from);
    text = text.replaceAll(from, to);
  }
  return text;
}

/** Two gateways that trust 127.0.0.1, one with TLS, and ports for a proxy in front of them. */
class Rig implements AsyncDisposable {
  readonly folder = new TemporaryFolder();
  readonly ports = { clients: quietPort(), through: quietPort(), mixnodes: quietPort() };
  plain!: GatewayRig;
  secure!: GatewayRig;
  files!: { certificate: string; key: string };

  static async start(): Promise<Rig> {
    const rig = new Rig();
    rig.files = await selfSigned(rig.folder, "proxy");
    const start = (files?: { certificate: string; key: string }) =>
      GatewayRig.start(undefined, ({ limits, clientsEndpoint }) => {
        limits.trustedProxies = ["127.0.0.1"];
        limits.registrationsPerHourPerNetwork = 1;
        limits.mixnetConnectionsPerNetwork = 1;
        clientsEndpoint.tlsCertificate = files?.certificate ?? "";
        clientsEndpoint.tlsKey = files?.key ?? "";
      });
    rig.plain = await start();
    rig.secure = await start(rig.files);
    return rig;
  }

  /** The gateways' addresses in the examples, and what they are here. */
  get clients(): Record<string, string> {
    return { "127.0.0.1:9000": `127.0.0.1:${this.plain.gateway.clientsAddress.port}` };
  }

  get through(): Record<string, string> {
    return { "127.0.0.1:9000": `127.0.0.1:${this.secure.gateway.clientsAddress.port}` };
  }

  get mixnodes(): Record<string, string> {
    return { "127.0.0.1:1790": `127.0.0.1:${this.plain.gateway.mixnetAddress.port}` };
  }

  /** Runs a program until the rest of the test is over, with its files in the folder. */
  run(command: string, args: string[]): AsyncDisposable {
    const env = { XDG_DATA_HOME: this.folder.path, XDG_CONFIG_HOME: this.folder.path };
    const child = new Deno.Command(command, { args, env, stdout: "null", stderr: "piped" }).spawn();
    const output = new Response(child.stderr).text();
    return {
      [Symbol.asyncDispose]: async () => {
        try {
          child.kill("SIGTERM");
        } catch {
          throw new Error(`${command} has ended: ${await output}`);
        }
        await child.status;
        await output;
      },
    };
  }

  /** Connects from a local address, once the proxy listens. */
  async connect(from: string, port: number, isSecure = false): Promise<SocketConnection> {
    const trusted = isSecure ? await Deno.readTextFile(this.files.certificate) : undefined;
    for (const end = Date.now() + 10_000;;) {
      try {
        return await SocketConnection.open(from, { host: "127.0.0.1", port }, trusted);
      } catch (error) {
        if (Date.now() > end) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  /** One registration is allowed for each network, whatever a client says of itself. */
  async assertClientsTold(port: number, { gateway }: GatewayRig): Promise<void> {
    const registers = async (from: string, ...headers: string[]) => {
      using client = await RawClient.over(
        await this.connect(from, port, true),
        { host: "localhost", port },
        ...headers,
      );
      const before = gateway.counters.get("registrations");
      await client.send({ type: "register", address: encodeBase58(randomClientAddress()) });
      await client.frameArrived();
      return gateway.counters.get("registrations") > before;
    };
    assertEquals([await registers("127.1.1.1"), await registers("127.1.1.2")], [true, false]);
    assertEquals([await registers("127.1.2.1"), await registers("127.1.2.1")], [true, false]);
    assertEquals(await registers("127.1.1.1", "x-forwarded-for: 192.0.2.1"), false);
    assertEquals(await registers("127.1.1.1", "forwarded: for=192.0.2.1"), false);
  }

  /** One connection is allowed for each network: a newer one replaces it. */
  async assertMixnodesTold(port: number): Promise<void> {
    const { counters } = this.plain.gateway;
    const packet = frame(numberedPacket(1));
    using first = await this.connect("127.1.1.1", port);
    await first.write(packet);
    await eventually("a packet comes", () => counters.get("packets_received") === 1);
    using second = await this.connect("127.1.2.1", port);
    await second.write(packet);
    await eventually("one from another network comes", () => counters.get("packets_received") === 2);
    assertEquals([counters.get("connections_evicted"), counters.get("connections_closed")], [0, 0]);
    using third = await this.connect("127.1.1.2", port);
    await third.write(packet);
    await eventually("the first is replaced", () => counters.get("connections_evicted") === 1);
    await eventually("its packet comes", () => counters.get("packets_received") === 3);
    assertEquals(await first.read(new Uint8Array(1)).catch(() => null), null);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.plain[Symbol.asyncDispose]();
    await this.secure[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }
}

/** A test of the examples for a program; skipped, as its name then says, where the shell command `probe` fails. */
function testWith(program: string, probe: string, fn: (rig: Rig) => Promise<void>): void {
  const isInstalled = succeeds(probe);
  Deno.test({
    name: `the examples for ${program} name each client${isInstalled ? "" : `: skipped, ${program} is not installed`}`,
    ignore: !isInstalled || Deno.build.os !== "linux", // which has all of 127.0.0.0/8
    fn: async () => {
      using _silence = new Silence();
      await using rig = await Rig.start();
      await fn(rig);
    },
  });
}

function succeeds(command: string): boolean {
  try {
    return new Deno.Command("sh", { args: ["-c", command], stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false; // there is no shell
  }
}

testWith("nginx", HAS_STREAMS, async (rig) => {
  const { folder, ports, files } = rig;
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) =>
    `${name}_temp_path ${folder.file(name)};`
  );
  const clients = example("nginx", 0, {
    ...rig.clients,
    "listen 443 ssl": `listen 127.0.0.1:${ports.clients} ssl`,
    "/etc/ssl/gateway.example.org.pem": files.certificate,
    "/etc/ssl/private/gateway.example.org.key": files.key,
  });
  const streams = example("nginx", 1, {
    ...rig.mixnodes,
    ...rig.through,
    "listen 1789": `listen 127.0.0.1:${ports.mixnodes}`,
    "listen 443": `listen 127.0.0.1:${ports.through}`,
  });
  const configuration = `
    include /etc/nginx/modules-enabled/*.conf;
    daemon off; master_process off; pid ${folder.file("pid")}; error_log stderr;
    events {}
    http { access_log off; ${temporary.join(" ")} ${clients} }
    stream { ${streams} }`;
  await Deno.writeTextFile(folder.file("nginx.conf"), configuration);
  await using _nginx = rig.run("nginx", ["-c", folder.file("nginx.conf"), "-e", "stderr"]);
  await rig.assertClientsTold(ports.clients, rig.plain);
  await rig.assertClientsTold(ports.through, rig.secure);
  await rig.assertMixnodesTold(ports.mixnodes);
});

testWith("haproxy", "haproxy -v", async (rig) => {
  const { folder, ports, files } = rig;
  const pem = await Promise.all([files.certificate, files.key].map((path) => Deno.readTextFile(path)));
  await Deno.writeTextFile(folder.file("proxy.pem"), pem.join(""));
  const both = example("haproxy", 0, {
    ...rig.clients,
    ...rig.mixnodes,
    ":443": `127.0.0.1:${ports.clients}`,
    ":1789": `127.0.0.1:${ports.mixnodes}`,
    "/etc/haproxy/gateway.example.org.pem": folder.file("proxy.pem"),
  });
  const through = example("haproxy", 1, {
    ...rig.through,
    ":443": `127.0.0.1:${ports.through}`,
    "listen clients": "listen through",
  });
  await Deno.writeTextFile(folder.file("haproxy.cfg"), `${both}\n${through}`);
  await using _haproxy = rig.run("haproxy", ["-db", "-f", folder.file("haproxy.cfg")]);
  await rig.assertClientsTold(ports.clients, rig.plain);
  await rig.assertClientsTold(ports.through, rig.secure);
  await rig.assertMixnodesTold(ports.mixnodes);
});

testWith("caddy", "caddy version", async (rig) => {
  const { folder, ports, files } = rig;
  const site = example("caddyfile", 0, {
    ...rig.clients,
    "gateway.example.org {":
      `https://localhost:${ports.clients} {\n\tbind 127.0.0.1\n\ttls ${files.certificate} ${files.key}`,
  });
  await Deno.writeTextFile(folder.file("Caddyfile"), `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${site}`);
  await using _caddy = rig.run("caddy", ["run", "--adapter", "caddyfile", "--config", folder.file("Caddyfile")]);
  await rig.assertClientsTold(ports.clients, rig.plain);
});
