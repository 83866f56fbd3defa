import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { HOME_070, PATH_OF_MIXNODE_CONFIG_070, unpackMixnodeHome070 } from "../config/home_070.ts";
import { frame } from "../../src/mixnet/frames.ts";
import { decodeBase58 } from "../../src/encoding/base58.ts";
import { eventually } from "../support/eventually.ts";
import { Operator } from "../support/operator.ts";
import { quietPort } from "../support/quiet_port.ts";
import { Silence } from "../support/silence.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { DirectoryRig } from "../support/directory_rig.ts";
import { hop, LastHop } from "./mixnode_rig.ts";
import { mixnode, MixnodeProcess } from "./mixnode_process.ts";

const edit = (path: string, change: (text: string) => string) =>
  Deno.writeTextFileSync(path, change(Deno.readTextFileSync(path)));

async function send(port: number, ...packets: Uint8Array[]): Promise<void> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const frames = frame(...packets);
  for (let sent = 0; sent < frames.length;) sent += await connection.write(frames.subarray(sent));
}

Deno.test({
  name: "a 0.7.0 home through the real commands: run, a second run, reload, status, a kill, a stop",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    using _silence = new Silence();
    using folder = new TemporaryFolder();
    const home = folder.path;
    await unpackMixnodeHome070(home);
    const config = folder.file(PATH_OF_MIXNODE_CONFIG_070);
    const operator = `127.0.0.1:${quietPort()}`;
    edit(
      config,
      (text) => `${text}\n[debug]\nmetrics_sending_delay = 1000\n[operator]\nlistening_address = "${operator}"\n`,
    );
    await using last = new LastHop();
    const directory = await DirectoryRig.start();
    await last.announceTo(directory.url);
    const port = quietPort();
    const line = `--port ${port} --directory ${directory.url}`;
    const socket = Deno.listenDatagram({ transport: "unixpacket", path: folder.file("notify") });
    using closing = new DisposableStack();
    closing.defer(() => socket.close());
    const notified = socket.receive();

    let process = await MixnodeProcess.start(home, line, {
      NOTIFY_SOCKET: folder.file("notify"),
      WATCHDOG_USEC: "20000000",
    });
    const note = process.printed.match(/##### NOTE #####/g)?.length;
    const printed = process.printed.replaceAll(home, HOME_070).slice(process.printed.indexOf("Starting"));
    assertEquals([note, printed.replace(/\n+##### NOTE #####[^]*?'announce-host'\n+/, "\n").trimEnd().split("\n")], [
      1,
      [
        "Starting mixnode supermix...",
        "Public key: 57iU9pkjuZ2JgNbWCJ8tpXGKaUyV75HsthpHUTKMFNDP",
        `Directory server [presence]: ${directory.url}`,
        `Directory server [metrics]: ${directory.url}`,
        `Listening for incoming packets on 127.0.0.1:${port}`,
        `Announcing the following socket address: 127.0.0.1:${port}`,
      ],
    ]);
    assertStringIncludes(process.logged, 'unknown key "metrics_sending_delay" in [debug] is ignored');
    const key = `${home}/.nym/mixnodes/supermix/data/private_sphinx.pem`;
    assertEquals(Deno.statSync(key).mode! & 0o777, 0o600);
    const [state] = await notified;
    assertMatch(new TextDecoder().decode(state), /^READY=1\nSTATUS=0 packets waiting, 1 other node known/);

    const second = await mixnode(home, `run --port ${quietPort()}`);
    assertEquals(second.code, 74);
    assertStringIncludes(second.stderr, "another running mixnode is using it");

    edit(config, (text) => `${text}\n[limits]\nheld_packets = 7\n`);
    assertEquals((await mixnode(home, "reload")).stdout, " Changed: [limits] held_packets.\n");
    edit(config, (text) => text.replace("held_packets = 7", "held_packets = 0"));
    const refused = await mixnode(home, "reload");
    assertEquals(refused.code, 78);
    assertStringIncludes(refused.stderr, '"held_packets" in [limits] must be a whole number');
    edit(config, (text) => text.replace("held_packets = 0", "held_packets = 7"));

    const here = (delay = 0) =>
      hop(decodeBase58("57iU9pkjuZ2JgNbWCJ8tpXGKaUyV75HsthpHUTKMFNDP")!, { host: "127.0.0.1", port }, delay);
    const packet = last.packet("once", here());
    await send(port, packet);
    await eventually("it arrives", () => last.received.length === 1);
    const page = new Operator(operator, "mixnode");
    await page.reaches('forwarder_packets_total{outcome="forwarded"}', 1);
    const status = await mixnode(home, "status");
    assertEquals(status.code, 0, status.stderr);
    assertMatch(status.stdout, / supermix, version .* up .*\n[^]*\n delays +0 packets waiting of 7 at most\n/);
    assertMatch(status.stdout, /\n +since start +1 \(1\.4 kB\) received, 0 dropped, 1 \(1\.4 kB\) forwarded\n/);

    // After a kill, without a directory: what it has seen and whom it knows is on the disk.
    await process.end("SIGKILL");
    await directory[Symbol.asyncDispose]();
    process = await MixnodeProcess.start(home, line);
    assertStringIncludes(process.logged, "ago, with 1 node");
    await send(port, packet, last.packet("another", here()));
    await eventually("another one arrives", () => last.received.length === 2);
    assertEquals(last.texts, ["once", "another"]);
    assertEquals(await page.metric('packets_dropped_total{reason="replayed"}'), 1);
    assertEquals(await page.metric("topology_nodes"), 1);
    const { ready, text } = await page.readiness();
    assertMatch(text, /^warn {2}directory +requests fail: .* uses the topology of /m);
    assertEquals(ready, true);

    await send(port, last.packet("soon", here(700)), last.packet("late", here(30_000)));
    await page.reaches("held_packets", 1);
    assertEquals(await process.end("SIGTERM"), 0);
    await eventually("what is due soon arrives", () => last.received.length === 3);
    assertEquals(last.texts.at(-1), "soon");
    assertStringIncludes(process.logged, "Stopped\n");
  },
});
