import { assertEquals, assertRejects } from "@std/assert";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { Peap, PeapError, type PeapOptions } from "../../src/peap/mod.ts";
import { NativeApplication } from "../support/native_application.ts";
import { freePort, ReferenceNetwork, referenceTest } from "../support/reference_network.ts";

const MEAN_HOP_DELAY = 20; // ms

referenceTest("two clients exchange text and a binary through the 0.7.0 gateway and mixnodes", async () => {
  await using network = await ReferenceNetwork.start({ gateway: true });
  const options = { directory: network.directory, meanHopDelay: MEAN_HOP_DELAY };
  await using alice = await Peap.connect({ ...options, traffic: "loop", meanCoverGap: 50 });
  await using bob = await Peap.connect({ ...options, meanSendGap: 20 });
  const [toAlice, toBob] = [alice[Symbol.asyncIterator](), bob[Symbol.asyncIterator]()];

  await alice.send(bob.address, "hello Bob, καλημέρα");
  assertEquals((await next(toBob)).text(), "hello Bob, καλημέρα");

  const binary = Uint8Array.from({ length: 20_000 }, (_, index) => index * 31 % 251);
  await bob.send(alice.address, binary);
  assertEquals((await next(toAlice)).data, binary);

  await alice.send(bob.address, "");
  assertEquals((await next(toBob)).data, new Uint8Array());
});

referenceTest(
  "a client logs in again at the 0.7.0 gateway with its token and gets the messages of the meantime",
  async () => {
    await using network = await ReferenceNetwork.start({ gateway: true });
    const { directory } = network;
    const connect = (more: Partial<PeapOptions> = {}) =>
      Peap.connect({ directory, meanHopDelay: MEAN_HOP_DELAY, traffic: "none", ...more });
    await using alice = await connect();
    await using bob = await connect();
    const { address, credentials } = bob;
    assertEquals(bob.state, { state: "connected", gateway: credentials.gateway, proven: false });
    await bob.close();

    await alice.send(address, "kept");
    await using back = await connect({ credentials });
    assertEquals((await next(back[Symbol.asyncIterator]())).text(), "kept");
    assertEquals(back.credentials, credentials);

    const refused = () => connect({ credentials: { ...credentials, token: encodeBase58(new Uint8Array(32)) } });
    assertEquals((await assertRejects(refused, PeapError)).kind, "token");
  },
);

referenceTest("a client and a 0.7.0 native client exchange messages", async () => {
  await using network = await ReferenceNetwork.start({ gateway: true });
  const port = freePort();
  await using _native = await network.client("native", port);
  await using peap = await Peap.connect({ directory: network.directory, traffic: "none" });
  await using native = await NativeApplication.open(`ws://127.0.0.1:${port}`);
  const received = peap[Symbol.asyncIterator]();

  await peap.send(await native.address(), "to the native client");
  assertEquals(new TextDecoder().decode(await native.received()), "to the native client");

  const long = "a".repeat(5000);
  native.sendText(peap.address, long);
  assertEquals((await next(received)).text(), long);
});

async function next<T>(iterator: AsyncIterator<T>): Promise<T> {
  const { value, done } = await iterator.next();
  if (done) throw new Error("there are no more messages");
  return value;
}
