import type { Counters } from "../counting/counters.ts";
import { isExempt } from "../limits/peers.ts";
import { NetworkBuckets } from "../limits/network_buckets.ts";
import { perHour } from "../limits/token_bucket.ts";
import { logger } from "../logging/log.ts";
import { CHALLENGE_PATH, formatChallenge, parseProof, PROOF_HEADER } from "../protocol/node_proof.ts";
import { SIGNATURE_HEADER } from "../protocol/signed_topology.ts";
import { type Announcement, isRefusal, type Kind, readAnnouncement, type Refusal } from "./announcement.ts";
import { Bodies, type Posted, readShort } from "./body.ts";
import type { DirectoryCounterName } from "./counter_table.ts";
import { Openings } from "./openings.ts";
import type { Registry } from "./registry.ts";
import { SentBodies } from "./sent_bodies.ts";
import { Sessions } from "./sessions.ts";
import type { Store } from "./store.ts";
import { type SentTopology, Topologies } from "./topologies.ts";
import { PAGE_HEADERS, styled } from "../operator/page.ts";
import page from "./network_page.html" with { type: "text" };

/** Requests may come in bursts of this many seconds' worth. */
const BURST = 4;

/** What the API needs to know of its configuration; read on every use, because it can be reloaded. */
export interface ApiRules {
  /** how the page calls the directory */
  readonly name: string;
  /** whether the topology has the clients of gateways */
  readonly listClients: boolean;
  /** in the long run; more in bursts */
  readonly requestsPerSecondPerNetwork: number;
  /** times that a node from a network may join those that are listed */
  readonly newNodesPerHourPerNetwork: number;
}

/** Who sends a request. */
export interface Requester {
  /** as limits count it (limits/peers.ts) */
  readonly network: string;
  /** the request was one that the directory is for */
  confirm(): void;
}

const log = logger("nym_gateway::directory");

const PAGE = styled(page);

/** What everybody may ask of the directory over HTTP: 0.7.0's API (spec §6), the challenge for proofs, and a page. */
export class Api {
  /** whether the last attempt to write failed */
  isStoreFailing = false;
  readonly #sessions: Sessions;
  readonly #topologies: Topologies;
  readonly #bodies = new Bodies();
  readonly #sent = new SentBodies();
  readonly #requests: NetworkBuckets;
  readonly #newNodes: NetworkBuckets;
  readonly #openings = new Openings(performance.now());

  /** `keys`: Ed25519, 32 bytes each. `now` is a clock in ms since 1970. */
  constructor(
    private readonly registry: Registry,
    private readonly store: Store,
    keys: { readonly privateKey: Uint8Array; readonly publicKey: Uint8Array },
    private readonly rules: ApiRules,
    private readonly count: Counters<DirectoryCounterName>["add"],
    private readonly now: () => number,
  ) {
    this.#sessions = new Sessions(keys.publicKey);
    this.#topologies = new Topologies(registry, keys.privateKey, () => !this.#sent.areMany);
    const { requestsPerSecondPerNetwork: perSecond } = rules;
    this.#requests = new NetworkBuckets({ burst: BURST * perSecond, perSecond });
    this.#newNodes = new NetworkBuckets(perHour(rules.newNodesPerHourPerNetwork));
  }

  /** Nodes that have proven their key in this run and announce themselves. */
  get sessions(): number {
    return this.#sessions.size;
  }

  /** Answers a request. Rejects if its connection breaks. */
  async answer(request: Request, requester: Requester): Promise<Response> {
    const { network } = requester;
    const url = URL.parse(request.url);
    if (url === null) return refused(400, "the host is not valid");
    if (!isExempt(network) && !this.#requests.take(network, performance.now())) {
      this.count("requests_limited");
      return refused(429, "too many requests from this network");
    }
    switch (request.method) {
      case "POST":
        return await this.#post(url, request, requester);
      case "GET":
      case "HEAD":
        return this.#get(url, request.method, requester);
      case "OPTIONS":
        return new Response(null, { status: 204, headers: { ...COMMON, "access-control-allow-methods": "GET" } });
      default:
        return refused(405, "only GET and POST are allowed");
    }
  }

  /** Writes what has changed, so that nothing waits for the next announcement. Never rejects. */
  async write(): Promise<boolean> {
    try {
      if (this.registry.hasChanges) await this.store.write(this.registry);
      if (this.isStoreFailing) log.info("The directory can write its state again");
      this.isStoreFailing = false;
    } catch (error) {
      this.count("store_errors");
      if (!this.isStoreFailing) log.error(`Cannot write the directory's state, retrying: ${error}`);
      this.isStoreFailing = true;
    }
    return !this.isStoreFailing;
  }

  #get(url: URL, method: string, requester: Requester): Response {
    const now = this.now();
    switch (url.pathname) {
      case "/":
        return answer(PAGE, 200, PAGE_HEADERS);
      case "/api/healthcheck":
        return json({ ok: true });
      case "/api/presence/topology": {
        const topology = url.searchParams.has("signed") ? this.#topologies.signed(now) : this.#topologies.plain(now);
        requester.confirm();
        this.count("topologies_sent");
        return this.#send(topology, method);
      }
      case CHALLENGE_PATH:
        return answer(formatChallenge(this.#sessions.challenge(performance.now())), 200, JSON_TYPE);
      case "/api/network":
        return this.#send(this.#topologies.network(this.rules.name, now), method);
      case "/api/presence/disallowed": {
        const disallowed = [...this.registry.decisions].filter(([, { standing }]) => standing === "disallowed");
        return json(disallowed.map(([pubKey]) => ({ pubKey })));
      }
      case "/api/metrics/mixes":
        return json([]); // what mixnodes report is not kept: a mixnet is there to hide it
      default:
        return answer("404 page not found", 404, { "content-type": "text/plain" });
    }
  }

  #send({ body, signature }: SentTopology, method: string): Response {
    const sent = method === "HEAD" ? null : this.#sent.share(body);
    return answer(sent, 200, {
      ...JSON_TYPE,
      "content-length": `${body.length}`,
      ...signature !== undefined && { [SIGNATURE_HEADER]: signature },
    });
  }

  async #post(url: URL, request: Request, requester: Requester): Promise<Response> {
    // Nodes are not web pages; otherwise any page could post from a visitor's machine.
    if (request.headers.has("origin")) return refused(403, "web pages may only read");
    switch (url.pathname) {
      case "/api/presence/mixnodes":
        return await this.#announce("mixnodes", request, requester);
      case "/api/presence/gateways":
        return await this.#announce("gateways", request, requester);
      case "/api/metrics/mixes": {
        const posted = await readShort(request.body);
        if (isRefusal(posted)) return refused(posted.status, posted.reason);
        return posted.json === undefined ? refused(400, "not JSON") : accepted();
      }
      case "/api/presence/allow":
      case "/api/presence/disallow":
        return refused(403, "only the operator of this directory may do that, with a command on its machine");
      case "/api/presence/coconodes":
        return refused(403, "this directory lists mixnodes and gateways only");
      default:
        return answer("404 page not found", 404, { "content-type": "text/plain" });
    }
  }

  async #announce(kind: Kind, request: Request, requester: Requester): Promise<Response> {
    const posted = await this.#bodies.read(kind, request.body, this.rules.listClients);
    const result = isRefusal(posted) ? posted : this.#list(kind, posted, request.headers, requester.network);
    if (isRefusal(result)) {
      this.count(COUNTER_OF[result.status]);
      return refused(result.status, result.reason);
    }
    requester.confirm();
    if (this.registry.isUnwritten(result.key) && !await this.write()) {
      return refused(503, "the directory cannot write its state");
    }
    return accepted();
  }

  #list(kind: Kind, posted: Posted, headers: Headers, network: string): Announcement | Refusal {
    const node = readAnnouncement(kind, posted.json);
    if (isRefusal(node)) return node;
    const proof = headers.get(PROOF_HEADER);
    const refusal = proof === null ? undefined : this.#refusalOf(node.key, proof, posted.digest, network);
    if (refusal !== undefined) return refusal;
    const isProven = proof !== null;
    const announcer = { isProven, network: isExempt(network) ? undefined : network };
    const mayJoin = () => isExempt(network) || this.#newNodes.take(network, performance.now());
    const left = this.registry.announce(node, posted.clients, announcer, this.now(), mayJoin);
    if (left === undefined) this.count(isProven ? "announcements_proven" : "announcements_plain");
    return left ?? node;
  }

  #refusalOf(key: string, header: string, digest: Uint8Array, network: string): Refusal | undefined {
    const proof = parseProof(header);
    if (proof === undefined) return { status: 400, reason: `the header ${PROOF_HEADER} is malformed` };
    const now = performance.now();
    const maySpend = () => this.#openings.take(network, this.registry.hasNodeIn(network), now);
    switch (this.#sessions.verify(key, proof, digest, now, maySpend)) {
      case "right":
        return undefined;
      case "wrong":
        this.count("proofs_wrong");
        return { status: 401, reason: "the proof is wrong" };
      case "unknown":
        this.count("proofs_outdated");
        return { status: 401, reason: `the challenge is not, or no longer, valid: ask ${CHALLENGE_PATH} for another` };
      case "limited":
        return { status: 429, reason: "too many nodes prove their keys at present" };
    }
  }
}

const COUNTER_OF: Readonly<Record<Refusal["status"], DirectoryCounterName>> = {
  400: "announcements_invalid",
  401: "announcements_unproven",
  403: "announcements_disallowed",
  409: "announcements_duplicate",
  413: "announcements_invalid",
  422: "announcements_invalid",
  429: "requests_limited",
  503: "announcements_full",
};

const JSON_TYPE = { "content-type": "application/json; charset=utf-8" };
/** Pages of any site may read the topology, as Peap does; `no-transform` keeps the runtime from compressing each answer. */
const COMMON = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers": SIGNATURE_HEADER,
  "cache-control": "no-store, no-transform",
  "x-content-type-options": "nosniff",
};

function accepted(): Response {
  return json({ ok: true }, 201);
}

function refused(status: number, error: string): Response {
  return json({ error }, status);
}

function json(value: unknown, status = 200): Response {
  return answer(JSON.stringify(value), status, JSON_TYPE);
}

function answer(body: BodyInit | null, status: number, headers: Record<string, string>): Response {
  return new Response(body, { status, headers: { ...COMMON, ...headers } });
}
