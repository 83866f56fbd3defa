import { join } from "node:path";
import { asUser, postgresqlFolder } from "../../src/sandbox/cluster/programs.ts";
import { run } from "../../src/sandbox/cluster/service.ts";
import { Server, type ServerOptions } from "../../src/postgresql/server.ts";
import { selfSigned } from "../tls/self_signed.ts";
import { TemporaryFolder } from "./temporary_folder.ts";

/** The folder with initdb and postgres; undefined when they are not installed. */
export const PROGRAMS: string | undefined = postgresqlFolder();

/** Tests that need PostgreSQL are skipped without it, except where CI is set. */
export const SKIPPED: boolean = PROGRAMS === undefined && Deno.env.get("CI") === undefined;

/** Settings of postgresql.conf. */
type Settings = Readonly<Record<string, string>>;

/** A PostgreSQL of its own, in a temporary folder, which listens on a Unix socket there. */
export class Postgresql implements AsyncDisposable {
  readonly #folder: TemporaryFolder;
  #databases = 0;
  #process: Deno.ChildProcess;
  #hasEnded = false;

  private constructor(folder: TemporaryFolder, private readonly port: number, private readonly settings: Settings) {
    this.#folder = folder;
    this.#process = this.#spawn();
  }

  /**
   * Creates and starts it, with these settings and files in its data folder. Over TCP, if the settings say so, roles need a
   * password. Fails where PostgreSQL is not installed.
   */
  static async start(settings: Settings = {}, files: Readonly<Record<string, string>> = {}): Promise<Postgresql> {
    if (PROGRAMS === undefined) throw new Error("PostgreSQL is not installed: apt-get install postgresql");
    const folder = new TemporaryFolder();
    if (Deno.uid() === 0) await run("chown", "postgres", folder.path);
    const options = [
      "--auth-local=trust",
      "--auth-host=scram-sha-256",
      "--username=gateway",
      "--encoding=UTF8",
      "--locale=C",
      "--no-sync",
    ];
    await run(...asUser(join(PROGRAMS, "initdb"), "-D", join(folder.path, "data"), ...options));
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder.path, "data", name);
      await Deno.writeTextFile(path, text, { mode: 0o600 });
      if (Deno.uid() === 0) await run("chown", "postgres", path);
    }
    const cluster = new Postgresql(folder, Number(settings["port"] ?? 5432), settings);
    await cluster.#ready();
    return cluster;
  }

  /**
   * Creates and starts one that listens on `port` of 127.0.0.1 and 127.0.0.2 too, over TLS. Its certificate, whose path is
   * returned too, is for localhost and 127.0.0.1.
   */
  static async overTls(folder: TemporaryFolder, port: number): Promise<{ cluster: Postgresql; certificate: string }> {
    const { certificate, key } = await selfSigned(folder, "database");
    const cluster = await Postgresql.start(
      { listen_addresses: "127.0.0.1,127.0.0.2", port: String(port), ssl: "on" },
      { "server.crt": Deno.readTextFileSync(certificate), "server.key": Deno.readTextFileSync(key) },
    );
    return { cluster, certificate };
  }

  /** Options for a new, empty database; with its files in `folder`, if that is given, an empty one that is PostgreSQL's. */
  async database(folder?: string): Promise<ServerOptions> {
    const database = `test_${++this.#databases}`;
    await using server = new Server(this.#options("postgres"));
    if (folder !== undefined) {
      await server.run((sql) => sql.unsafe(`create tablespace ${database} location '${folder}'`));
    }
    const space = folder === undefined ? "" : ` tablespace ${database}`;
    await server.run((sql) => sql.unsafe(`create database ${database}${space}`));
    return this.#options(database);
  }

  /** Removes a database that has a folder of its own. */
  async drop({ database }: ServerOptions): Promise<void> {
    await using server = new Server(this.#options("postgres"));
    await server.run((sql) => sql.unsafe(`drop database ${database} with (force)`));
    await server.run((sql) => sql.unsafe(`drop tablespace ${database}`));
  }

  /** The path of its Unix socket. */
  get socket(): string {
    return `${this.#folder.path}/.s.PGSQL.${this.port}`;
  }

  /** Ends it without a checkpoint, or kills its first process, which the others notice. */
  async stop(how: "immediate" | "kill"): Promise<void> {
    if (this.#hasEnded) return;
    this.#process.kill(how === "immediate" ? "SIGQUIT" : "SIGKILL");
    await this.#process.status;
  }

  /** Starts it again after {@linkcode stop}. */
  async restart(): Promise<void> {
    this.#process = this.#spawn();
    await this.#ready();
  }

  /** Freezes it with its sessions, as a machine that hangs does. Disposing what is returned lets them go on. */
  async freeze(): Promise<Disposable> {
    await using server = new Server(this.#options("postgres"));
    const sessions = await server.run((sql) =>
      sql<{ pid: number }[]>`select pid from pg_stat_activity
        where backend_type = 'client backend' and pid <> pg_backend_pid()`
    );
    const pids = [this.#process.pid, ...sessions.map(({ pid }) => pid)];
    for (const pid of pids) Deno.kill(pid, "SIGSTOP");
    return {
      [Symbol.dispose]: () => {
        for (const pid of pids) Deno.kill(pid, "SIGCONT");
      },
    };
  }

  /** s of processor time that its processes have taken, those that have ended included. For benchmarks on Linux. */
  get processorTime(): number {
    let ticks = 0;
    const { pid } = this.#process;
    for (const each of [pid, ...this.#children()]) {
      const [user, system, userOfEnded, systemOfEnded] = statOf(each)!.slice(11) as [number, number, number, number];
      ticks += each === pid ? user + system + userOfEnded + systemOfEnded : user + system;
    }
    return ticks / 100;
  }

  #children(): number[] {
    const all = [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter((pid) => pid > 0);
    return all.filter((pid) => statOf(pid)?.[1] === this.#process.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("immediate");
    this.#folder[Symbol.dispose]();
  }

  #options(database: string): ServerOptions {
    return {
      hosts: [{ host: this.#folder.path, port: this.port }],
      user: "gateway",
      database,
      password: "",
      tls: false,
    };
  }

  #spawn(): Deno.ChildProcess {
    const data = join(this.#folder.path, "data");
    const settings = { listen_addresses: "", unix_socket_directories: this.#folder.path, port: String(this.port) };
    const quick = { fsync: "off", shared_buffers: "32MB", max_connections: "60" };
    const options = Object.entries({ ...settings, ...quick, ...this.settings }).flatMap((
      [key, value],
    ) => ["-c", `${key}=${value}`]);
    const [program, ...args] = asUser(join(PROGRAMS!, "postgres"), "-D", data, ...options);
    const process = new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
    this.#hasEnded = false;
    void process.status.then(() => {
      if (process === this.#process) this.#hasEnded = true;
    });
    return process;
  }

  async #ready(): Promise<void> {
    for (let attempt = 0;; attempt++) {
      await using server = new Server(this.#options("postgres"));
      try {
        return void await server.run((sql) => sql`select 1`);
      } catch (error) {
        if (attempt > 200) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
        // It does not start while a session that has outlived its first process is still attached to the memory they shared.
        if (this.#hasEnded) this.#process = this.#spawn();
      }
    }
  }
}

/** What Linux says of a process after its name, as in proc(5); undefined when it has ended. */
function statOf(pid: number): number[] | undefined {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /s, "").split(" ").map(Number);
  } catch {
    return undefined;
  }
}
