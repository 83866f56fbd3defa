import { assert, assertEquals, assertThrows } from "@std/assert";
import { findPrograms } from "../../src/sandbox/cluster/programs.ts";
import { Program } from "./program.ts";

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
