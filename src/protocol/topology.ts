/** A mixnode as it announced itself (spec §6). */
export interface Mixnode {
  /** `ip:port` */
  host: string;
  /** base58 */
  pubKey: string;
  /** 1 for the first layer of the mixnet */
  layer: number;
  /** as in `0.7.0`; "" if it was missing */
  version: string;
  /** free text */
  location: string;
  /** ns since 1970; 0 if it was missing */
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
  /** as in `0.7.0`; "" if it was missing */
  version: string;
  /** free text */
  location: string;
  /** public keys in base58 */
  registeredClients: { pubKey: string }[];
  /** ns since 1970; 0 if it was missing */
  lastSeen: number;
}

/** The nodes that have announced themselves to the directory in the last ten seconds. */
export interface Topology {
  /** mixnodes of all layers */
  mixNodes: Mixnode[];
  /** gateways, including our own */
  gatewayNodes: GatewayNode[];
}

/**
 * Parses the directory's answer to `GET /api/presence/topology` (spec §6). Ignores unknown fields and unusable entries:
 * anyone may post to a directory, and one bad entry must not hide the others. Undefined if the answer as a whole is not
 * a topology.
 */
export function parseTopology(json: unknown): Topology | undefined {
  if (!isRecord(json) || !Array.isArray(json["mixNodes"]) || !Array.isArray(json["gatewayNodes"])) return undefined;
  return {
    mixNodes: json["mixNodes"].map(parseMixnode).filter((node) => node !== undefined),
    gatewayNodes: json["gatewayNodes"].map(parseGatewayNode).filter((node) => node !== undefined),
  };
}

/** Parses an entry of `mixNodes`; undefined if it is unusable. */
export function parseMixnode(json: unknown): Mixnode | undefined {
  if (!isRecord(json)) return undefined;
  const { host, pubKey, layer } = json;
  if (typeof host !== "string" || typeof pubKey !== "string") return undefined;
  if (typeof layer !== "number" || !Number.isInteger(layer) || layer < 1) return undefined;
  return { host, pubKey, layer, ...parsePresence(json) };
}

/** Parses an entry of `gatewayNodes`; undefined if it is unusable. */
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
