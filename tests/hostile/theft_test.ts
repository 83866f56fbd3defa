import { assertEquals, assertNotEquals } from "@std/assert";
import { proveAddress } from "../../src/protocol/proof.ts";
import { decodeBase58, encodeBase58 } from "../../src/encoding/base58.ts";
import { frame } from "../../src/mixnet/frames.ts";
import { generateKeyPair, type KeyPair } from "../../src/sphinx/curve.ts";
import { numbered, numberOf, range } from "../mailbox/messages.ts";
import { packetFor } from "../support/packets.ts";
import { TestClient } from "../support/test_client.ts";
import { assertServed, Besieged, many, report } from "./besieged.ts";
import { logIn, post, register } from "./members.ts";

const THIEVES = many(20, 500);
const LETTERS = 20;

const owner = generateKeyPair();
const address = encodeBase58(owner.publicKey);
const registration = { type: "register", address };
const refused = (message: string) => ({ type: "error", message });

/** Requests a challenge, and proves ownership of the owner's address with the given key. */
async function proofOf(client: TestClient, { privateKey }: KeyPair, gateway: Uint8Array): Promise<string> {
  const { nonce, publicKey } = await client.request({ type: "challenge" }) as { nonce: string; publicKey: string };
  const challenge = { nonce: decodeBase58(nonce)!, publicKey: decodeBase58(publicKey)! };
  return encodeBase58(proveAddress(privateKey, owner.publicKey, challenge, gateway)!);
}

Deno.test("registering a taken address yields neither its token nor its mail, whatever proof is given", async () => {
  await using besieged = await Besieged.start(({ limits }) => limits.wrongTokenDelay = 1);
  const { clientsAddress } = besieged;
  const gateway = decodeBase58(besieged.gateway.publicKey)!;
  const member = await register(clientsAddress, owner.publicKey);
  const letters = range(LETTERS).map((n) => packetFor(gateway, owner.publicKey, numbered(n)));
  await post(besieged.mixnetAddress, frame(...letters));

  let attempts = 0;
  const attempt = async (thief: TestClient, request: unknown, answer: unknown) => {
    attempts++;
    assertEquals(await thief.request(request), answer);
  };
  // A proof of the owner, as read by an eavesdropper.
  await using proving = await TestClient.connect(clientsAddress);
  const seen = await proofOf(proving, owner, gateway);
  const proven = await proving.request({ ...registration, proof: seen, acknowledgements: true }) as {
    token: string;
  };
  assertEquals(proven.token, member.login.token);
  assertEquals((await proving.messages(LETTERS)).map(numberOf), range(LETTERS)); // without acknowledging them

  for (const _ of range(THIEVES)) {
    await using thief = await TestClient.connect(clientsAddress);
    await attempt(thief, registration, refused("client is already registered"));
    await attempt(thief, { ...registration, proof: seen }, refused("wrong proof"));
    const forged = await proofOf(thief, generateKeyPair(), gateway);
    assertNotEquals(forged, seen);
    await attempt(thief, { ...registration, proof: forged }, refused("wrong proof"));
    await proofOf(thief, owner, gateway); // the old proof does not become valid for another challenge
    await attempt(thief, { ...registration, proof: seen }, refused("wrong proof"));
    await attempt(thief, { ...member.login, token: forged }, { type: "authenticate", status: false });
    assertEquals(thief.unread.length, 0);
  }
  const honest = await besieged.endProbing();
  await using client = await logIn(clientsAddress, member);
  assertEquals((await client.messages(LETTERS)).map(numberOf), range(LETTERS));
  report("theft", { attempts, tokens: 0, messages: 0, ...honest });
  assertServed(honest);
});
