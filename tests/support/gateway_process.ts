import { join } from "node:path";
import project from "../../deno.json" with { type: "json" };
import type { Config } from "../../src/config/config.ts";
import { readConfig, writeConfig } from "../../src/config/files.ts";
import { loadStorageKey } from "../../src/config/storage_key_file.ts";
import { decodeChunk } from "../../src/mailbox/chunk.ts";
import { clientIdFromBase58 } from "../../src/mailbox/client_id.ts";
import { CONFIRMED, inboxContext, inboxPrefix } from "../../src/mailbox/keys.ts";
import { Sealer } from "../../src/mailbox/sealing.ts";
import { readTotals } from "../../src/mailbox/totals.ts";
import { denoDirectory } from "./deno_directory.ts";
import { type Outcome, outcomeIn } from "./outcome.ts";

/** The folder of the released 0.7.0 programs. */
const REFERENCE = Deno.env.get("NYM_REFERENCE");

/** The compiled gateway, if that is to be tested. */
const BINARY = Deno.env.get("NYM_BINARY");

/** How our program is started: compiled, or from this checkout as `deno task run` does it. */
export const OURS: readonly string[] = BINARY ? [BINARY] : [
  Deno.execPath(),
  ...project.tasks.run.command.split(" ").slice(1, -2), // without `deno` and `main.ts run`
  new URL("../../main.ts", import.meta.url).pathname,
];

const ID = "gw";
/** ms between two polls */
const LOOK_INTERVAL = 50;

export type GatewayKind = "ours" | "0.7.0";

/** The gateway ended before it was listening. */
export class EndedAtStart extends Error {
  constructor(kind: GatewayKind, readonly code: number, readonly said: string) {
    super(`the ${kind} gateway ended with ${code} while starting; its output:\n${said}`);
  }
}

/** A gateway in its own process, with its own temporary home. Ends with its scope. */
export class GatewayProcess implements AsyncDisposable {
  #child: Deno.ChildProcess | undefined;
  #output: Promise<unknown> = Promise.resolve();
  #log = "";
  #sealer: Sealer | undefined;
  /** base58, once it has started */
  publicKey = "";
  /** the cores to use from the next start on, in the format of taskset ("0", "0,1"); undefined: all */
  cores: string | undefined;
  /** additional environment variables from the next start on */
  environment: Readonly<Record<string, string>> = {};

  /** For an existing home; `init` creates one. */
  constructor(
    readonly kind: GatewayKind,
    readonly home: string,
    readonly mixnet: string,
    readonly clients: string,
    private readonly id = ID,
  ) {}

  /** Creates a gateway that will listen on these ports of 127.0.0.1; `directory` is a URL. */
  static async init(
    kind: GatewayKind,
    mixPort: number,
    clientsPort: number,
    directory: string,
  ): Promise<GatewayProcess> {
    const home = await Deno.makeTempDir({ prefix: "nym-gateway-" });
    const gateway = new GatewayProcess(kind, home, `127.0.0.1:${mixPort}`, `127.0.0.1:${clientsPort}`);
    const args = ["--mix-host", gateway.mixnet, "--clients-host", gateway.clients, "--directory", directory];
    const { success, stderr } = await gateway.#command("init", args).output();
    if (!success) throw new Error(`init of the ${kind} gateway failed: ${new TextDecoder().decode(stderr)}`);
    // Many run at a time on one machine, and the operator's port is fixed.
    if (kind === "ours") gateway.configure(({ operator }) => operator.listeningAddress = "");
    return gateway;
  }

  /** Changes the configuration of our gateway, for its next start. */
  configure(adjust: (config: Config) => void): void {
    const path = this.path("config/config.toml");
    const config = readConfig(path);
    adjust(config);
    Deno.removeSync(path);
    writeConfig(path, config);
  }

  /** Runs another command on it to the end. */
  async carryOut(command: string, ...args: string[]): Promise<Outcome> {
    return outcomeIn(await this.#command(command, args).output());
  }

  /** Starts it; resolves with the ms until it is listening. `args`: additional options of `run`. */
  async start(...args: string[]): Promise<number> {
    const begin = performance.now();
    const child = this.#command("run", args).spawn();
    this.#child = child;
    this.#log = "";
    this.#output = Promise.all([this.#read(child.stdout), this.#read(child.stderr)]);
    let ended = false;
    child.status.then(() => ended = true);
    while (!this.#log.includes("Finished nym gateway startup")) {
      if (ended) {
        await this.#output;
        this.#child = undefined;
        throw new EndedAtStart(this.kind, (await child.status).code, this.#log);
      }
      await pause(5);
    }
    this.publicKey = /Public key: (\w+)/.exec(this.#log)![1]!;
    return performance.now() - begin;
  }

  /** The running process. */
  get pid(): number {
    if (this.#child === undefined) throw new Error(`the ${this.kind} gateway is not running`);
    return this.#child.pid;
  }

  /** Its output since it was started. */
  get log(): string {
    return this.#log;
  }

  /** The path of a file or folder in its home, as in `data/inboxes`. */
  path(name: string): string {
    return join(this.home, ".nym/gateways", this.id, name);
  }

  /** The folder with its inboxes. */
  get inboxes(): string {
    return this.path("data/inboxes");
  }

  /** Opens stored messages of our gateway, once it has started. */
  get sealer(): Sealer {
    return this.#sealer ??= new Sealer(loadStorageKey(join(this.inboxes, "../storage_key.pem")));
  }

  /** The number of messages on the disk. */
  async stored(): Promise<number> {
    if (this.kind === "ours") {
      using kv = await Deno.openKv(join(this.inboxes, "mailbox.kv"));
      return (await readTotals(kv, this.sealer)).messages;
    }
    let count = 0;
    for await (const inbox of Deno.readDir(this.inboxes)) {
      for await (const _ of Deno.readDir(join(this.inboxes, inbox.name))) count++;
    }
    return count;
  }

  /** The messages of one client of our gateway on the disk; `address` in base58. */
  async storedFor(address: string): Promise<number> {
    using kv = await Deno.openKv(join(this.inboxes, "mailbox.kv"));
    let count = 0;
    const { sealer } = this;
    const pseudonym = sealer.pseudonym(clientIdFromBase58(address)!);
    for await (const { key, value } of kv.list<Uint8Array>({ prefix: inboxPrefix(pseudonym) })) {
      const last = key[2] as number;
      if (last === CONFIRMED) continue;
      count += decodeChunk(last, sealer.open(value, inboxContext(pseudonym, last))!)!.messages.length;
    }
    return count;
  }

  /** Waits until `count` messages are on the disk; throws after `timeout` ms. */
  async storedReaches(count: number, timeout = 30_000, look = () => this.stored()): Promise<void> {
    const deadline = performance.now() + timeout;
    for (let stored = await look(); stored < count; stored = await look()) {
      if (performance.now() > deadline) throw new Error(`${stored} of ${count} messages were stored in ${timeout} ms`);
      await pause(LOOK_INTERVAL);
    }
  }

  /** Stops it; resolves with its exit code. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<number> {
    const child = this.#child;
    if (child === undefined) return 0;
    this.#child = undefined;
    try {
      child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
    const { code } = await child.status;
    await this.#output;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
    await Deno.remove(this.home, { recursive: true });
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) this.#log += text;
  }

  /** What starts a command on it, with the variables in {@linkcode variables}. */
  commandLine(command: string, ...args: string[]): string[] {
    const pinned = this.cores === undefined ? [] : ["taskset", "--cpu-list", this.cores];
    const program = this.kind === "ours" ? OURS : [join(REFERENCE!, "nym-gateway")];
    return [...pinned, ...program, command, "--id", this.id, ...args];
  }

  get variables(): Record<string, string> {
    return { HOME: this.home, DENO_DIR: denoDirectory(), RUST_LOG: "info", ...this.environment };
  }

  #command(command: string, given: string[]): Deno.Command {
    const [program, ...args] = this.commandLine(command, ...given);
    return new Deno.Command(program!, {
      args,
      env: this.variables,
      stdout: "piped",
      stderr: "piped",
      stdin: "null",
    });
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
