import { join } from "node:path";
import type { ServerOptions } from "../../postgresql/server.ts";
import { pause } from "../../timing/pause.ts";
import { HOST } from "../network.ts";
import { until } from "../until.ts";
import { asUser, type Programs } from "./programs.ts";
import { run, Service } from "./service.ts";

/** ms until three nodes must be up, on a slow machine: one makes the database, two copy it */
const START_TIMEOUT = 120_000;
/** ms between two checks of what is starting */
const LOOK_AGAIN = 100;
/** ms until a killed process must be gone */
const END_TIMEOUT = 10_000;
/** Lines of postmaster.pid: its process, and the key and id of its shared memory. */
const PID_LINE = 0;
const MEMORY_LINE = 6;

/** Ports of a cluster's programs. */
export interface DatabasePorts {
  /** for clients and for peers, of the etcd on each of the first nodes: one, or three */
  readonly etcd: readonly (readonly [number, number])[];
  /** of each node */
  readonly nodes: readonly { readonly patroni: number; readonly postgresql: number }[];
}

/** A node as Patroni reports it. */
export interface Member {
  /** as in `node1` */
  readonly name: string;
  /** `leader`, `sync_standby`, `quorum_standby` or `replica` */
  readonly role: string;
  /** `running` or `streaming` when it is well */
  readonly state: string;
}

interface Node {
  readonly name: string;
  readonly folder: string;
  readonly ports: DatabasePorts["nodes"][number];
  readonly patroni: Service;
}

/** PostgreSQL on several nodes, with a primary that Patroni chooses, and commits that a standby has too. */
export class Database implements AsyncDisposable {
  readonly #nodes: Node[] = [];
  readonly #etcds: Service[] = [];

  private constructor(
    private readonly parts: AsyncDisposableStack,
    private readonly folder: string,
    private readonly programs: Programs,
    private readonly ports: DatabasePorts,
    private readonly password: string,
  ) {}

  /**
   * Starts etcd and all nodes, each with its files in a folder of its name, which may exist if it is empty; resolves when a
   * standby is synchronous. `parameters`: further settings of PostgreSQL
   */
  static async start(
    folder: string,
    programs: Programs,
    ports: DatabasePorts,
    signal: AbortSignal,
    parameters: Readonly<Record<string, string>> = {},
  ): Promise<Database> {
    await using starting = new AsyncDisposableStack();
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const password = crypto.getRandomValues(new Uint8Array(16)).toHex();
    const database = starting.use(new Database(new AsyncDisposableStack(), folder, programs, ports, password));
    const isQuorum = await patroniVersion(programs.patroni) >= 4;
    for (const i of ports.nodes.keys()) await database.#configure(i, isQuorum, parameters);
    if (Deno.uid() === 0) await run("chown", "-R", "postgres", folder);
    database.startNodes();
    let members: Member[] = [];
    const isUp = async () => {
      members = await database.members().catch(() => []);
      return members.length === ports.nodes.length && members.some(({ role }) => role === "leader") &&
        members.every(({ role, state }) =>
          role === "leader" ? state === "running" : /^(running|streaming)$/.test(state)
        ) &&
        members.some(isSynchronous);
    };
    await eventually(
      isUp,
      START_TIMEOUT,
      () => `The nodes are not ready: ${JSON.stringify(members)}`,
      signal,
      database,
    );
    starting.move();
    return database;
  }

  /** Hosts and login of a superuser. */
  get options(): ServerOptions {
    return {
      hosts: this.ports.nodes.map(({ postgresql }) => ({ host: HOST, port: postgresql })),
      user: "postgres",
      database: "postgres",
      password: this.password,
      tls: false,
    };
  }

  /** The nodes as Patroni sees them. Throws if none answers. */
  async members(): Promise<Member[]> {
    const asked = this.#nodes.map(async ({ ports: { patroni } }) => {
      const answer = await fetch(`http://${HOST}:${patroni}/cluster`, { signal: AbortSignal.timeout(1000) });
      return (await answer.json() as { members: Member[] }).members;
    });
    return await Promise.any(asked);
  }

  /** Throws an Error with what a program has said if it has ended by itself. */
  readonly mustRun = (): void => {
    for (const { patroni } of this.#nodes) patroni.mustRun();
  };

  /** Kills the primary and its Patroni at once, as the loss of a machine does. Returns its name. */
  async killPrimary(): Promise<string> {
    const primary = (await this.members()).find(({ role }) => role === "leader");
    const index = this.#nodes.findIndex(({ name }) => name === primary?.name);
    if (index < 0) throw new Error("There is no primary");
    const [node] = this.#nodes.splice(index, 1) as [Node];
    const lines = processOf(node);
    await node.patroni.kill();
    Deno.kill(Number(lines![PID_LINE]), "SIGKILL");
    await removed(node, lines!);
    return node.name;
  }

  /** The first processes of its programs; all others descend from them. */
  get processes(): number[] {
    const services = [...this.#etcds, ...this.#nodes.map(({ patroni }) => patroni)];
    const servers = this.#nodes.map((node) => processOf(node)?.[PID_LINE]).filter((pid) => pid !== undefined);
    return [...services.map(({ pid }) => pid), ...servers.map(Number)];
  }

  /** Ends all programs; the files stay. */
  async stop(): Promise<void> {
    await Promise.all(
      this.#nodes.splice(0).map(async (node) => {
        await node.patroni.kill();
        const lines = processOf(node);
        if (lines === undefined) return;
        try {
          Deno.kill(Number(lines[PID_LINE]), "SIGQUIT");
        } catch {
          // it has ended already
        }
        await removed(node, lines);
      }),
    );
    await Promise.all(this.#etcds.splice(0).map((etcd) => etcd.kill()));
  }

  /** Starts the programs of these nodes, or of all, with the files left in their folders. */
  startNodes(names: readonly string[] = this.ports.nodes.map((_, i) => nameOf(i))): void {
    const cluster = this.ports.etcd.map(([, peer], i) => `${nameOf(i)}=http://${HOST}:${peer}`).join();
    for (const [i, ports] of this.ports.nodes.entries()) {
      const name = nameOf(i);
      if (!names.includes(name)) continue;
      const home = join(this.folder, name);
      if (i < this.ports.etcd.length) {
        const [client, peer] = this.ports.etcd[i]!.map((port) => `http://${HOST}:${port}`) as [string, string];
        const command = asUser(
          this.programs.etcd,
          ...["--name", name, "--data-dir", join(home, "etcd"), "--log-level", "error"],
          ...["--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer],
          ...["--initial-advertise-peer-urls", peer, "--initial-cluster", cluster],
        );
        this.#etcds.push(this.parts.use(new Service(`etcd of ${name}`, command)));
      }
      const service = new Service(`Patroni of ${name}`, asUser(this.programs.patroni, join(home, "patroni.yml")));
      this.#nodes.push({ name, folder: home, ports, patroni: this.parts.use(service) });
    }
  }

  /** Ends all of it. The files are the caller's. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.parts.disposeAsync();
  }

  /** Writes the configuration of a node, in the part of YAML that is JSON. */
  async #configure(i: number, isQuorum: boolean, parameters: Readonly<Record<string, string>>): Promise<void> {
    const name = nameOf(i);
    const home = join(this.folder, name);
    const { patroni, postgresql } = this.ports.nodes[i]!;
    const [restapi, address] = [`${HOST}:${patroni}`, `${HOST}:${postgresql}`];
    const { password } = this;
    Deno.mkdirSync(home, { recursive: true, mode: 0o700 });
    const settings = {
      scope: "mail",
      name,
      log: { level: "WARNING" },
      restapi: { listen: restapi, connect_address: restapi },
      etcd3: { hosts: this.ports.etcd.map(([client]) => `${HOST}:${client}`) },
      bootstrap: {
        dcs: {
          ttl: 10,
          loop_wait: 2,
          retry_timeout: 4,
          synchronous_mode: isQuorum ? "quorum" : true,
          synchronous_mode_strict: true,
          postgresql: {
            use_pg_rewind: true,
            parameters: { max_connections: 60, wal_retrieve_retry_interval: "500ms", ...parameters },
          },
        },
        initdb: [{ encoding: "UTF8" }, { locale: "C" }, "data-checksums"],
      },
      postgresql: {
        listen: address,
        connect_address: address,
        data_dir: join(home, "data"),
        bin_dir: this.programs.postgresql,
        pgpass: join(home, "pgpass"),
        authentication: {
          superuser: { username: "postgres", password },
          replication: { username: "replicator", password },
        },
        pg_hba: [
          "local all all scram-sha-256",
          `host all all ${HOST}/32 scram-sha-256`,
          `host replication replicator ${HOST}/32 scram-sha-256`,
        ],
        // Shared memory in files of its own folder, so that a node that is killed leaves none behind.
        parameters: { unix_socket_directories: home, shared_buffers: "32MB", dynamic_shared_memory_type: "mmap" },
      },
    };
    await Deno.writeTextFile(join(home, "patroni.yml"), JSON.stringify(settings), { mode: 0o600 });
  }
}

/** Whether a node has every commit that was answered, or may be chosen only if it has. */
export function isSynchronous({ role }: Member): boolean {
  return role === "sync_standby" || role === "quorum_standby";
}

async function eventually(
  condition: () => Promise<boolean>,
  timeout: number,
  failure: () => string,
  signal: AbortSignal,
  { mustRun }: { mustRun(): void },
): Promise<void> {
  for (const deadline = performance.now() + timeout; !await condition(); await pause(LOOK_AGAIN, signal)) {
    signal.throwIfAborted();
    mustRun();
    if (performance.now() > deadline) throw new Error(failure());
  }
}

function nameOf(i: number): string {
  return `node${i + 1}`;
}

/** The lines of postmaster.pid; undefined when PostgreSQL does not run. */
function processOf({ folder }: Node): string[] | undefined {
  try {
    return Deno.readTextFileSync(join(folder, "data", "postmaster.pid")).split("\n");
  } catch {
    return undefined;
  }
}

/** Waits for the end of a killed PostgreSQL, and removes the shared memory by which its sessions could still be found. */
async function removed({ name }: Node, lines: readonly string[]): Promise<void> {
  const failure = () => `PostgreSQL of ${name} does not end`;
  await until(() => !isRunning(Number(lines[PID_LINE])), END_TIMEOUT, failure, new AbortController().signal);
  const memory = lines[MEMORY_LINE]?.trim().split(/\s+/)[1];
  // Gone already, unless it was killed.
  if (memory !== undefined) await run("ipcrm", "-m", memory).catch(() => {});
}

/** Whether a process is still running. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}

/** Its major version. */
async function patroniVersion(patroni: string): Promise<number> {
  const { stdout } = await new Deno.Command(patroni, { args: ["--version"], stdin: "null", cwd: "/" }).output();
  return Number(/\d+/.exec(new TextDecoder().decode(stdout))?.[0] ?? 0);
}
