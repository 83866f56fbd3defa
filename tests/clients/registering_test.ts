import { assertEquals, assertNotEquals } from "@std/assert";
import { proveAddress } from "../../src/protocol/proof.ts";
import { deriveToken } from "../../src/clients/token.ts";
import { decodeBase58, encodeBase58 } from "../../src/encoding/base58.ts";
import { generateKeyPair, type KeyPair, publicKeyOf } from "../../src/sphinx/curve.ts";
import type { TestClient } from "../support/test_client.ts";
import { range } from "../mailbox/messages.ts";
import { ClientsRig } from "./clients_rig.ts";

const error = (message: string) => ({ type: "error", message });
const wrongProof = error("wrong proof");
const owner = generateKeyPair();
const address = encodeBase58(owner.publicKey);
const registration = { type: "register", address };

function registered(rig: ClientsRig): unknown {
  const token = encodeBase58(deriveToken(rig.privateKey, owner.publicKey));
  return { type: "register", token, acknowledgements: true };
}

/** Asks for a challenge, and answers it with the key. */
async function prove(rig: ClientsRig, client: TestClient, key: KeyPair = owner): Promise<string> {
  const { type, nonce, publicKey } = await client.request({ type: "challenge" }) as Record<string, string>;
  assertEquals(type, "challenge");
  const challenge = { nonce: decodeBase58(nonce!)!, publicKey: decodeBase58(publicKey!)! };
  return encodeBase58(proveAddress(key.privateKey, owner.publicKey, challenge, publicKeyOf(rig.privateKey))!);
}

Deno.test("a client that proves ownership of its address can register repeatedly, and gets the same token", async () => {
  await using rig = await ClientsRig.start();
  for (const _ of range(3)) {
    await using client = await rig.connect();
    assertEquals(await client.request({ ...registration, proof: await prove(rig, client) }), registered(rig));
  }
  assertEquals([rig.ledger.size, rig.counters.get("registrations")], [1, 3]);
});

Deno.test("registering again with a proof is a login that closes the older connection", async () => {
  await using rig = await ClientsRig.start();
  await using older = await rig.connect();
  await older.request(registration);
  await using newer = await rig.connect();
  await newer.request({ ...registration, proof: await prove(rig, newer) });
  assertEquals((await older.closed).code, 4001);
  assertEquals(rig.server.online, 1);
});

Deno.test("nobody can register an address again without its key", async () => {
  await using rig = await ClientsRig.start();
  await using client = await rig.connect();
  await client.request(registration);
  await using thief = await rig.connect();
  assertEquals(await thief.request(registration), error("client is already registered"));
  const proof = await prove(rig, thief, generateKeyPair());
  assertEquals(await thief.request({ ...registration, proof }), wrongProof);
  assertEquals(await thief.request({ ...registration, proof: encodeBase58(new Uint8Array(32)) }), wrongProof);
  assertEquals(await thief.request({ ...registration, proof: "0" }), error("malformed proof"));
  assertEquals(await thief.request({ ...registration, proof: null }), error("malformed proof"));
  assertEquals([rig.server.online, rig.counters.get("proofs_refused")], [1, 2]);
});

Deno.test("a challenge is valid for one answer, on its own connection", async () => {
  await using rig = await ClientsRig.start();
  await using client = await rig.connect();
  const proof = await prove(rig, client);
  await using other = await rig.connect();
  assertEquals(await other.request({ ...registration, proof }), wrongProof);
  await prove(rig, other);
  assertEquals(await other.request({ ...registration, proof }), wrongProof);
  const wrong = await prove(rig, client, generateKeyPair());
  assertEquals(await client.request({ ...registration, proof: wrong }), wrongProof);
  assertEquals(await client.request({ ...registration, proof }), wrongProof); // its challenge was used
});

Deno.test("a client gets another challenge only once the previous one is answered", async () => {
  await using rig = await ClientsRig.start();
  await using client = await rig.connect();
  const challenge = await client.request({ type: "challenge" });
  assertEquals(await client.request({ type: "challenge" }), challenge);
  assertEquals(await client.request({ ...registration, proof: encodeBase58(new Uint8Array(32)) }), wrongProof);
  assertNotEquals(await client.request({ type: "challenge" }), challenge);
});

Deno.test("a client that has logged in gets no challenge", async () => {
  await using rig = await ClientsRig.start();
  await using client = await rig.logIn(1);
  assertEquals(await client.request({ type: "challenge" }), error("invalid request"));
});

Deno.test("with require_proof no client registers without a proof, and tokens stay valid", async () => {
  await using rig = await ClientsRig.start({ requireProof: true });
  await using client = await rig.connect();
  const needed = error("registration requires a proof of the address's private key");
  assertEquals(await client.request(registration), needed);
  assertEquals([rig.ledger.size, rig.counters.get("registrations_refused_without_proof")], [0, 1]);
  assertEquals(await client.request({ ...registration, proof: await prove(rig, client) }), registered(rig));
  await using _member = await rig.logIn(1);
});

Deno.test("a network that registers too many clients must wait, except for a known client with a proof", async () => {
  await using rig = await ClientsRig.start({}, { registrationsPerHourPerNetwork: 3 });
  {
    await using known = await rig.connect();
    await known.request(registration);
  }
  for (const n of range(2)) {
    await using client = await rig.connect();
    assertEquals((await client.request(rig.registration(n)) as { type: string }).type, "register");
  }
  await using late = await rig.connect();
  const tooMany = error("too many registrations from this network, try again later");
  assertEquals(await late.request(rig.registration(7)), tooMany);
  assertEquals(await late.request(registration), tooMany); // so probing for registered addresses is limited too
  assertEquals([rig.ledger.size, rig.counters.get("registrations_limited_network")], [3, 2]);
  assertEquals(await late.request({ ...registration, proof: await prove(rig, late) }), registered(rig));
});

Deno.test("registrations from all networks together are limited too", async () => {
  await using rig = await ClientsRig.start({}, { registrationsPerHour: 2 });
  const answers = [];
  for (const n of range(4)) {
    await using client = await rig.connect();
    answers.push((await client.request(rig.registration(n)) as { message?: string }).message);
  }
  const tooMany = "too many registrations, try again later";
  assertEquals(answers, [undefined, undefined, tooMany, tooMany]);
  assertEquals([rig.ledger.size, rig.counters.get("registrations_limited_total")], [2, 2]);
});

Deno.test("a network that guesses tokens loses its connections, but a valid token still logs in", async () => {
  await using rig = await ClientsRig.start({}, { wrongTokensPerHourPerNetwork: 3 });
  const wrong = { ...rig.authentication(1), token: rig.authentication(2).token };
  const refused = { type: "authenticate", status: false };
  await using guesser = await rig.connect();
  for (const _ of range(4)) assertEquals(await guesser.request(wrong), refused);
  const { code, reason } = await guesser.closed;
  assertEquals({ code, reason }, { code: 1008, reason: "too many wrong tokens from this network" });
  await using again = await rig.connect();
  assertEquals(await again.request(wrong), refused);
  assertEquals((await again.closed).code, 1008);
  await using _honest = await rig.logIn(1);
  assertEquals([rig.counters.get("authentications_refused"), rig.counters.get("guessers_closed")], [5, 2]);
});

Deno.test("a wrong token is answered late, whether its address is registered or not", async () => {
  const delay = 200;
  await using rig = await ClientsRig.start({}, { wrongTokenDelay: delay });
  await (await rig.logIn(1))[Symbol.asyncDispose]();
  const token = encodeBase58(new Uint8Array(32));
  for (const n of [1, 2]) { // a registered address and an unregistered one
    await using guesser = await rig.connect();
    const before = performance.now();
    const answer = await guesser.request({ ...rig.authentication(n), token });
    assertEquals([answer, performance.now() - before >= delay], [{ type: "authenticate", status: false }, true]);
  }
  assertEquals(rig.ledger.size, 1);
});

Deno.test("a client that leaves before its wrong token is answered leaves nothing behind", async () => {
  const rig = await ClientsRig.start({}, { wrongTokenDelay: 60_000 });
  const guesser = await rig.connect();
  guesser.send(JSON.stringify({ ...rig.authentication(1), token: encodeBase58(new Uint8Array(32)) }));
  await guesser[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
  assertEquals(rig.counters.get("client_connections_opened"), rig.counters.get("client_connections_closed"));
});

Deno.test("a connection may send 100 requests before its login", async () => {
  await using rig = await ClientsRig.start();
  await using talker = await rig.connect();
  for (const _ of range(100)) await talker.request({ type: "hello" });
  talker.send("hello");
  const { code, reason } = await talker.closed;
  assertEquals({ code, reason }, { code: 1008, reason: "too many requests before a login" });
});
