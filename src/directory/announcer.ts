import { createHash } from "node:crypto";
import { announcementCode, announcementSecret, formatProof, PROOF_HEADER } from "../protocol/node_proof.ts";
import { type DirectoryClient, DirectoryError } from "./client.ts";

/** A node's X25519 keys, 32 bytes each. */
export interface NodeKeys {
  /** a scalar, as Sphinx uses it */
  readonly privateKey: Uint8Array;
  /** what the node announces, in bytes */
  readonly publicKey: Uint8Array;
}

/** What a node and its directory share since the node's latest answer to a challenge. */
interface Session {
  readonly nonce: Uint8Array;
  readonly secret: Uint8Array;
  /** of the latest announcement */
  number: number;
}

/** Directories answer with this to announcements that lack a proof, or have one that is out of date. */
const UNPROVEN = 401;

/** Makes a node's announcements, and proves them if the directory can check that. One of 0.7.0 can't. */
export class Announcer {
  /** undefined: to be opened; `none`: the directory offers no challenge */
  #session: Session | "none" | undefined;

  /** `kind` is the name of the list that the node belongs to. */
  constructor(
    private readonly directory: DirectoryClient,
    private readonly kind: "gateways" | "mixnodes",
    private readonly keys: NodeKeys,
  ) {}

  /** Makes an announcement; `body` is its JSON. One at a time. Throws as {@linkcode DirectoryClient.announce} does. */
  async announce(body: string, signal: AbortSignal): Promise<void> {
    this.#session ??= await this.#open(signal);
    try {
      await this.#post(this.#session, body, signal);
    } catch (error) {
      const isUnproven = error instanceof DirectoryError && error.status === UNPROVEN;
      // The directory was restarted, or is another one now; what looked like none without proofs was perhaps a proxy's answer.
      if (isUnproven || this.#session === "none") this.#session = undefined;
      if (!isUnproven) throw error;
      this.#session = await this.#open(signal);
      await this.#post(this.#session, body, signal);
    }
  }

  async #post(session: Session | "none", body: string, signal: AbortSignal): Promise<void> {
    if (session === "none") return await this.directory.announce(this.kind, body, signal);
    const { nonce, secret } = session;
    const number = ++session.number;
    const code = announcementCode(secret, number, createHash("sha256").update(body).digest());
    const proof = { [PROOF_HEADER]: formatProof({ nonce, number, code }) };
    await this.directory.announce(this.kind, body, signal, proof);
  }

  async #open(signal: AbortSignal): Promise<Session | "none"> {
    const challenge = await this.directory.challenge(signal);
    if (challenge === undefined) return "none";
    const { nonce, publicKey, directoryKey } = challenge;
    const secret = announcementSecret(this.keys.privateKey, publicKey, nonce, this.keys.publicKey, directoryKey);
    if (secret === undefined) throw new DirectoryError("its challenge is unusable");
    return { nonce, secret, number: 0 };
  }
}
