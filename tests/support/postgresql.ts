import { join } from "node:path";
import { Server, type ServerOptions } from "../../src/postgresql/server.ts";
import { TemporaryFolder } from "./temporary_folder.ts";

/** Where Debian's package puts the programs, by version. */
const DEBIAN = "/usr/lib/postgresql";

/** The folder with initdb and postgres; undefined when they are not installed. */
export const PROGRAMS: string | undefined = programs();

/** Tests that need PostgreSQL are skipped without it, except where CI is set. */
export const SKIPPED: boolean = PROGRAMS === undefined && Deno.env.get("CI") === undefined;

function programs(): string | undefined {
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  try {
    const versions = [...Deno.readDirSync(DEBIAN)].map(({ name }) => name).sort((a, b) => Number(b) - Number(a));
    folders.unshift(...versions.map((version) => join(DEBIAN, version, "bin")));
  } catch {
    // not Debian's
  }
  return folders.find((folder) => {
    try {
      return Deno.statSync(join(folder, "initdb")).isFile;
    } catch {
      return false;
    }
  });
}

/** A PostgreSQL of its own, in a temporary folder, which listens on a Unix socket there. */
export class Postgresql implements AsyncDisposable {
  readonly #folder: TemporaryFolder;
  #databases = 0;
  #process: Deno.ChildProcess;

  private constructor(folder: TemporaryFolder, private readonly port: number) {
    this.#folder = folder;
    this.#process = this.#spawn();
  }

  /** Creates and starts it. Fails where PostgreSQL is not installed. */
  static async start(): Promise<Postgresql> {
    if (PROGRAMS === undefined) throw new Error("PostgreSQL is not installed: apt-get install postgresql");
    const folder = new TemporaryFolder();
    if (Deno.uid() === 0) await run("chown", "postgres", folder.path);
    const options = ["--auth=trust", "--username=gateway", "--encoding=UTF8", "--locale=C", "--no-sync"];
    await run(...asUser(join(PROGRAMS, "initdb"), "-D", join(folder.path, "data"), ...options));
    const cluster = new Postgresql(folder, 5432);
    await cluster.#ready();
    return cluster;
  }

  /** Options for a new, empty database. */
  async database(): Promise<ServerOptions> {
    const database = `test_${++this.#databases}`;
    await using server = new Server(this.#options("postgres"));
    await server.run((sql) => sql.unsafe(`create database ${database}`));
    return this.#options(database);
  }

  /** Ends it at once, as a crash would (`immediate`), or with its sessions (`fast`). */
  async stop(how: "immediate" | "fast"): Promise<void> {
    this.#process.kill(how === "immediate" ? "SIGQUIT" : "SIGINT");
    await this.#process.status;
  }

  /** Starts it again after {@linkcode stop}. */
  async restart(): Promise<void> {
    this.#process = this.#spawn();
    await this.#ready();
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
    const options = Object.entries({ ...settings, ...quick }).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
    const [program, ...args] = asUser(join(PROGRAMS!, "postgres"), "-D", data, ...options);
    return new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
  }

  async #ready(): Promise<void> {
    for (let attempt = 0;; attempt++) {
      await using server = new Server(this.#options("postgres"));
      try {
        return void await server.run((sql) => sql`select 1`);
      } catch (error) {
        if (attempt > 200) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }
}

/** The command as the user postgres for root, whom PostgreSQL's programs refuse. */
function asUser(...command: [string, ...string[]]): [string, ...string[]] {
  if (Deno.uid() !== 0) return command;
  return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", ...command];
}

async function run(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args, stdin: "null", cwd: "/" }).output();
  if (!success) throw new Error(`${program}: ${new TextDecoder().decode(stderr)}`);
}
