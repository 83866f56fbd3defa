import { join } from "node:path";
import type { ServerOptions } from "../../src/postgresql/server.ts";
import { asUser } from "../../src/sandbox/cluster/programs.ts";
import { run } from "../../src/sandbox/cluster/service.ts";
import { PROGRAMS } from "../support/postgresql.ts";
import { descendants } from "./descendants.ts";
import { Disk } from "./disk.ts";

/** MB of a disk: a database with little in it. */
const SIZE = 256;
/** Checkpoints every second or so, so that some are under way at a cut. */
const SETTINGS = {
  listen_addresses: "",
  shared_buffers: "16MB",
  max_connections: "40",
  min_wal_size: "2MB",
  max_wal_size: "4MB",
  checkpoint_timeout: "30s",
  wal_keep_size: "64MB",
  hot_standby: "on",
};

/** A PostgreSQL on a disk of its own. */
export class Node implements AsyncDisposable {
  #process: Deno.ChildProcess | undefined;

  private constructor(readonly name: string, private readonly disk: Disk, private readonly settings: Settings) {}

  /** One with a new database. */
  static async init(name: string, folder: string, settings: Settings): Promise<Node> {
    const node = new Node(name, await newDisk(name, folder), settings);
    const options = ["--auth-local=trust", "--username=gateway", "--encoding=UTF8", "--locale=C", "--wal-segsize=1"];
    await run(...asUser(join(PROGRAMS!, "initdb"), "-D", node.#data, ...options));
    return node;
  }

  /** A standby of another one, which is running. */
  static async standby(name: string, folder: string, of: Node, settings: Settings): Promise<Node> {
    const node = new Node(name, await newDisk(name, folder), settings);
    const source = `host=${of.#socket} user=gateway application_name=${name}`;
    const options = ["--dbname", source, "--pgdata", node.#data, "--write-recovery-conf", "--checkpoint=fast"];
    await run(...asUser(join(PROGRAMS!, "pg_basebackup"), ...options));
    return node;
  }

  /** What there would be after a power cut now, which is not started yet. Call it while it is {@linkcode freeze | frozen}. */
  async afterPowerCut(name: string, folder: string): Promise<Node> {
    const alone = { synchronous_standby_names: "", primary_conninfo: "" };
    const [image, path] = places(name, folder);
    await this.disk.copy(image);
    const node = new Node(name, await Disk.mount(image, path), { ...this.settings, ...alone });
    const locks = [join(node.#data, "postmaster.pid"), `${node.#socket}/.s.PGSQL.5432.lock`];
    await run("rm", "--force", ...locks);
    return node;
  }

  async start(): Promise<void> {
    const settings = { ...SETTINGS, unix_socket_directories: this.#socket, ...this.settings };
    const options = Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
    const [program, ...args] = asUser(join(PROGRAMS!, "postgres"), "-D", this.#data, ...options);
    this.#process = new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
    for (let attempt = 0;; attempt++) {
      try {
        return void await this.ask("select 1");
      } catch (error) {
        if (attempt > 400) throw error;
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    }
  }

  /** Has a standby that has lost its primary take over. */
  async promote(): Promise<void> {
    await run(...asUser(join(PROGRAMS!, "pg_ctl"), "promote", "--wait", "-D", this.#data));
  }

  /** Runs a statement of the superuser. */
  async ask(statement: string, database = "postgres"): Promise<string> {
    const psql = ["-h", this.#socket, "-U", "gateway", "-d", database, "-Atc", statement];
    const { success, stdout, stderr } = await new Deno.Command(join(PROGRAMS!, "psql"), { args: psql }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout).trim();
  }

  /** How to log in. */
  options(database: string): ServerOptions {
    return { hosts: [{ host: this.#socket, port: 5432 }], user: "gateway", database, password: "", tls: false };
  }

  /** Stops all its processes where they are, until that is disposed of. */
  freeze(): Disposable {
    const first = this.#process!.pid;
    Deno.kill(first, "SIGSTOP");
    const pids = descendants([first]);
    for (const pid of pids) Deno.kill(pid, "SIGSTOP");
    return {
      [Symbol.dispose]: () => {
        for (const pid of pids) Deno.kill(pid, "SIGCONT");
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process?.kill("SIGQUIT");
    await this.#process?.status;
    await this.disk[Symbol.asyncDispose]();
  }

  get #socket(): string {
    return this.disk.path;
  }

  get #data(): string {
    return join(this.disk.path, "data");
  }
}

/** Settings of postgresql.conf. */
export type Settings = Readonly<Record<string, string>>;

function newDisk(name: string, folder: string): Promise<Disk> {
  return Disk.make(...places(name, folder), SIZE);
}

/** Where a node has its disk: the image, and the folder. */
function places(name: string, folder: string): [image: string, path: string] {
  const path = join(folder, name);
  return [`${path}.image`, path];
}
