import { assert, assertEquals, assertThrows } from "@std/assert";
import { findPrograms } from "../../src/sandbox/cluster/programs.ts";
import { provision } from "../../src/postgresql/provision.ts";
import { Database } from "../../src/sandbox/cluster/database.ts";
import { firstFree } from "../../src/sandbox/ports.ts";
import { Writers } from "../postgresql/writers.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { Program } from "./program.ts";

/** How many are committed, half of them before the primary is lost, by each writer so many at a time. */
const MESSAGES = 1_000_000;
const TOGETHER = 250;
const CLUSTER = "src/sandbox/cluster/command.ts";
/** A minute or more each: only where they are asked for. */
const ignore = Deno.env.get("NYM_CLUSTER") !== "long";

Deno.test("programs that a cluster lacks are named by their packages", () => {
  const remedy = "apt-get install --no-install-recommends postgresql patroni etcd-server haproxy";
  assertThrows(() => findPrograms(["/nowhere"]), Error, remedy);
});

Deno.test({
  name: "a cluster loses its primary and a gateway, and nothing that was committed",
  ignore,
  fn: async () => {
    await using cluster = started();
    assertEquals(await cluster.ended(), 0, cluster.output);
    assert(cluster.output.includes("Nothing that was committed is lost."), cluster.output);
    assertEquals([cluster.leftBehind(), programs(cluster)], [[], []]);
  },
});

Deno.test({
  name: `a primary that is lost under load, with its Patroni, loses none of ${MESSAGES} messages`,
  ignore,
  fn: async () => {
    using folder = new TemporaryFolder();
    Deno.chmodSync(folder.path, 0o711); // for the user postgres
    let next = firstFree(2 + 2 * 3);
    const nodes = [1, 2, 3].map(() => ({ patroni: next++, postgresql: next++ }));
    const ports = { etcd: [[next++, next++]], nodes } as const;
    const { signal } = new AbortController();
    await using database = await Database.start(folder.file("database"), findPrograms(), ports, signal);
    const options = { ...database.options, user: "gateway", database: "mail", password: "secret" };
    await provision(database.options, options, options.password);
    await using writers = new Writers(options);
    const running = [writers.start(TOGETHER), writers.start(TOGETHER)];
    const goOn = (messages: number) => Promise.all(running.map((writer) => writer.commitsMore(messages / 2)));
    await goOn(MESSAGES / 2);
    await database.killPrimary();
    await goOn(MESSAGES / 2);
    await Promise.all(running.map((writer) => writer.kill()));
    await writers.check();
    const silence = Math.max(...running.map(({ longestSilence }) => longestSilence)) / 1000;
    // deno-lint-ignore no-console -- figures of the long form
    console.log(`${writers.committed} messages committed, none lost or twice; no commits for ${silence.toFixed(1)} s`);
  },
});

for (const moment of ["The cluster starts", "PostgreSQL under", "Bob registers", "primary is killed", "A gateway is"]) {
  Deno.test({
    name: `Ctrl-C at "${moment}" leaves nothing of a cluster behind`,
    ignore,
    fn: async () => {
      await using cluster = started();
      await cluster.printed(moment);
      cluster.signal("SIGINT");
      assertEquals(await cluster.ended(), 130, cluster.output);
      assertEquals([cluster.leftBehind(), programs(cluster)], [[], []]);
    },
  });
}

function started(): Program {
  const program = new Program(CLUSTER);
  Deno.chmodSync(program.temporaryFolder, 0o711); // for the user postgres, whose folder is in it
  return program;
}

/** The command lines of programs that run with the cluster's files. */
function programs({ temporaryFolder }: Program): string[] {
  return [...Deno.readDirSync("/proc")].filter(({ name }) => /^\d+$/.test(name)).map(({ name }) => {
    try {
      return Deno.readTextFileSync(`/proc/${name}/cmdline`);
    } catch {
      return ""; // it has ended
    }
  }).filter((line) => line.includes(temporaryFolder));
}
