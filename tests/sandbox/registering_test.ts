import { assertEquals, assertRejects } from "@std/assert";
import { setLogLevel } from "../../src/logging/log.ts";
import { generateIdentity, Peap, PeapError } from "../../src/peap/mod.ts";
import { Network } from "../../src/sandbox/network.ts";
import { portsFrom } from "../../src/sandbox/ports.ts";
import { quietPort } from "../support/quiet_port.ts";

setLogLevel("error");

Deno.test("our client registers again after losing its token, and nobody else can register its address", async () => {
  await using network = await Network.start(portsFrom(quietPort(6)), new AbortController().signal);
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

Deno.test("our gateway proves its key, our client logs in by proof, and a message keeps its id until it is taken", async () => {
  await using network = await Network.start(portsFrom(quietPort(6)), new AbortController().signal);
  const options = { directory: network.directory.url, traffic: "none", meanHopDelay: 1 } as const;
  const first = await Peap.connect(options);
  const { credentials, address } = first;
  assertEquals([credentials.proven, credentials.token], [true, undefined]);
  await first.send(address, "same");
  const { value: pushed } = await first[Symbol.asyncIterator]().next();
  await using again = await Peap.connect({ ...options, credentials }); // the first one is superseded before it acknowledges
  const { value: repeated } = await again[Symbol.asyncIterator]().next();
  assertEquals([again.address, repeated?.text(), repeated?.id], [address, "same", pushed?.id]);
  await first.close();
  await again.send(address, "same");
  const { value: other } = await again[Symbol.asyncIterator]().next();
  assertEquals([other?.text(), other?.id === repeated?.id], ["same", false]);
});
