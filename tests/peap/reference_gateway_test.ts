import { assertEquals, assertRejects } from "@std/assert";
import { generateIdentity, Peap, PeapError, type PeapOptions } from "../../src/peap/mod.ts";
import { NativeApplication } from "../support/native_application.ts";
import { freePort, ReferenceNetwork, referenceTest } from "../support/reference_network.ts";

const MEAN_HOP_DELAY = 20; // ms

referenceTest("two clients exchange text and a binary through the 0.7.0 gateway and mixnodes", async () => {
  await using network = await ReferenceNetwork.start({ gateway: true });
  const options = { directory: network.directory, meanHopDelay: MEAN_HOP_DELAY };
  await using alice = await Peap.connect({ ...options, identity: generateIdentity(), coverTraffic: { mean: 50 } });
  await using bob = await Peap.connect({ ...options, identity: generateIdentity(), poisson: { mean: 20 } });
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
    const connect = (more: Omit<PeapOptions, "directory">) =>
      Peap.connect({ directory, meanHopDelay: MEAN_HOP_DELAY, ...more });
    const bobsIdentity = generateIdentity();
    await using alice = await connect({ identity: generateIdentity() });
    await using bob = await connect({ identity: bobsIdentity });
    const { address, token } = bob;
    await bob.close();

    await alice.send(address, "kept");
    await using back = await connect({ identity: bobsIdentity, token });
    assertEquals((await next(back[Symbol.asyncIterator]())).text(), "kept");
    assertEquals(back.token, token);

    const refused = () => connect({ identity: generateIdentity(), token });
    assertEquals((await assertRejects(refused, PeapError)).kind, "token");
  },
);

referenceTest("a client and a 0.7.0 native client exchange messages", async () => {
  await using network = await ReferenceNetwork.start({ gateway: true });
  const port = freePort();
  await using _native = await network.client("native", port);
  await using peap = await Peap.connect({ directory: network.directory, identity: generateIdentity() });
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
