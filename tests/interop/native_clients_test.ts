import { assertEquals } from "@std/assert";
import { decodeBase58 } from "../../src/encoding/base58.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { NativeApplication } from "../support/native_application.ts";
import { freePort, ReferenceNetwork, referenceTest } from "../support/reference_network.ts";

/** Our gateway with the 0.7.0 directory and mixnodes. */
async function withNetwork(use: (network: ReferenceNetwork, gateway: GatewayProcess) => Promise<void>): Promise<void> {
  await using network = await ReferenceNetwork.start({ gateway: false });
  await using gateway = await GatewayProcess.init("ours", freePort(), freePort(), network.directory);
  await gateway.start();
  await network.topology(({ gatewayNodes }) => gatewayNodes.length === 1);
  await use(network, gateway);
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Client key ‖ gateway key, the recipient of a native client's binary message. */
function binaryRecipient(address: string): Uint8Array {
  return new Uint8Array(address.split("@").flatMap((part) => [...decodeBase58(part)!]));
}

referenceTest(
  "native 0.7.0 clients exchange messages through 0.7.0 mixnodes and our gateway",
  () =>
    withNetwork(async (network) => {
      const [alicePort, bobPort] = [freePort(), freePort()];
      await using _alice = await network.client("alice", alicePort);
      await using _bob = await network.client("bob", bobPort);
      await using alice = await NativeApplication.open(`ws://127.0.0.1:${alicePort}`);
      await using bob = await NativeApplication.open(`ws://127.0.0.1:${bobPort}`);
      const [toAlice, toBob] = [await alice.address(), await bob.address()];

      alice.sendText(toBob, "hello Bob");
      assertEquals(text(await bob.received()), "hello Bob");
      bob.sendText(toAlice, "hello Alice");
      assertEquals(text(await alice.received()), "hello Alice");

      const picture = Uint8Array.from({ length: 20_000 }, (_, i) => i * 31 % 251);
      alice.sendBinary(binaryRecipient(toBob), picture);
      assertEquals(await bob.received(), picture);
      bob.sendBinary(binaryRecipient(toAlice), picture);
      assertEquals(await alice.received(), picture);
    }),
);

referenceTest(
  "a native client receives the messages of its absence in order, across a restart of the gateway",
  () =>
    withNetwork(async (network, gateway) => {
      const [alicePort, bobPort] = [freePort(), freePort()];
      await using _alice = await network.client("alice", alicePort);
      let toBob: string;
      {
        await using _bob = await network.client("bob", bobPort);
        await using bob = await NativeApplication.open(`ws://127.0.0.1:${bobPort}`);
        toBob = await bob.address();
      }
      await using alice = await NativeApplication.open(`ws://127.0.0.1:${alicePort}`);
      const before = await gateway.stored();
      const letters = ["first", "second", "third"];
      for (const [i, letter] of letters.entries()) {
        alice.sendText(toBob, letter);
        await gateway.storedReaches(before + i + 1); // the mixnet itself does not preserve order
      }
      assertEquals(await gateway.stop("SIGTERM"), 0);
      await gateway.start();
      await using _bobAgain = await network.client("bob", bobPort);
      await using bob = await NativeApplication.open(`ws://127.0.0.1:${bobPort}`);
      for (const letter of letters) assertEquals(text(await bob.received()), letter);
    }),
);
