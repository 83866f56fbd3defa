import { assertEquals, assertRejects } from "@std/assert";
import { setLogLevel } from "../../src/logging/log.ts";
import { generateIdentity, Peap, PeapError } from "../../src/peap/mod.ts";
import { Network } from "../../src/sandbox/network.ts";
import { portsFrom } from "../../src/sandbox/ports.ts";

setLogLevel("error");

Deno.test("our client registers again after losing its token, and nobody else can register its address", async () => {
  await using network = await Network.start(portsFrom(0), new AbortController().signal);
  const { url: directory } = network.directory;
  const identity = generateIdentity();
  const connect = (who: typeof identity) =>
    Peap.connect({ directory, identity: who, traffic: "none", meanHopDelay: 1 });
  let address: string;
  {
    await using first = await connect(identity);
    address = first.address;
    await first.send(first.address, "kept");
  }
  const thief = { publicKey: identity.publicKey, privateKey: generateIdentity().privateKey };
  assertEquals((await assertRejects(() => connect(thief), PeapError, "wrong proof")).kind, "gateway");
  await using again = await connect(identity);
  assertEquals(again.address, address);
  for await (const message of again) {
    assertEquals(message.text(), "kept");
    break;
  }
});
