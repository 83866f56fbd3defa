import { formatSocketAddress, parseSocketAddress, type SocketAddress } from "../addresses/socket_address.ts";

/** A mixnode as it announced itself (spec §6). */
export interface Mixnode {
  /** `ip:port` */
  host: string;
  /** base58 */
  pubKey: string;
  /** 1 for the first layer of the mixnet */
  layer: number;
  version: string;
  location: string;
  /** ns since 1970 */
  lastSeen: number;
}

/** A gateway as it announced itself (spec §6). */
export interface GatewayNode {
  /** ws(s) URL */
  clientListener: string;
  /** `host:port` */
  mixnetListener: string;
  /** base58 */
  pubKey: string;
  version: string;
  location: string;
  registeredClients: { pubKey: string }[];
  /** ns since 1970 */
  lastSeen: number;
}

/** The nodes that the directory has heard of in the last ten seconds. */
export interface Topology {
  mixNodes: Mixnode[];
  gatewayNodes: GatewayNode[];
}

/**
 * Reads the directory's answer to `GET /api/presence/topology` (spec §6). Fields that are not known here are passed
 * over, and so is an entry that lacks what makes it usable: anyone may post to a directory, and one bad entry must not
 * hide the others. Undefined when the answer as a whole is not a topology.
 */
export function parseTopology(json: unknown): Topology | undefined {
  if (!isRecord(json) || !Array.isArray(json["mixNodes"]) || !Array.isArray(json["gatewayNodes"])) return undefined;
  return {
    mixNodes: json["mixNodes"].map(parseMixnode).filter((node) => node !== undefined),
    gatewayNodes: json["gatewayNodes"].map(parseGatewayNode).filter((node) => node !== undefined),
  };
}

/** The mixnodes' socket addresses. A host that is not `ip:port` is left out. */
export function mixnodeAddresses(topology: Topology): SocketAddress[] {
  return topology.mixNodes.map((node) => parseSocketAddress(node.host)).filter((address) => address !== undefined);
}

export interface AddressClash {
  kind: "mixnet" | "clients";
  /** the address that both announce */
  address: string;
  /** the other gateway's, base58 */
  pubKey: string;
}

/**
 * Finds another gateway that announces the mixnet or the clients address that is about to be ours (spec §6). An entry
 * with our own public key is us, before a restart.
 */
export function addressClash(
  topology: Topology,
  ownPubKey: string,
  mixnetListener: string,
  clientListener: string,
): AddressClash | undefined {
  for (const { pubKey, ...other } of topology.gatewayNodes) {
    if (pubKey === ownPubKey) continue;
    if (sameAddress(other.mixnetListener, mixnetListener)) return { kind: "mixnet", address: mixnetListener, pubKey };
    if (sameAddress(other.clientListener, clientListener)) return { kind: "clients", address: clientListener, pubKey };
  }
  return undefined;
}

function sameAddress(a: string, b: string): boolean {
  return normalAddress(a) === normalAddress(b);
}

function normalAddress(address: string): string {
  const socketAddress = parseSocketAddress(address);
  return socketAddress ? formatSocketAddress(socketAddress) : address.toLowerCase().replace(/\/$/, "");
}

/** An entry of `mixNodes`; undefined when it is of no use. */
export function parseMixnode(json: unknown): Mixnode | undefined {
  if (!isRecord(json)) return undefined;
  const { host, pubKey, layer } = json;
  if (typeof host !== "string" || typeof pubKey !== "string") return undefined;
  if (typeof layer !== "number" || !Number.isInteger(layer) || layer < 1) return undefined;
  return { host, pubKey, layer, ...parsePresence(json) };
}

/** An entry of `gatewayNodes`; undefined when it is of no use. */
export function parseGatewayNode(json: unknown): GatewayNode | undefined {
  if (!isRecord(json)) return undefined;
  const { clientListener, mixnetListener, pubKey, registeredClients } = json;
  if (typeof clientListener !== "string" || typeof mixnetListener !== "string" || typeof pubKey !== "string") {
    return undefined;
  }
  const clients = Array.isArray(registeredClients) ? registeredClients.map(parseClient) : [];
  return {
    clientListener,
    mixnetListener,
    pubKey,
    registeredClients: clients.filter((client) => client !== undefined),
    ...parsePresence(json),
  };
}

function parseClient(json: unknown): { pubKey: string } | undefined {
  return isRecord(json) && typeof json["pubKey"] === "string" ? { pubKey: json["pubKey"] } : undefined;
}

function parsePresence(json: Record<string, unknown>): { version: string; location: string; lastSeen: number } {
  const { version, location, lastSeen } = json;
  return {
    version: typeof version === "string" ? version : "",
    location: typeof location === "string" ? location : "",
    lastSeen: typeof lastSeen === "number" ? lastSeen : 0,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
