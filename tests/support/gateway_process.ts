import { join } from "node:path";
import type { Config } from "../../src/config/config.ts";
import { readConfig, writeConfig } from "../../src/config/files.ts";
import { loadStorageKey } from "../../src/config/storage_key_file.ts";
import { decodeChunk } from "../../src/mailbox/chunk.ts";
import { clientIdFromBase58 } from "../../src/mailbox/client_id.ts";
import { CONFIRMED, inboxContext, inboxPrefix } from "../../src/mailbox/keys.ts";
import { Sealer } from "../../src/mailbox/sealing.ts";
import { readTotals } from "../../src/mailbox/totals.ts";

/** The folder of the released 0.7.0 programs. */
const REFERENCE = Deno.env.get("NYM_REFERENCE");

/** The compiled gateway, where that is to be tested. */
const BINARY = Deno.env.get("NYM_BINARY");

/** How our gateway is started: compiled, or from this checkout as `deno task run` does it. */
const OURS = BINARY ? [BINARY] : [
  Deno.execPath(),
  "run",
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-sys=statfs,systemMemoryInfo",
  "--allow-env=HOME,USERPROFILE,NYM_HOME,RUST_LOG,JOURNAL_STREAM,NYM_GATEWAY_STORAGE_KEY_FILE,CREDENTIALS_DIRECTORY,NOTIFY_SOCKET,WATCHDOG_USEC",
  "--v8-flags=--experimental-wasm-wide-arithmetic",
  new URL("../../main.ts", import.meta.url).pathname,
];

const ID = "gw";
/** ms between two looks at what is waited for */
const LOOK_INTERVAL = 50;

export type GatewayKind = "ours" | "0.7.0";

/** What a command that has ended has said. */
export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** It ended before it listened. */
export class EndedAtStart extends Error {
  constructor(kind: GatewayKind, readonly code: number, readonly said: string) {
    super(`the ${kind} gateway ended at its start with ${code}; it said:\n${said}`);
  }
}

/** A gateway as a process of its own, with a home of its own in a temporary folder. It ends with its scope. */
export class GatewayProcess implements AsyncDisposable {
  #child: Deno.ChildProcess | undefined;
  #output: Promise<unknown> = Promise.resolve();
  #log = "";
  #sealer: Sealer | undefined;
  /** base58, once it has started */
  publicKey = "";
  /** the cores that it may use from its next start on, as taskset takes them ("0", "0,1"); undefined: all */
  cores: string | undefined;
  /** variables of the environment that it has from its next start on, besides those it needs */
  environment: Readonly<Record<string, string>> = {};

  /** For a home that is there already; `init` makes one. */
  constructor(
    readonly kind: GatewayKind,
    readonly home: string,
    readonly mixnet: string,
    readonly clients: string,
    private readonly id = ID,
  ) {}

  /** Makes a gateway that will listen on these ports of 127.0.0.1; `directory` is a URL. */
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
    // Many run at a time on one machine, which has the operator's port once.
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

  /** Carries out another command on it, to its end. */
  async carryOut(command: string, ...args: string[]): Promise<Outcome> {
    const { code, stdout, stderr } = await this.#command(command, args).output();
    return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
  }

  /** Starts it; resolves with the ms until it listens. `args`: further options of `run`. */
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
    if (this.#child === undefined) throw new Error(`the ${this.kind} gateway does not run`);
    return this.#child.pid;
  }

  /** What it has printed since it was started. */
  get log(): string {
    return this.#log;
  }

  /** A file or folder of its home, as in `data/inboxes`. */
  path(name: string): string {
    return join(this.home, ".nym/gateways", this.id, name);
  }

  /** The folder with its inboxes. */
  get inboxes(): string {
    return this.path("data/inboxes");
  }

  /** Opens what our gateway has stored, once it has started. */
  get sealer(): Sealer {
    return this.#sealer ??= new Sealer(loadStorageKey(join(this.inboxes, "../storage_key.pem")));
  }

  /** Messages on the disk. */
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

  /** Messages of one client of our gateway on the disk; `address` in base58. */
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

  /** Waits until there are so many messages on the disk; throws if that takes longer than `timeout` ms. */
  async storedReaches(count: number, timeout = 30_000, look = () => this.stored()): Promise<void> {
    const deadline = performance.now() + timeout;
    for (let stored = await look(); stored < count; stored = await look()) {
      if (performance.now() > deadline) throw new Error(`${stored} of ${count} messages were stored in ${timeout} ms`);
      await pause(LOOK_INTERVAL);
    }
  }

  /** Ends it; resolves with its exit code. */
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

/** Where Deno keeps the packages that are here already, whatever HOME a child has. */
function denoDirectory(): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? join(Deno.env.get("HOME") ?? "", ".cache");
  return Deno.env.get("DENO_DIR") ?? join(cache, "deno");
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
