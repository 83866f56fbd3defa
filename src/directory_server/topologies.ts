import { createHash } from "node:crypto";
import { signTopology } from "../protocol/signed_topology.ts";
import { networkText } from "./network_view.ts";
import type { Entry, Registry } from "./registry.ts";

/** ms for which an answer is used again, if only the times at which nodes were last seen have changed */
const LIFETIME = 1000;
/** Bytes of answers that are made per ms, whatever changes: otherwise, two short requests would cost one long answer. */
const MADE_PER_MS = 16_384;

/** ms by which the clock can have been ahead for nodes to believe it: their default */
const CLOCK_TOLERANCE = 3_600_000;

/** An answer to send. */
export interface SentTopology {
  /** its JSON */
  readonly body: Uint8Array<ArrayBuffer>;
  /** the text of the header with its signature */
  readonly signature?: string;
}

type Form = "plain" | "signed" | "network";

/**
 * The answers about all nodes. They are made at most once a second while no node comes or goes. When nodes do, a short
 * one is made at once, and a long one less often.
 */
export class Topologies {
  readonly #made = new Map<Form, SentTopology & { readonly version: number; readonly at: number }>();
  #signedAt = 0;

  /** `signingKey`: Ed25519, 32 bytes; `mayBeLong`: whether there is memory for gateways' clients. */
  constructor(
    private readonly registry: Registry,
    private readonly signingKey: Uint8Array,
    private readonly mayBeLong: () => boolean,
  ) {}

  /** As 0.7.0 answers. */
  plain(now: number): SentTopology {
    return this.#reuse("plain", now, () => ({
      body: encoded(topologyText(this.registry.entries(now), this.mayBeLong())),
    }));
  }

  /** For the page; `name`: what it calls the directory. */
  network(name: string, now: number): SentTopology {
    return this.#reuse("network", now, () => ({ body: encoded(networkText(name, this.registry.entries(now), now)) }));
  }

  /** Signed, and without gateways' clients, which those that ask for it do not need. */
  signed(now: number): SentTopology {
    return this.#reuse("signed", now, () => {
      const body = encoded(topologyText(this.registry.entries(now), false));
      const digest = createHash("sha256").update(body).digest();
      // Never earlier than before; but nodes refuse what a clock signed that was far ahead, until it is right again.
      const latest = this.#signedAt - now > CLOCK_TOLERANCE ? 0 : this.#signedAt;
      this.#signedAt = Math.max(latest, Math.floor(now));
      return { body, signature: signTopology(this.signingKey, this.#signedAt, digest) };
    });
  }

  #reuse(form: Form, now: number, make: () => SentTopology): SentTopology {
    const version = this.registry.versionAt(now);
    const made = this.#made.get(form);
    if (made !== undefined) {
      const shortest = Math.floor(made.body.length / MADE_PER_MS);
      const lifetime = made.version === version ? Math.max(LIFETIME, shortest) : shortest;
      if (now >= made.at && now - made.at < lifetime) return made;
    }
    const next = { ...make(), version, at: now };
    this.#made.set(form, next);
    return next;
  }
}

/** The JSON of a topology (spec §6). Times are ms since 1970, but ns in the JSON. */
export function topologyText(
  entries: readonly (Entry & { readonly clients: string })[],
  hasClients: boolean,
): string {
  const listOf = (kind: Entry["kind"]) => entries.filter((entry) => entry.kind === kind);
  const mixnodes = listOf("mixnodes").map((entry) => entryText(entry, ""));
  const gateways = listOf("gateways").map((entry) =>
    entryText(entry, `"registeredClients":${hasClients ? entry.clients : "[]"},`)
  );
  return `{"cocoNodes":[],"mixNodes":[${mixnodes.join()}],"mixProviderNodes":[],"gatewayNodes":[${gateways.join()}]}`;
}

function entryText({ fields, seenAt }: Entry, clients: string): string {
  return `${JSON.stringify(fields).slice(0, -1)},${clients}"lastSeen":${Math.floor(seenAt) * 1e6}}`;
}

function encoded(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
