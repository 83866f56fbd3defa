import { parseGatewayNode, parseMixnode, type Topology } from "./topology.ts";

/** Bytes of an entry, without its clients; longer entries are skipped. */
const ENTRY_SIZE = 4096;
/** Entries of a kind that are read; a network of 0.7.0 has a few hundred. */
export const MAX_NODES = 20_000;

const CLIENTS = "registeredClients";
/** The length of the longest key that matters. */
const KEY_SIZE = CLIENTS.length;
/** What replaces the clients of an entry. */
const NO_CLIENTS = new TextEncoder().encode("[]");

/** The nesting depth of the topology's keys, and of an entry's: `{"mixNodes":[{"host":…},…],…}`. */
const WHOLE = 1;
const ENTRY = 3;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPENING_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/**
 * Reads the directory's answer to `GET /api/presence/topology` (spec §6), cut anywhere: bytes are pushed in, nodes come
 * out. Anyone can post to a directory and so make its answer long, and nearly all of it may be other gateways' clients,
 * which are not needed here. So the answer is never held or parsed as a whole: clients are skipped byte by byte, and each
 * entry is parsed on its own, without them. An invalid entry does not hide others.
 */
export class TopologyReader {
  readonly #topology: Topology = { mixNodes: [], gatewayNodes: [] };
  readonly #complete = new Set<keyof Topology>();
  #depth = 0;
  #isInString = false;
  /** whether the last byte of the previous chunk was a backslash that escapes the next byte */
  #isEscaped = false;
  /** the latest string at a key's depth, and the latest key of the topology */
  #key = "";
  #keyOfWhole = "";
  /** the list that is being read */
  #list: keyof Topology | undefined;
  /** counted over the whole answer: JSON may have a key several times */
  readonly #entries: Record<keyof Topology, number> = { mixNodes: 0, gatewayNodes: 0 };
  #hasTooMany = false;
  #entry = new Uint8Array(ENTRY_SIZE);
  /** more than `ENTRY_SIZE` for an entry that is too long */
  #entryLength = 0;
  #isAtClients = false;

  /** Whether all mixnodes have been read, which is all that is needed to send packets. */
  get hasMixnodes(): boolean {
    return this.#complete.has("mixNodes");
  }

  /** The nodes read so far. */
  get topology(): Topology {
    return this.#topology;
  }

  /** Whether the answer is a complete topology. */
  get isComplete(): boolean {
    return this.#depth === 0 && this.#complete.size === 2;
  }

  /** Whether it is complete, and no node was left out because there were too many. */
  get isWhole(): boolean {
    return this.isComplete && !this.#hasTooMany;
  }

  /** Reads a part of the answer, in some microseconds per KiB. */
  push(chunk: Uint8Array): void {
    let kept = 0; // the part of the entry before this offset has been kept
    for (let i = 0; i < chunk.length; i++) {
      if (this.#isInString) {
        i = this.#readString(chunk, i);
        continue;
      }
      switch (chunk[i]) {
        case QUOTE:
          this.#isInString = true;
          this.#key = "";
          break;
        case COLON:
          if (this.#depth === WHOLE) this.#keyOfWhole = this.#key;
          if (this.#list === undefined || this.#depth !== ENTRY || this.#key !== CLIENTS) break;
          this.#keep(chunk.subarray(kept, i + 1));
          this.#keep(NO_CLIENTS);
          this.#isAtClients = true;
          break;
        case COMMA:
          if (this.#depth !== ENTRY || !this.#isAtClients) break;
          this.#isAtClients = false;
          kept = i;
          break;
        case OPENING_BRACKET:
        case OPENING_BRACE:
          if (this.#depth === WHOLE && chunk[i] === OPENING_BRACKET) this.#beginList();
          if (++this.#depth !== ENTRY) break;
          this.#entryLength = 0;
          kept = i;
          break;
        case CLOSING_BRACKET:
        case CLOSING_BRACE:
          if (this.#depth === ENTRY && this.#list !== undefined) {
            if (this.#isAtClients) kept = i;
            this.#isAtClients = false;
            this.#keep(chunk.subarray(kept, i + 1));
            this.#endEntry(this.#list);
          }
          if (--this.#depth === WHOLE) this.#endList();
      }
    }
    if (this.#list !== undefined && this.#depth >= ENTRY && !this.#isAtClients) this.#keep(chunk.subarray(kept));
  }

  /** Continues reading a string at `begin`; returns the offset of its end, or that of the chunk. */
  #readString(chunk: Uint8Array, begin: number): number {
    let i = begin;
    if (this.#isEscaped) i++;
    while (i < chunk.length && chunk[i] !== QUOTE) i += chunk[i] === BACKSLASH ? 2 : 1;
    this.#isEscaped = i > chunk.length;
    this.#isInString = i >= chunk.length;
    if ((this.#depth === WHOLE || this.#depth === ENTRY) && this.#key.length <= KEY_SIZE) {
      this.#key += String.fromCharCode(...chunk.subarray(begin, Math.min(i, begin + KEY_SIZE + 1)));
    }
    return i;
  }

  #beginList(): void {
    const key = this.#keyOfWhole;
    if (key !== "mixNodes" && key !== "gatewayNodes") return;
    this.#list = key;
  }

  #endList(): void {
    if (this.#list !== undefined) this.#complete.add(this.#list);
    this.#list = undefined;
  }

  #keep(part: Uint8Array): void {
    if (this.#entryLength + part.length <= ENTRY_SIZE) this.#entry.set(part, this.#entryLength);
    this.#entryLength += part.length;
  }

  #endEntry(list: keyof Topology): void {
    const isTooMany = ++this.#entries[list] > MAX_NODES;
    if (isTooMany) this.#hasTooMany = true;
    if (isTooMany || this.#entryLength > ENTRY_SIZE) return;
    const json = parseJson(this.#entry.subarray(0, this.#entryLength));
    if (list === "mixNodes") add(this.#topology.mixNodes, parseMixnode(json));
    else add(this.#topology.gatewayNodes, parseGatewayNode(json));
  }
}

function add<T>(nodes: T[], node: T | undefined): void {
  if (node !== undefined) nodes.push(node);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
