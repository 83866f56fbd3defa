import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { defaultsOf, MIXNODE } from "../../src/config/config.ts";
import { Conversations } from "../../src/conversation/mod.ts";
import { setLogLevel } from "../../src/logging/log.ts";
import { Mixnode } from "../../src/mixnode/mixnode.ts";
import { MemoryStore, Peap, type TraceEvent } from "../../src/peap/mod.ts";
import { Network } from "../../src/sandbox/network.ts";
import { portsFrom } from "../../src/sandbox/ports.ts";
import { generateKeyPair } from "../../src/sphinx/curve.ts";
import { eventually } from "../support/eventually.ts";
import { quietPort } from "../support/quiet_port.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

setLogLevel("error");

/** A second mixnode in the middle layer of the network. */
async function secondMixnode(network: Network, folder: TemporaryFolder): Promise<Mixnode> {
  const config = defaultsOf(MIXNODE, "second", join(folder.path, "mixnodes"));
  config.mixnode.layer = 2;
  config.mixnode.listeningAddress = config.mixnode.announceAddress = `127.0.0.1:${quietPort()}`;
  config.mixnode.presenceDirectoryServer = network.directory.url;
  config.operator.listeningAddress = "";
  const mixnode = await Mixnode.start(config, generateKeyPair());
  await eventually("both are listed", () => network.directory.topology().mixNodes.length === 4);
  await Promise.all([...network.mixnodes, mixnode].map(({ presence }) => presence.lookAgain()));
  return mixnode;
}

/** The text of the first `count` messages. */
async function texts(conversations: Conversations, count: number): Promise<string[]> {
  const texts: string[] = [];
  for await (const event of conversations) {
    if (event.type === "message") texts.push(new TextDecoder().decode(event.data));
    if (texts.length === count) break;
  }
  return texts;
}

Deno.test("with one of two mixnodes of a layer dead, 100 of 100 messages arrive, also over a restart", async () => {
  await using network = await Network.start(portsFrom(quietPort(6)), new AbortController().signal);
  using folder = new TemporaryFolder();
  const second = await secondMixnode(network, folder);
  // A directory that never notices that a mixnode has died, however slow this machine is.
  const topology = network.directory.topology();
  const listen = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  await using directory = Deno.serve(listen, () => Response.json(topology));
  let lost = 0;
  const trace = ({ type, ...event }: TraceEvent) => {
    if (!("carries" in event) || event.carries === "cover") return;
    lost += type === "packet-sent" ? 1 : -1;
  };
  const open = async (store: MemoryStore) => {
    const { port } = directory.addr;
    const options = {
      directory: `http://127.0.0.1:${port}`,
      store,
      traffic: "none",
      meanHopDelay: 1,
      trace,
    } as const;
    return Conversations.open(await Peap.connect(options), { store, resendAfter: 250 });
  };
  const stores = [new MemoryStore(), new MemoryStore()] as const;
  await using alice = await open(stores[0]);
  const bob = await open(stores[1]);
  const peer = await bob.accept(await alice.invite());
  assertEquals(peer, alice.id);
  await bob.send(peer, "0");
  assertEquals(await texts(alice, 1), ["0"]);
  assertEquals(alice.safetyNumber(bob.id), bob.safetyNumber(alice.id));

  await second[Symbol.asyncDispose]();
  lost = 0;
  const sent = Array.from({ length: 100 }, (_, i) => `${i + 1}`);
  for (const text of sent.slice(0, 50)) await bob.send(peer, text);
  await bob.close();
  await using again = await open(stores[1]);
  for (const text of sent.slice(50)) await again.send(peer, text);
  assertEquals(await texts(alice, 100), sent);
  assert(lost > 20, `only ${lost} packets were lost`);
});
