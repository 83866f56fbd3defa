import { assertEquals, assertRejects } from "@std/assert";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { type Credentials, MemoryStore, Peap, PeapError, type PeapOptions } from "../../src/peap/mod.ts";
import { newChallenge, proveGateway } from "../../src/protocol/proof.ts";
import { generateKeyPair } from "../../src/sphinx/curve.ts";
import { eventually } from "../support/eventually.ts";
import { FakeNetwork } from "./fake_network.ts";
import { patientClock } from "./patient_clock.ts";

const unproven = () => ({ type: "error", message: "malformed request" });

function connect(network: FakeNetwork, options: Partial<PeapOptions> = {}): Promise<Peap> {
  const surroundings = { clock: patientClock };
  return Peap.connect({ directory: network.directory, traffic: "none", surroundings, ...options });
}

async function assertProofError(text: string, promise: Promise<unknown>): Promise<void> {
  const error = await assertRejects(() => promise, PeapError, text);
  assertEquals([error.kind, error.retryable], ["proof", false]);
}

Deno.test("a client logs in by proof where the gateway proves its key: its credentials need no token", async () => {
  await using network = new FakeNetwork(true);
  await using alice = await connect(network);
  const { credentials, address } = alice;
  assertEquals([credentials.token, credentials.proven], [undefined, true]);
  await alice.close();
  await using back = await connect(network, { credentials: JSON.parse(JSON.stringify(credentials)) });
  assertEquals([back.address, back.credentials], [address, credentials]);
  assertEquals(network.logins.map(({ type, token, proof }) => [type, token, proof !== undefined]), [
    ["register", undefined, true],
    ["authenticate", undefined, true],
  ]);
});

Deno.test("a 0.7.0 gateway goes on working with a token, and counts as unproven", async () => {
  await using network = new FakeNetwork(false);
  await using alice = await connect(network);
  const { credentials } = alice;
  assertEquals(alice.state, { state: "connected", gateway: network.gatewayKey, proven: false });
  assertEquals([credentials.token, credentials.proven], ["token1", false]);
  await using back = await connect(network, { credentials });
  assertEquals(back.state.state, "connected");
  assertEquals(network.logins.map(({ type, token, proof }) => [type, token, proof]), [
    ["register", undefined, undefined],
    ["authenticate", "token1", undefined],
  ]);
  await assertProofError("does not prove that it holds its key", connect(network, { credentials, requireProof: true }));
});

Deno.test("a gateway that has proven its key once is held to it, and gets nothing before", async () => {
  await using network = new FakeNetwork(true);
  await using alice = await connect(network);
  const { credentials } = alice;
  const logins = network.logins.length;
  network.answers.challenge = unproven;
  await assertProofError("as it did before", connect(network, { credentials }));
  network.disconnect(alice.address);
  await eventually("it has given up", () => alice.state.state === "failed");
  assertEquals(network.logins.length, logins);
});

Deno.test("nothing secret is sent to a stranger who is listed as a gateway", async () => {
  await using network = new FakeNetwork(true);
  const stranger = generateKeyPair();
  const { nonce, publicKey } = newChallenge();
  const own = { nonce, publicKey };
  const parts = { type: "challenge", nonce: encodeBase58(nonce), publicKey: encodeBase58(publicKey) };
  const wrong = [
    () => encodeBase58(new Uint8Array(32)),
    () => "?",
    () => 7,
    (asked: { nonce: Uint8Array; publicKey: Uint8Array }) =>
      encodeBase58(proveGateway(stranger.privateKey, stranger.publicKey, asked, own)!),
  ];
  for (const proof of wrong) {
    network.answers.challenge = (asked) => ({ ...parts, proof: proof(asked) });
    await assertProofError("does not hold its key", connect(network));
  }
  assertEquals(network.logins, []);
});

Deno.test("a store keeps the credentials, so that the next client has the same address", async () => {
  await using network = new FakeNetwork(true);
  const store = new MemoryStore();
  await using alice = await connect(network, { store });
  assertEquals(await store.keys("peap/"), ["peap/credentials"]);
  await using again = await connect(network, { store });
  assertEquals([again.address, again.credentials], [alice.address, alice.credentials]);
  const credentials: Credentials = { ...alice.credentials };
  await using other = await connect(network, { store: new MemoryStore(), credentials });
  assertEquals(other.address, alice.address);
  await store.write(new Map([["peap/credentials", new TextEncoder().encode("{}")]]));
  await assertRejects(() => connect(network, { store }), TypeError, "no valid credentials");
});

Deno.test("a gateway that proves its key only at a reconnect is held to it after a restart, too", async () => {
  await using network = new FakeNetwork(true, { challenge: unproven });
  const store = new MemoryStore();
  await using alice = await connect(network, { store });
  const stored = async () => JSON.parse(new TextDecoder().decode(await store.get("peap/credentials")));
  assertEquals([(await stored()).token, (await stored()).proven], ["token1", false]);
  network.answers.challenge = (asked) => network.prove(asked);
  network.disconnect(alice.address);
  await eventually("it is stored", async () => (await stored()).proven);
  assertEquals(await stored(), alice.credentials);
});

Deno.test("an application that gives up while the credentials are stored gets no client", async () => {
  await using network = new FakeNetwork(true);
  const store = new MemoryStore();
  const controller = new AbortController();
  const write: MemoryStore["write"] = (changes) => {
    controller.abort(new Error("given up"));
    return MemoryStore.prototype.write.call(store, changes);
  };
  const slow = { get: store.get.bind(store), keys: store.keys.bind(store), write };
  await assertRejects(() => connect(network, { store: slow, signal: controller.signal }), Error, "given up");
});

Deno.test("a memory store applies changes, and returns copies", async () => {
  const store = new MemoryStore();
  const value = Uint8Array.of(1);
  await store.write(new Map([["a/1", value], ["a/2", Uint8Array.of(2)], ["b", Uint8Array.of(3)]]));
  value[0] = 9;
  (await store.get("a/1"))![0] = 9;
  assertEquals(await store.get("a/1"), Uint8Array.of(1));
  await store.write(new Map([["a/1", undefined]]));
  assertEquals([await store.get("a/1"), await store.keys("a/")], [undefined, ["a/2"]]);
});
