import { join } from "node:path";
import type { Directory } from "../../directory_server/directory.ts";
import { encodeBase58 } from "../../encoding/base58.ts";
import { STORAGE_KEY_SIZE } from "../../mailbox/sealing.ts";
import { provision } from "../../postgresql/provision.ts";
import type { ServerOptions } from "../../postgresql/server.ts";
import { generateKeyPair } from "../../sphinx/curve.ts";
import { ANNOUNCE_TIMEOUT, HOST, makeHome, Network } from "../network.ts";
import { pause } from "../../timing/pause.ts";
import { firstFree, portsFrom } from "../ports.ts";
import { until } from "../until.ts";
import { balancerConfig } from "./balancer.ts";
import { Database } from "./database.ts";
import { ClusterGateway, type GatewayPorts, type Shared } from "./gateways.ts";
import { findPrograms } from "./programs.ts";
import { Service } from "./service.ts";

const NODES = 3;
/** Several mixnodes in a layer, each with one connection to the balancer, so that mail comes in at both gateways. */
const MIXNET = { mixnodes: 3, gateways: 0 };
/** of etcd, the nodes, the balancer and the gateways */
const PORTS = 2 + 2 * NODES + 2 + 2 * 3;
/** ms between two attempts to connect to what is starting */
const CONNECT_AGAIN = 50;
/** The role of the gateways, and its database. */
const ROLE = "gateway";
const MAIL = "mail";

/** A cluster on this machine: three PostgreSQL nodes, two gateways with the same keys, a load balancer, and a mixnet. */
export class Cluster {
  private constructor(
    private readonly parts: AsyncDisposableStack,
    readonly directory: Directory,
    readonly database: Database,
    /** how to log in to the gateways' database */
    readonly mail: ServerOptions,
    /** with which the mail is sealed */
    readonly storageKey: Uint8Array,
    readonly gateways: readonly ClusterGateway[],
  ) {}

  /**
   * Starts all of it in one temporary folder; calls `started` with each part that runs. Throws an Error when a program is
   * missing or fails, or the signal's reason once that is aborted, and leaves nothing behind.
   */
  static async start(signal: AbortSignal, started: (part: string, what: string) => void): Promise<Cluster> {
    const programs = findPrograms();
    await using starting = new AsyncDisposableStack();
    const home = starting.adopt(makeHome(), (folder) => Deno.remove(folder, { recursive: true }));
    if (Deno.uid() === 0) Deno.chmodSync(home, 0o711); // for the user postgres, whose folder is in it
    const network = starting.use(await Network.start(portsFrom(0, MIXNET), signal, { folder: home }));
    const { directory, mixnodes } = network;
    started("mixnet", `directory at ${directory.url}, ${mixnodes.length} mixnodes in three layers`);

    let next = firstFree(PORTS);
    const port = () => next++;
    const nodes = Array.from({ length: NODES }, () => ({ patroni: port(), postgresql: port() }));
    const folder = join(home, "database");
    const database = starting.use(
      await Database.start(folder, programs, { etcd: [[port(), port()]], nodes }, signal),
    );
    const mail = await makeMail(database);
    started("database", await describe(database));

    const announced = { mixnet: port(), clients: port() };
    const keys = generateKeyPair();
    const passwordFile = join(home, "database_password");
    Deno.writeTextFileSync(passwordFile, `${mail.password}\n`, { mode: 0o600 });
    const shared: Shared = {
      keys,
      storageKey: crypto.getRandomValues(new Uint8Array(STORAGE_KEY_SIZE)),
      announced: { mixnet: `${HOST}:${announced.mixnet}`, clients: `${HOST}:${announced.clients}` },
      directory: directory.url,
      database: {
        url: `postgres://${ROLE}@${mail.hosts.map(({ host, port }) => `${host}:${port}`).join()}/${MAIL}`,
        passwordFile,
      },
    };
    const ports: GatewayPorts[] = [1, 2].map(() => ({ mixnet: port(), clients: port(), operator: port() }));
    const gateways: ClusterGateway[] = [];
    for (const [i, each] of ports.entries()) {
      gateways.push(starting.use(await ClusterGateway.start(`gateway${i + 1}`, home, each, shared, signal)));
    }
    started("gateways", `two, with the key ${encodeBase58(keys.publicKey)}`);

    const configuration = join(home, "haproxy.cfg");
    Deno.writeTextFileSync(configuration, balancerConfig(announced, ports));
    const balancer = starting.use(new Service("HAProxy", [programs.haproxy, "-db", "-f", configuration]));
    await accepting(announced.clients, balancer, signal);
    const listed = () => directory.topology().gatewayNodes.length === 1;
    await until(listed, ANNOUNCE_TIMEOUT, () => "The directory does not list the gateways as one", signal);
    await Promise.all(mixnodes.map(({ presence }) => presence.lookAgain())); // now that all are listed
    const where = `:${announced.clients} for clients, :${announced.mixnet} for mixnodes, with the PROXY protocol`;
    started("HAProxy", where);
    return new Cluster(starting.move(), directory, database, mail, shared.storageKey, gateways);
  }

  /** Closes everything and removes its files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.parts.disposeAsync();
  }
}

/** Makes the gateways' role and database, as `nym-gateway storage init` does. Returns how to log in. */
async function makeMail({ options }: Database): Promise<ServerOptions> {
  const password = crypto.getRandomValues(new Uint8Array(16)).toHex();
  const names = { user: ROLE, database: MAIL };
  await provision(options, names, password);
  return { ...options, ...names, password };
}

async function describe(database: Database): Promise<string> {
  const roles = (await database.members()).map(({ name, role }) => `${name} ${ROLES[role] ?? role}`);
  return `PostgreSQL under Patroni: ${roles.join(", ")}`;
}

/** Patroni's roles in other words. */
const ROLES: Readonly<Record<string, string>> = {
  leader: "is the primary",
  sync_standby: "is its synchronous standby",
  quorum_standby: "is in its quorum",
  replica: "follows",
};

/** Resolves once something accepts connections there. */
async function accepting(port: number, { mustRun }: { mustRun(): void }, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    mustRun();
    try {
      return (await Deno.connect({ hostname: HOST, port })).close();
    } catch {
      await pause(CONNECT_AGAIN, signal);
    }
  }
}
