import { kindOfAddress } from "../addresses/kind_of_address.ts";
import { hostName, portOf } from "../config/addresses.ts";
import { defaultConfig, defaultsOf, DIRECTORY, MIXNODE } from "../config/config.ts";
import { ExitCode, OperatorError } from "../errors/operator_error.ts";
import { LAYERS } from "../protocol/layers.ts";
import { plural } from "../text/plural.ts";
import { SERVICE_HOME } from "./homes/home.ts";
import { GATEWAY_HOMES, GROUPS } from "./options/command_groups.ts";

/** The hosts of a mixnet: IP addresses or DNS names. A host may have several roles. */
export interface NetworkHosts {
  /** which may have other roles too */
  readonly directory: string;
  /** the first one is in layer 1, the next in layer 2, and so on; after the last layer come more for the first */
  readonly mixnodes: readonly string[];
  /** which clients connect to */
  readonly gateway: string;
}

/** How the nodes of a plan are to run. */
export interface PlanStyle {
  /** the folder on each host with `fullchain.pem` and `privkey.pem`, for the directory and the gateway; undefined: no TLS */
  readonly tls?: string | undefined;
  /** whether they run as the services that install.sh has installed, set up by root; otherwise as the user's programs */
  readonly services: boolean;
}

/** What to do on one host. */
export interface HostPlan {
  /** its name or address, as first given */
  readonly host: string;
  /** what it is to be, as in `directory`, `mixnode of layer 1` */
  readonly roles: readonly string[];
  /** one or two for each role */
  readonly ports: readonly OpenPort[];
  /** the commands of each role, in order; the last one of each starts the node */
  readonly steps: readonly (readonly string[])[];
}

/** A TCP port to open. */
export interface OpenPort {
  /** 1 to 65535 */
  readonly port: number;
  /** whose connections arrive there */
  readonly from: string;
}

/** What to do to create a whole mixnet. */
export interface NetworkPlan {
  /** the URL of the directory, for clients */
  readonly directory: string;
  /** in the order in which to set them up */
  readonly hosts: readonly HostPlan[];
}

const PORTS = {
  directory: portOf(defaultsOf(DIRECTORY, "", "").directory.listeningAddress)!,
  packets: portOf(defaultsOf(MIXNODE, "", "").mixnode.listeningAddress)!,
  clients: portOf(defaultConfig("", "").clientsEndpoint.listeningAddress)!,
  /** where status pages begin; a kind of node has one of these, and a second node of that kind needs another port */
  mixnodePage: portOf(defaultsOf(MIXNODE, "", "").operator.listeningAddress)!,
  nextPage: portOf(defaultsOf(DIRECTORY, "", "").operator.listeningAddress)! + 1,
};

/**
 * The hosts in the values of the options of `network plan`, in canonical form.
 * @throws {OperatorError} naming the option, if a value is not a host, or there are fewer mixnodes than layers
 */
export function parseHosts(directory: string, mixnodes: string, gateway: string): NetworkHosts {
  const list = mixnodes.split(",").map((text) => text.trim());
  if (list.includes("")) throw refuse("mixnodes", `"${mixnodes}" has an empty place: separate hosts by single commas`);
  const hosts = {
    directory: parseHost("directory", directory),
    mixnodes: list.map((text) => parseHost("mixnodes", text)),
    gateway: parseHost("gateway", gateway),
  };
  if (list.length >= LAYERS) return hosts;
  throw refuse(
    "mixnodes",
    `${
      plural(list.length, "host")
    } for ${LAYERS} layers: each layer needs a mixnode; the same host may be named several times`,
  );
}

function parseHost(option: string, text: string): string {
  const host = hostName(text.trim());
  if (host === undefined) {
    throw refuse(option, `"${text}" is not a host, as in node1.example.org, 1.2.3.4 or 2001:db8::1`);
  }
  if (kindOfAddress(host) === "unspecified") throw refuse(option, `${host} is no address that others can connect to`);
  return host;
}

/** The hosts that are names rather than addresses, each once. */
export function namesIn({ directory, mixnodes, gateway }: NetworkHosts): string[] {
  return [...new Set([directory, ...mixnodes, gateway])].filter((host) => kindOfAddress(host) === undefined);
}

/**
 * Plans a mixnet: the directory's host first, since nodes look for it. `addresses` has the IP address of each host that is
 * a name: packets carry addresses, and clients in browsers can't resolve names.
 * @throws {OperatorError} naming the option, if TLS is wanted for an IP address, or its folder is not valid
 */
export function planNetwork(
  hosts: NetworkHosts,
  style: PlanStyle,
  addresses: ReadonlyMap<string, string> = new Map(),
): NetworkPlan {
  if (style.tls !== undefined) checkTls(hosts, style.tls);
  const url = `${style.tls === undefined ? "http" : "https"}://${authority(hosts.directory, PORTS.directory)}`;
  const plans = new Map<string, Draft>();
  const on = (host: string) => {
    const address = addresses.get(host) ?? host;
    const draft = plans.get(address) ?? new Draft(host, address, style);
    plans.set(address, draft);
    return draft;
  };
  on(hosts.directory).addDirectory();
  for (const [i, host] of hosts.mixnodes.entries()) on(host).addMixnode(`mixnode${i + 1}`, i % LAYERS + 1, url);
  on(hosts.gateway).addGateway(hosts.gateway, url);
  return { directory: url, hosts: [...plans.values()] };
}

function checkTls(hosts: NetworkHosts, folder: string): void {
  if (!/^\/[\w./-]+$/.test(folder)) {
    throw refuse("tls", `"${folder}" is not an absolute path of letters, digits and ./_-, which all hosts can have`);
  }
  for (const option of ["directory", "gateway"] as const) {
    if (kindOfAddress(hosts[option]) === undefined) continue;
    throw refuse(option, `with --tls it must be a DNS name, not ${hosts[option]}: certificates are for names`);
  }
}

/** The plan of a host, as roles are added. */
class Draft implements HostPlan {
  readonly roles: string[] = [];
  readonly ports: OpenPort[] = [];
  readonly steps: string[][] = [];
  #nextPackets = PORTS.packets;
  #nextPage = PORTS.mixnodePage;

  constructor(readonly host: string, private readonly address: string, private readonly style: PlanStyle) {}

  addDirectory(): void {
    const { tls } = this.style;
    this.roles.push("directory");
    this.ports.push({ port: PORTS.directory, from: "nodes and clients" });
    this.#add("directory", "directory", [`--host ${this.#listening}`], tls === undefined ? [] : [serveTls(tls)]);
  }

  addMixnode(id: string, layer: number, directory: string): void {
    const { port, option } = this.#packetPort("port");
    this.roles.push(`mixnode of layer ${layer}`);
    this.ports.push({ port, from: "mixnodes and gateways" });
    const options = [`--host ${this.#listening}`, ...option, `--announce-host ${this.address}`, `--layer ${layer}`];
    const page = this.#nextPage;
    this.#nextPage = page === PORTS.mixnodePage ? PORTS.nextPage : page + 1;
    const move = page === PORTS.mixnodePage ? [] : [`s|"127.0.0.1:${PORTS.mixnodePage}"|"127.0.0.1:${page}"|`];
    this.#add("mixnode", id, [...options, `--directory ${directory}`], move);
  }

  addGateway(name: string, directory: string): void {
    const { tls } = this.style;
    const { port, option } = this.#packetPort("mix-port");
    this.roles.push("gateway");
    this.ports.push({ port, from: "mixnodes" }, { port: PORTS.clients, from: "clients" });
    const clients = tls === undefined ? name : `wss://${authority(name, PORTS.clients)}`;
    const hosts = [`--mix-host ${this.#listening}`, ...option, `--mix-announce-host ${this.address}`];
    const options = [...hosts, `--clients-host ${this.#listening}`, `--clients-announce-host ${clients}`];
    this.#add("gateway", "gateway", [...options, `--directory ${directory}`], tls === undefined ? [] : [serveTls(tls)]);
  }

  /**
   * What to listen on: all addresses of the host, which behind NAT are not the one that others know; on loopback only
   * that one.
   */
  get #listening(): string {
    if (kindOfAddress(this.address) === "loopback") return this.address;
    return this.address.includes(":") ? "::" : "0.0.0.0";
  }

  /** The next free port for packets, and the option that sets it unless it is the usual one. */
  #packetPort(name: string): { port: number; option: string[] } {
    const port = this.#nextPackets++;
    return { port, option: port === PORTS.packets ? [] : [`--${name} ${port}`] };
  }

  /** `edits`: commands of sed that change the new configuration file. */
  #add(
    role: "gateway" | "mixnode" | "directory",
    id: string,
    options: readonly string[],
    edits: readonly string[],
  ): void {
    const { services } = this.style;
    const program = role === "gateway" ? "nym-gateway" : `nym-gateway ${role}`;
    const init = `${program} init --id ${id} ${options.join(" ")}`;
    const home = services ? SERVICE_HOME : `"\${NYM_HOME:-$HOME/.nym}"`;
    const homes = role === "gateway" ? GATEWAY_HOMES : GROUPS[role].homes;
    const unit = role === "gateway" ? "nym-gateway" : `nym-${role}@${id}`;
    this.steps.push([
      services ? `su -s /bin/sh nym-gateway -c 'NYM_HOME=${SERVICE_HOME} ${init}'` : init,
      ...edits.map((edit) => `sed -i '${edit}' ${home}/${homes}/${id}/config/config.toml`),
      services ? `NYM_HOME=${SERVICE_HOME} ${program} check --id ${id}` : `${program} check --id ${id}`,
      services ? `systemctl enable --now ${unit}` : `${program} run --id ${id}`,
    ]);
  }
}

/** The command of sed that sets certificate and key in the configuration of a directory or gateway. */
function serveTls(folder: string): string {
  return `s|^tls_certificate = .*|tls_certificate = "${folder}/fullchain.pem"|; s|^tls_key = .*|tls_key = "${folder}/privkey.pem"|`;
}

function authority(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function refuse(option: string, reason: string): OperatorError {
  return new OperatorError(`--${option}: ${reason}`, ExitCode.USAGE);
}
