import { createHash } from "node:crypto";
import { TopologyReader } from "../protocol/topology_reader.ts";
import { parseGatewayNode } from "../protocol/topology.ts";
import type { Kind, Refusal } from "./announcement.ts";

/** Bytes of a mixnode's announcement, or of its metrics. */
const MAX_SHORT = 16_384;
/** Bytes of a gateway's: those of 200,000 clients and some. */
const MAX_LONG = 16 * 1024 * 1024;
/** Bytes of a gateway's announcement that are held, to list its clients. Of a longer one, the clients are left out. */
const MAX_HELD = 2 * 1024 * 1024;
/** The same for all requests together. */
const MAX_HELD_IN_ALL = 32 * 1024 * 1024;
/** What is listed of clients' keys: base58 or not, it takes no more bytes than characters, and any peer can decode it. */
const CLIENT_KEY = /^\w{1,64}$/;

/** An announcement as it was posted. */
export interface Posted {
  /** its JSON, without a gateway's clients; undefined if it is not JSON */
  readonly json: unknown;
  /** a gateway's clients, as the text of a JSON array */
  readonly clients: string;
  /** SHA-256 of the body */
  readonly digest: Uint8Array;
}

const TOO_LONG: Refusal = { status: 413, reason: "the announcement is too long" };
const NO_CLIENTS = "[]";

/**
 * Reads the bodies of announcements, none of which is held as a whole beyond a bound: of a gateway's that is longer, its
 * clients are skipped as they come.
 */
export class Bodies {
  /** bytes of all announcements that are held at present */
  #held = 0;

  /** Reads a body. Without `keepsClients`, a gateway's clients are always left out. Rejects if the connection breaks. */
  async read(kind: Kind, body: ReadableStream<Uint8Array> | null, keepsClients: boolean): Promise<Posted | Refusal> {
    return kind === "mixnodes" ? await readShort(body) : await this.#readGateway(body, keepsClients);
  }

  async #readGateway(body: ReadableStream<Uint8Array> | null, keepsClients: boolean): Promise<Posted | Refusal> {
    const hash = createHash("sha256");
    const reader = new TopologyReader();
    const encoder = new TextEncoder();
    let held: Uint8Array[] | undefined = keepsClients ? [] : undefined;
    let ours = 0;
    let size = 0;
    const letGo = () => {
      this.#held -= ours;
      ours = 0;
      held = undefined;
    };
    try {
      reader.push(encoder.encode('{"mixNodes":[],"gatewayNodes":['));
      for await (const chunk of body ?? []) {
        if ((size += chunk.length) > MAX_LONG) return TOO_LONG;
        hash.update(chunk);
        reader.push(chunk);
        if (held === undefined) continue;
        held.push(chunk);
        this.#held += chunk.length;
        if ((ours += chunk.length) > MAX_HELD || this.#held > MAX_HELD_IN_ALL) letGo();
      }
      reader.push(encoder.encode("]}"));
      const { gatewayNodes } = reader.topology;
      const json = reader.isComplete && gatewayNodes.length === 1 ? gatewayNodes[0] : undefined;
      return { json, clients: held === undefined ? NO_CLIENTS : clientsIn(held), digest: hash.digest() };
    } finally {
      letGo();
    }
  }
}

/** Reads a short body of JSON. Rejects if the connection breaks. */
export async function readShort(body: ReadableStream<Uint8Array> | null): Promise<Posted | Refusal> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    if ((size += chunk.length) > MAX_SHORT) return TOO_LONG;
    chunks.push(chunk);
  }
  return { json: parsed(chunks), clients: NO_CLIENTS, digest: createHash("sha256").update(joined(chunks)).digest() };
}

function clientsIn(chunks: readonly Uint8Array[]): string {
  const clients = parseGatewayNode(parsed(chunks))?.registeredClients ?? [];
  return JSON.stringify(clients.filter(({ pubKey }) => CLIENT_KEY.test(pubKey)));
}

function parsed(chunks: readonly Uint8Array[]): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(joined(chunks)));
  } catch {
    return undefined;
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
