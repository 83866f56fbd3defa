import { assert, assertEquals } from "@std/assert";
import type { ServerOptions } from "../../src/postgresql/server.ts";
import { TextLineStream } from "../bench/lines.ts";
import { client, range, readAll } from "../mailbox/messages.ts";
import { openPostgresql } from "../mailbox/stores.ts";
import { eventually } from "../support/eventually.ts";
import { readMessage } from "./kills_message.ts";

const CLIENTS = 20;
/** ms within which a lost database must be back */
const PATIENCE = 180_000;

/** A gateway's store in a process of its own. */
class Writer {
  /** how many messages it has reported as committed: the first ones */
  committed = 0;
  /** the longest time between two commits, in ms */
  longestSilence = 0;
  readonly #process: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  #hasEnded = false;

  constructor(options: ServerOptions, readonly id: number, together: number) {
    const child = new URL("kills_child.ts", import.meta.url).pathname;
    const args = ["run", "--no-check", "--allow-net", "--allow-read", "--allow-write", "--allow-env", "--allow-sys"];
    this.#process = new Deno.Command(Deno.execPath(), {
      args: [...args, child, JSON.stringify([options, id, CLIENTS, together])],
      stdout: "piped",
      stderr: "inherit", // an error that ends it
    }).spawn();
    this.#reading = this.#read();
  }

  /** Resolves when this many more are committed. */
  async commitsMore(messages: number): Promise<void> {
    const goal = this.committed + messages;
    const isReached = () => {
      if (this.committed >= goal) return true;
      if (this.#hasEnded) throw new Error(`writer ${this.id} has ended by itself`);
      return false;
    };
    await eventually(`writer ${this.id} has committed ${goal}`, isReached, PATIENCE);
  }

  /** Kills it, unless it has ended. */
  async kill(): Promise<void> {
    if (!this.#hasEnded) this.#process.kill("SIGKILL");
    await this.#process.status;
    await this.#reading;
  }

  async #read(): Promise<void> {
    const lines = this.#process.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
    let before: number | undefined;
    for await (const line of lines) {
      this.committed = Number(line);
      const now = performance.now();
      this.longestSilence = Math.max(this.longestSilence, now - (before ?? now));
      before = now;
    }
    this.#hasEnded = true;
  }
}

/** Gateways' stores that write for the same clients, and the record of what they have committed. */
export class Writers implements AsyncDisposable {
  readonly #all: Writer[] = [];

  constructor(private readonly options: ServerOptions) {}

  /** Starts another one, which waits for a commit after each `together` messages. */
  start(together = 20): Writer {
    const writer = new Writer(this.options, this.#all.length, together);
    this.#all.push(writer);
    return writer;
  }

  /** How many messages all of them have reported as committed. */
  get committed(): number {
    return this.#all.reduce((sum, { committed }) => sum + committed, 0);
  }

  /** Fails unless all of them are in their inboxes, in order, and none twice. No writer may be running. */
  async check(): Promise<void> {
    const all = this.#all;
    const seen = all.map(() => new Set<number>());
    let repeated = 0;
    await using mailbox = await openPostgresql(this.options);
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
  }

  /** Kills all. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#all.map((writer) => writer.kill()));
  }
}
