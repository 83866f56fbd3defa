import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { decodeBase58, encodeBase58 } from "../../src/encoding/base58.ts";
import { isProofOfGateway, newChallenge, type OpenChallenge, proveAddress } from "../../src/protocol/proof.ts";
import { generateKeyPair, type KeyPair, publicKeyOf } from "../../src/sphinx/curve.ts";
import type { TestClient } from "../support/test_client.ts";
import { ClientsRig } from "./clients_rig.ts";

const owner = generateKeyPair();
const address = encodeBase58(owner.publicKey);
const authenticated = { type: "authenticate", status: true, acknowledgements: true };
const refused = { type: "authenticate", status: false };

/** Challenges the gateway, and returns its answer. */
async function ask(
  client: TestClient,
  own: OpenChallenge,
): Promise<Record<"nonce" | "publicKey", string> & { proof?: string }> {
  const question = { type: "challenge", nonce: encodeBase58(own.nonce), publicKey: encodeBase58(own.publicKey) };
  return await client.request(question) as Record<"nonce" | "publicKey", string>;
}

function decode({ nonce, publicKey }: Record<"nonce" | "publicKey", string>) {
  return { nonce: decodeBase58(nonce)!, publicKey: decodeBase58(publicKey)! };
}

/** The login with the client's proof, in answer to the gateway's challenge. */
async function login(rig: ClientsRig, client: TestClient, key: KeyPair): Promise<object> {
  const challenge = decode(await ask(client, newChallenge()));
  const proof = proveAddress(key.privateKey, owner.publicKey, challenge, publicKeyOf(rig.privateKey))!;
  return { type: "authenticate", address, proof: encodeBase58(proof) };
}

Deno.test("the gateway proves its key to a client that asks, once on a connection", async () => {
  await using rig = await ClientsRig.start();
  await using client = await rig.connect();
  const own = newChallenge();
  const answer = await ask(client, own);
  assert(isProofOfGateway(own, publicKeyOf(rig.privateKey), decode(answer), decodeBase58(answer.proof!)!));
  assertEquals((await ask(client, newChallenge())).proof, undefined);
  assertEquals(await client.request({ type: "challenge" }), {
    type: "challenge",
    nonce: answer.nonce,
    publicKey: answer.publicKey,
  });
});

Deno.test("a challenge of low order gets no proof", async () => {
  await using rig = await ClientsRig.start();
  await using client = await rig.connect();
  const answer = await ask(client, { ...newChallenge(), publicKey: new Uint8Array(32) });
  assertEquals([typeof answer.nonce, answer.proof], ["string", undefined]);
});

Deno.test("a client logs in by proof, without its token", async () => {
  await using rig = await ClientsRig.start();
  {
    await using client = await rig.connect();
    await client.request({ type: "register", address });
  }
  await using client = await rig.connect();
  assertEquals(await client.request(await login(rig, client, generateKeyPair())), refused);
  const request = await login(rig, client, owner);
  await using other = await rig.connect();
  assertEquals(await other.request(request), refused, "a challenge of another connection");
  assertEquals(await client.request(request), authenticated);
  assertEquals([rig.server.online, rig.counters.get("authentications_refused")], [1, 2]);
});

Deno.test("a login by proof of an unknown address counts as a registration", async () => {
  await using rig = await ClientsRig.start({}, { registrationsPerHourPerNetwork: 1 });
  await using client = await rig.connect();
  assertEquals(await client.request(await login(rig, client, owner)), authenticated);
  assertEquals(rig.ledger.size, 1);
  await using again = await rig.connect();
  assertEquals(await again.request(await login(rig, again, owner)), authenticated, "it is known now");
  await using other = await rig.connect();
  const { type } = await other.request({ type: "register", address: encodeBase58(generateKeyPair().publicKey) }) as {
    type: string;
  };
  assertEquals([type, rig.counters.get("registrations_limited_network")], ["error", 1]);
});

Deno.test("a client that asks whether the gateway is there gets an answer, once it has logged in", async () => {
  await using rig = await ClientsRig.start();
  await using client = await rig.connect();
  assertEquals(await client.request({ type: "ping" }), { type: "error", message: "malformed request" });
  await client.request({ type: "register", address });
  assertEquals(await client.request({ type: "ping" }), { type: "pong" });
});

Deno.test("a network that asks for very many challenges loses its connections, until it has waited", async () => {
  await using rig = await ClientsRig.start();
  const asked = async () => {
    await using client = await rig.connect();
    client.send(JSON.stringify({ type: "challenge" }));
    return await Promise.race([client.answer().then(() => true, () => false), client.closed.then(() => false)]);
  };
  let answered = 0;
  while (await asked()) answered++; // with eight more for each second that this takes
  assertGreaterOrEqual(answered, 128);
  assertEquals(rig.counters.get("challengers_closed"), 1);
  await using client = await rig.connect();
  assertEquals((await client.request({ type: "register", address }) as { type: string }).type, "register");
  while (!await asked()); // which costs nothing while it is at its limit
});
