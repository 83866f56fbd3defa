import type { ServerOptions } from "../../src/postgresql/server.ts";
import { range } from "../mailbox/messages.ts";
import type { Postgresql } from "../support/postgresql.ts";
import { Random } from "../support/random.ts";
import { Writers } from "./writers.ts";

/** How many gateways are killed; after every tenth, and the last, the database's server is killed too. Long form: 200. */
const KILLS = Number(Deno.env.get("CRASH_POSTGRESQL_KILLS") ?? 1);
/** How many messages are committed at least, over all kills. Long form: a million. */
const MESSAGES = Number(Deno.env.get("CRASH_POSTGRESQL_MESSAGES") ?? 0);

/** Kills gateways and the server of a database under load: nothing that was committed may be lost or out of order. */
export async function killUnderLoad(options: ServerOptions, cluster: Postgresql): Promise<void> {
  const random = new Random(200);
  await using writers = new Writers(options);
  const running = [writers.start(), writers.start()];
  for (const kill of range(KILLS)) {
    const at = kill % 2;
    const more = MESSAGES / KILLS / 2 + 1;
    await Promise.all(running.map((writer) => writer.commitsMore(more + random.below(200))));
    await running[at]!.kill();
    running[at] = writers.start();
    if (kill % 10 !== 9 && kill !== KILLS - 1) continue;
    await Promise.all(running.map((writer) => writer.commitsMore(1))); // one that starts without a database ends
    await cluster.stop("kill");
    await cluster.restart();
    await Promise.all(running.map((writer) => writer.commitsMore(1)));
  }
  await Promise.all(running.map((writer) => writer.kill()));
  await writers.check();
  const { committed } = writers;
  // deno-lint-ignore no-console -- a figure of the long form
  if (KILLS > 1) console.log(`${KILLS} gateways killed, ${committed} messages committed, none lost, none twice`);
}
