import { createHash } from "node:crypto";
import { signTopology } from "../protocol/signed_topology.ts";
import type { Entry, Registry } from "./registry.ts";

/** ms for which a topology is used again, if only the times at which nodes were last seen have changed */
const LIFETIME = 1000;

/** A topology to send. */
export interface SentTopology {
  /** its JSON */
  readonly body: Uint8Array<ArrayBuffer>;
  /** the text of the header with its signature */
  readonly signature?: string;
}

/** The answers to requests for the topology. They are made at most once a second while no node comes or goes. */
export class Topologies {
  readonly #made = new Map<"plain" | "signed", SentTopology & { readonly version: number; readonly at: number }>();
  #signedAt = 0;

  /** `signingKey`: Ed25519, 32 bytes. */
  constructor(private readonly registry: Registry, private readonly signingKey: Uint8Array) {}

  /** As 0.7.0 answers. */
  plain(now: number): SentTopology {
    return this.#reuse("plain", now, () => ({ body: encoded(topologyText(this.registry.entries(now), true)) }));
  }

  /** Signed, and without gateways' clients: who asks for it needs none. */
  signed(now: number): SentTopology {
    return this.#reuse("signed", now, () => {
      const body = encoded(topologyText(this.registry.entries(now), false));
      const digest = createHash("sha256").update(body).digest();
      this.#signedAt = Math.max(this.#signedAt, Math.floor(now)); // whatever becomes of the clock
      return { body, signature: signTopology(this.signingKey, this.#signedAt, digest) };
    });
  }

  #reuse(form: "plain" | "signed", now: number, make: () => SentTopology): SentTopology {
    const version = this.registry.versionAt(now);
    const made = this.#made.get(form);
    if (made?.version === version && now >= made.at && now - made.at < LIFETIME) return made;
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
