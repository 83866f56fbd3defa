import { assertEquals } from "@std/assert";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { Sessions } from "../../src/directory_server/sessions.ts";
import { announcementCode, announcementSecret, type DirectoryChallenge } from "../../src/protocol/node_proof.ts";
import { generateKeyPair } from "../../src/sphinx/curve.ts";

const DIRECTORY_KEY = new Uint8Array(32).fill(1);
const DIGEST = new Uint8Array(32).fill(2);
const always = () => true;

class Node {
  readonly keys = generateKeyPair();
  readonly key = encodeBase58(this.keys.publicKey);

  /** Its proof of an announcement with this digest, as it gets it from its answer to the challenge. */
  prove({ nonce, publicKey, directoryKey }: DirectoryChallenge, number: number, digest = DIGEST) {
    const secret = announcementSecret(this.keys.privateKey, publicKey, nonce, this.keys.publicKey, directoryKey)!;
    return { nonce, number, code: announcementCode(secret, number, digest) };
  }
}

Deno.test("a node proves its announcements, each once", () => {
  const sessions = new Sessions(DIRECTORY_KEY);
  const node = new Node();
  const challenge = sessions.challenge(0);
  const first = node.prove(challenge, 1);
  assertEquals(sessions.verify(node.key, first, DIGEST, 1, always), "right");
  assertEquals(sessions.verify(node.key, first, DIGEST, 2, always), "wrong");
  assertEquals(sessions.verify(node.key, node.prove(challenge, 2), DIGEST, 3, always), "right");
  assertEquals(sessions.verify(node.key, node.prove(challenge, 3), DIGEST.with(0, 9), 3, always), "wrong");
  assertEquals(sessions.verify(node.key, node.prove(challenge, 3), DIGEST, 3, always), "right", "that cost it nothing");
  assertEquals(sessions.size, 1);
});

Deno.test("nobody proves another's key, and no proof is for another directory or challenge", () => {
  const sessions = new Sessions(DIRECTORY_KEY);
  const [node, other] = [new Node(), new Node()];
  const challenge = sessions.challenge(0);
  const verify = (proof: ReturnType<Node["prove"]>, key = node.key) => sessions.verify(key, proof, DIGEST, 0, always);
  assertEquals(verify(other.prove(challenge, 1)), "wrong");
  assertEquals(verify(node.prove({ ...challenge, directoryKey: DIGEST }, 1)), "wrong");
  assertEquals(verify({ ...node.prove(challenge, 1), nonce: sessions.challenge(0).nonce }), "wrong");
  assertEquals(verify(node.prove(new Sessions(DIRECTORY_KEY).challenge(0), 1)), "unknown");
  assertEquals(verify(node.prove(challenge, 1), encodeBase58(new Uint8Array(32).with(0, 1))), "wrong", "low order");
  assertEquals(sessions.size, 0);
});

Deno.test("a challenge must be used soon, and its session ends for good when the node is silent", () => {
  const sessions = new Sessions(DIRECTORY_KEY);
  const node = new Node();
  const challenge = sessions.challenge(0);
  assertEquals(sessions.verify(node.key, node.prove(challenge, 1), DIGEST, 30_001, always), "unknown");
  assertEquals(sessions.verify(node.key, node.prove(challenge, 1), DIGEST, 30_000, always), "right");
  assertEquals(sessions.verify(node.key, node.prove(challenge, 2), DIGEST, 90_000, always), "right");
  assertEquals(sessions.verify(node.key, node.prove(challenge, 3), DIGEST, 150_001, always), "unknown");
  assertEquals(sessions.size, 0);
});

Deno.test("newcomers are checked only while that may be afforded, and others always", () => {
  const sessions = new Sessions(DIRECTORY_KEY);
  const node = new Node();
  const challenge = sessions.challenge(0);
  assertEquals(sessions.verify(node.key, node.prove(challenge, 1), DIGEST, 0, () => false), "limited");
  assertEquals(sessions.verify(node.key, node.prove(challenge, 1), DIGEST, 0, always), "right");
  assertEquals(sessions.verify(node.key, node.prove(challenge, 2), DIGEST, 0, () => false), "right");
});

Deno.test("there are so many sessions at most, and the one unused for longest ends", () => {
  const sessions = new Sessions(DIRECTORY_KEY, 2);
  const nodes = [new Node(), new Node(), new Node()].map((node) => ({ node, challenge: sessions.challenge(0) }));
  const verify = (i: number, number: number, may = always) =>
    sessions.verify(nodes[i]!.node.key, nodes[i]!.node.prove(nodes[i]!.challenge, number), DIGEST, 0, may);
  assertEquals([verify(0, 1), verify(1, 1), verify(0, 2), verify(2, 1)], ["right", "right", "right", "right"]);
  assertEquals(sessions.size, 2);
  assertEquals([verify(1, 2, () => false), verify(0, 3)], ["limited", "right"]);
});
