import { assert, assertEquals } from "@std/assert";
import type { ServerOptions } from "../../src/postgresql/server.ts";
import { TextLineStream } from "../bench/lines.ts";
import { client, range, readAll } from "../mailbox/messages.ts";
import { openPostgresql } from "../mailbox/stores.ts";
import type { Postgresql } from "../support/postgresql.ts";
import { Random } from "../support/random.ts";
import { readMessage } from "./kills_message.ts";

/** How many gateways are killed; after every tenth, and the last, the database's server is killed too. Long form: 200. */
const KILLS = Number(Deno.env.get("CRASH_POSTGRESQL_KILLS") ?? 1);
/** How many messages are committed at least, over all kills. Long form: a million. */
const MESSAGES = Number(Deno.env.get("CRASH_POSTGRESQL_MESSAGES") ?? 0);
const CLIENTS = 20;

/** A gateway's store in a process of its own. */
class Writer {
  /** messages that are committed as far as it has said: the first ones */
  committed = 0;
  readonly #process: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  #hasEnded = false;

  constructor(options: ServerOptions, readonly id: number) {
    const child = new URL("kills_child.ts", import.meta.url).pathname;
    const args = ["run", "--no-check", "--allow-net", "--allow-read", "--allow-write", "--allow-env", "--allow-sys"];
    this.#process = new Deno.Command(Deno.execPath(), {
      args: [...args, child, JSON.stringify([options, id, CLIENTS])],
      stdout: "piped",
      stderr: "inherit", // an error that ends it
    }).spawn();
    this.#reading = this.#read();
  }

  /** Resolves when this many more are committed. */
  async goesOn(messages: number): Promise<void> {
    const goal = this.committed + messages;
    while (this.committed < goal) {
      if (this.#hasEnded) throw new Error(`writer ${this.id} has ended by itself`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
    await this.#reading;
  }

  async #read(): Promise<void> {
    const lines = this.#process.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
    for await (const line of lines) this.committed = Number(line);
    this.#hasEnded = true;
  }
}

/** Kills gateways and the server of a database under load: nothing that was committed may be lost or out of order. */
export async function killUnderLoad(options: ServerOptions, cluster: Postgresql): Promise<void> {
  const random = new Random(200);
  const all: Writer[] = [];
  const started = () => all[all.push(new Writer(options, all.length)) - 1]!;
  const running = [started(), started()];
  for (const kill of range(KILLS)) {
    const at = kill % 2;
    const more = MESSAGES / KILLS / 2 + 1;
    await Promise.all(running.map((writer) => writer.goesOn(more + random.below(200))));
    await running[at]!.kill();
    running[at] = started();
    if (kill % 10 !== 9 && kill !== KILLS - 1) continue;
    await Promise.all(running.map((writer) => writer.goesOn(1))); // one that starts without a database ends
    await cluster.stop("kill");
    await cluster.restart();
    await Promise.all(running.map((writer) => writer.goesOn(1)));
  }
  await Promise.all(running.map((writer) => writer.kill()));

  const seen = all.map(() => new Set<number>());
  let repeated = 0;
  await using mailbox = await openPostgresql(options);
  for (const c of range(CLIENTS)) {
    const last = all.map(() => -1);
    for (const { message } of await readAll(mailbox.openInbox(client(c), () => {}, () => {}))) {
      const { writer, number } = readMessage(message);
      assertEquals(number % CLIENTS, c);
      if (seen[writer]!.has(number)) repeated++;
      else assert(number > last[writer]!, `writer ${writer}: ${number} after ${last[writer]}`);
      seen[writer]!.add(number);
      last[writer] = number;
    }
  }
  const lost = all.map(({ id, committed }) => range(committed).filter((number) => !seen[id]!.has(number)).length);
  assertEquals(lost, all.map(() => 0));
  assertEquals(repeated, 0);
  const committed = all.reduce((sum, writer) => sum + writer.committed, 0);
  // deno-lint-ignore no-console -- a figure of the long form
  if (KILLS > 1) console.log(`${KILLS} gateways killed, ${committed} messages committed, none lost, none twice`);
}
