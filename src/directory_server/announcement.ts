import { destinationOf } from "../addresses/kind_of_address.ts";
import { isNamed } from "../addresses/named_addresses.ts";
import { formatSocketAddress, parseSocketAddress } from "../addresses/socket_address.ts";
import { webSocketUrl } from "../config/addresses.ts";
import { decode32 } from "../encoding/base58.ts";
import { MAX_LAYER } from "../protocol/layers.ts";
import { parseGatewayNode, parseMixnode } from "../protocol/topology.ts";

/** The kinds of nodes that are listed, by the name of their list in the API. */
export type Kind = "mixnodes" | "gateways";

/** What a node says of itself. */
export interface Announcement {
  /** which list it belongs to */
  readonly kind: Kind;
  /** the node's public key, base58 */
  readonly key: string;
  /** in canonical form; no two nodes share one */
  readonly addresses: readonly string[];
  /** the fields of its entry in the topology, apart from its clients and when it was last seen */
  readonly fields: Fields;
}

/** A mixnode's fields have a layer. */
export type Fields = Readonly<Record<string, string | number>> & { readonly layer?: number };

/** Why an announcement is refused, with the HTTP status of the answer. */
export interface Refusal {
  /** as in 409 for what contradicts another node */
  readonly status: 400 | 401 | 403 | 409 | 413 | 422 | 429 | 503;
  /** for the node's operator */
  readonly reason: string;
}

const MINIMUM_MIXNODE_VERSION = [0, 6, 0] as const;
/** Characters. */
const MAX_VERSION = 32;
const MAX_LOCATION = 256;
const MAX_URL = 512;
/** What addresses must be, worded to follow "is not". */
const HOST_FORM = "an IP address or a DNS name, with a port from 1 to 65535";
const URL_FORM = `a ws:// or wss:// URL of at most ${MAX_URL} characters, with an IP address or a DNS name`;

const NUMBER = "(?:0|[1-9]\\d{0,8})";
const PRE_RELEASE = `(?:${NUMBER}|\\d*[a-z-][\\da-z-]*)`;
/**
 * A version of Semantic Versioning 2.0.0; peers of 0.7.0 read it as such. Longer numbers than these may not fit their
 * integers.
 */
const VERSION = new RegExp(
  `^(${NUMBER})\\.(${NUMBER})\\.(${NUMBER})(-${PRE_RELEASE}(?:\\.${PRE_RELEASE})*)?(?:\\+[\\da-z-]+(?:\\.[\\da-z-]+)*)?$`,
  "i",
);

/** Checks what a node posted. `json` is its announcement, without a gateway's clients. */
export function readAnnouncement(kind: Kind, json: unknown): Announcement | Refusal {
  return kind === "mixnodes" ? readMixnode(json) : readGateway(json);
}

/** Whether an announcement was refused. */
export function isRefusal(result: object): result is Refusal {
  return "reason" in result;
}

/** Whether a text is a public key: 32 bytes in base58, in which no two texts are the same bytes. */
function isKey(text: string): boolean {
  return decode32(text) !== undefined;
}

function readMixnode(json: unknown): Announcement | Refusal {
  const node = parseMixnode(json);
  if (node === undefined) return invalid("it is not a mixnode's presence");
  const { host, pubKey, layer, version, location } = node;
  if (isOutdated(version)) {
    return { status: 422, reason: `Minimum support mixnode version is ${MINIMUM_MIXNODE_VERSION.join(".")}` };
  }
  if (layer > MAX_LAYER) return invalid(`layers are numbered from 1 to ${MAX_LAYER}`);
  const address = canonicalHost(host);
  if (address === undefined) return invalid(`its host is not ${HOST_FORM}`);
  return read("mixnodes", [address], { host, pubKey, layer, version, location });
}

function readGateway(json: unknown): Announcement | Refusal {
  const node = parseGatewayNode(json);
  if (node === undefined) return invalid("it is not a gateway's presence");
  const { clientListener, mixnetListener, pubKey, version, location } = node;
  const [mixnet, clients] = [canonicalHost(mixnetListener), canonicalUrl(clientListener)];
  if (mixnet === undefined) return invalid(`its mixnetListener is not ${HOST_FORM}`);
  if (clients === undefined) return invalid(`its clientListener is not ${URL_FORM}`);
  return read("gateways", [mixnet, clients], { clientListener, mixnetListener, pubKey, version, location });
}

function read(kind: Kind, addresses: string[], fields: Fields): Announcement | Refusal {
  const key = String(fields["pubKey"]);
  if (!isKey(key)) return invalid("its public key is not 32 bytes in base58");
  const version = String(fields["version"]);
  if (version.length > MAX_VERSION || !VERSION.test(version)) return invalid("its version is not one like 0.7.0");
  if (String(fields["location"]).length > MAX_LOCATION) return invalid("its location is too long");
  // JSON can escape half a character. Peers of 0.7.0 can't decode that, and would refuse the whole topology.
  if (!Object.values(fields).every((field) => String(field).isWellFormed())) return invalid("its text is not Unicode");
  return { kind, key, addresses, fields };
}

function canonicalHost(text: string): string | undefined {
  const address = parseSocketAddress(text);
  if (address !== undefined) {
    const { host, port } = address;
    return port === 0 ? undefined : formatSocketAddress({ host: destinationOf(host), port });
  }
  return isNamed(text) ? text.toLowerCase().replace(".:", ":") : undefined;
}

function canonicalUrl(text: string): string | undefined {
  if (text.length > MAX_URL) return undefined;
  const url = webSocketUrl(text);
  return url && new URL(url).href;
}

/** Whether this is an earlier version than the minimum; what is not a version is not. */
function isOutdated(version: string): boolean {
  const [, ...parts] = VERSION.exec(version) ?? [];
  const different = MINIMUM_MIXNODE_VERSION.findIndex((part, i) => Number(parts[i]) !== part);
  if (different < 0) return parts[3] !== undefined; // a pre-release of the minimum
  return Number(parts[different]) < MINIMUM_MIXNODE_VERSION[different]!;
}

function invalid(reason: string): Refusal {
  return { status: 400, reason };
}
