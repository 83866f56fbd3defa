import { join } from "node:path";
import { firstFree } from "../../src/sandbox/ports.ts";
import { Database, isRunning, isSynchronous } from "../../src/sandbox/cluster/database.ts";
import { findPrograms } from "../../src/sandbox/cluster/programs.ts";
import { run } from "../../src/sandbox/cluster/service.ts";
import { Server, type ServerOptions } from "../../src/postgresql/server.ts";
import { range } from "../mailbox/messages.ts";
import { eventually } from "../support/eventually.ts";
import { descendants } from "./descendants.ts";
import { Disk } from "./disk.ts";
import type { Settings } from "./postgresql_nodes.ts";

/** MB of a disk, which has the files of an etcd too. */
const SIZE = 2048;
/** Small files and frequent checkpoints, so that some are under way at a cut. */
const PARAMETERS = { min_wal_size: "32MB", max_wal_size: "48MB", checkpoint_timeout: "30s" };
/** ms in which the nodes must agree again */
const PATIENCE = 180_000;
const LOOK_AGAIN = 100;

const NAMES = ["node1", "node2", "node3"];

/** The nodes of `deno task cluster`, each on a machine of its own with an etcd and one disk for both. */
export class PatroniCluster implements AsyncDisposable {
  private constructor(
    private readonly parts: AsyncDisposableStack,
    private readonly disks: readonly Disk[],
    private readonly database: Database,
    /** a superuser's login to the gateways' database */
    readonly options: ServerOptions,
  ) {}

  static async start(folder: string, parameters: Settings): Promise<PatroniCluster> {
    await using starting = new AsyncDisposableStack();
    const disks: Disk[] = [];
    for (const name of NAMES) {
      disks.push(starting.use(await Disk.make(join(folder, `${name}.image`), join(folder, name), SIZE)));
    }
    const first = firstFree(4 * NAMES.length);
    const ports = NAMES.map((_, i) => range(4, first + 4 * i) as [number, number, number, number]);
    const database = starting.use(
      await Database.start(
        folder,
        findPrograms(),
        {
          etcd: ports.map(([client, peer]) => [client, peer]),
          nodes: ports.map(([, , patroni, postgresql]) => ({ patroni, postgresql })),
        },
        new AbortController().signal,
        { ...PARAMETERS, ...parameters },
      ),
    );
    {
      await using server = new Server(database.options);
      await server.run((sql) => sql`create database mail`);
    }
    // An operator's files, such as Patroni's configuration, are on the disk long before.
    for (const { path } of disks) await run("sync", "--file-system", path);
    return new PatroniCluster(starting.move(), disks, database, { ...database.options, database: "mail" });
  }

  /** The primary's name, and which nodes follow it. */
  async roles(): Promise<{ primary: string; standbys: string[] }> {
    await using server = new Server(this.options);
    const rows = await server.run((sql) =>
      sql<{ port: number; standby: string | null }[]>`
        select current_setting('port')::int as port, application_name as standby
          from (select) one left join pg_stat_replication on state = 'streaming'`
    );
    const index = this.options.hosts.findIndex(({ port }) => port === rows[0]!.port);
    return { primary: NAMES[index]!, standbys: rows.map(({ standby }) => standby).filter((name) => name !== null) };
  }

  /**
   * Resolves once all nodes follow a primary, and Patroni has recorded which of them may replace it: if the primary is lost
   * before that, Patroni waits for it.
   */
  async isWhole(): Promise<void> {
    const isWhole = async () => {
      const members = await this.database.members();
      return (await this.roles()).standbys.length === NAMES.length - 1 && members.some(isSynchronous);
    };
    for (const end = performance.now() + PATIENCE; !await isWhole().catch(() => false);) {
      this.database.mustRun();
      if (performance.now() > end) throw new Error(`not whole: ${JSON.stringify(await this.database.members())}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN));
    }
  }

  /** Cuts the power of all machines at one moment. What their disks had been told to keep is what is left. */
  async cutPower(): Promise<void> {
    const images = this.disks.map(({ path }) => `${path}.cut`);
    const stopped = new Set<number>();
    try {
      stopAll(this.database.processes, stopped);
      await Promise.all(this.disks.map((disk, i) => disk.copy(images[i]!)));
    } finally {
      for (const pid of stopped) signal(pid, "SIGKILL");
      await this.database.stop();
    }
    await eventually("all have ended", () => ![...stopped].some(isRunning));
    for (const [i, disk] of this.disks.entries()) await disk.replace(images[i]!);
  }

  /** Starts the programs of these machines, or of all. */
  powerOn(names: readonly string[] = NAMES): void {
    this.database.startNodes(names);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.parts.disposeAsync();
  }
}

/** Freezes these processes and all their descendants, including those that start meanwhile. */
function stopAll(first: readonly number[], stopped: Set<number>): void {
  for (let before = -1; stopped.size > before;) {
    before = stopped.size;
    for (const pid of descendants(first)) {
      if (!stopped.has(pid) && signal(pid, "SIGSTOP")) stopped.add(pid);
    }
  }
}

/** Whether there was such a process. */
function signal(pid: number, name: Deno.Signal): boolean {
  try {
    Deno.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}
