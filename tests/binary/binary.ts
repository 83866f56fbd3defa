import { join } from "node:path";
import { Operator } from "../support/operator.ts";
import { freePort } from "../support/reference_network.ts";

/** The compiled gateway. */
export const BINARY = Deno.env.get("NYM_BINARY") ?? "";
/** ms */
const START_TIMEOUT = 60_000; // an emulator takes its time
/** ms between two looks at what is waited for */
const LOOK_INTERVAL = 5;

/** A test of the compiled gateway that NYM_BINARY names. `requirement`: what else it takes, and whether it is here. */
export function binaryTest(
  name: string,
  fn: (binary: string) => Promise<void>,
  requirement: { name: string; isMet: boolean } = { name: "", isMet: true },
): void {
  if (BINARY === "") Deno.test({ name: `${name} (skipped: NYM_BINARY is not set)`, ignore: true, fn: () => {} });
  else if (!requirement.isMet) {
    Deno.test({ name: `${name} (skipped: it takes ${requirement.name})`, ignore: true, fn: () => {} });
  } else Deno.test(name, () => fn(BINARY));
}

/** What it takes to have a file system, or a control group, of one's own. */
export const ROOT_ON_LINUX = {
  name: "root on Linux",
  isMet: Deno.build.os === "linux" && Deno.uid() === 0,
};

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command to its end, with no environment but `env`. */
export async function outcomeOf(
  [program, ...args]: readonly string[],
  env: Record<string, string> = {},
): Promise<Outcome> {
  const options = { args, env, clearEnv: true, stdin: "null" } as const;
  const { code, stdout, stderr } = await new Deno.Command(program!, options).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** A compiled gateway as a process, with its files in a folder of its own. It ends with its scope. */
export class BinaryGateway implements AsyncDisposable {
  readonly home = Deno.makeTempDirSync({ prefix: "nym-gateway-binary-" });
  readonly mixnet = `127.0.0.1:${freePort()}`;
  readonly clients = `127.0.0.1:${freePort()}`;
  readonly operator = new Operator(`127.0.0.1:${freePort()}`);
  /** base58, once it has started */
  publicKey = "";
  #child: Deno.ChildProcess | undefined;
  #reading: Promise<unknown> = Promise.resolve();
  #log = "";
  #ended = false;

  /** `binary` is its path, `wrapper` what runs it with its arguments, if that is not the system itself. */
  constructor(
    readonly binary: string,
    private readonly wrapper: readonly string[] = [],
    private readonly variables: Record<string, string> = {},
  ) {}

  /** Makes its keys and configuration; `directory` is a URL. */
  async init(directory: string): Promise<void> {
    const args = ["--mix-host", this.mixnet, "--clients-host", this.clients, "--directory", directory];
    const { code, stderr } = await outcomeOf([...this.wrapper, this.binary, "init", "--id", "gw", ...args], this.#env);
    if (code !== 0) throw new Error(`init of the compiled gateway failed: ${stderr}`);
    const path = join(this.home, "nym/gateways/gw/config/config.toml");
    const config = await Deno.readTextFile(path); // where the operator's port is still the usual one
    await Deno.writeTextFile(path, config.replaceAll("127.0.0.1:9001", this.operator.address));
  }

  /** Resolves with the ms until it listens. */
  async start(): Promise<number> {
    const begin = performance.now();
    const [program, ...args] = [...this.wrapper, this.binary, "run", "--id", "gw"];
    const output = { stdout: "piped", stderr: "piped", stdin: "null" } as const;
    this.#child = new Deno.Command(program!, { args, env: this.#env, clearEnv: true, ...output }).spawn();
    this.#log = "";
    this.#reading = Promise.all([this.#read(this.#child.stdout), this.#read(this.#child.stderr)]);
    this.#ended = false;
    this.#child.status.then(() => this.#ended = true);
    await this.printed(/Finished nym gateway startup/);
    const time = performance.now() - begin;
    this.publicKey = (await this.printed(/Public key: (\w+)/))[1]!;
    return time;
  }

  /** Resolves with the match of what it has printed, or will have within some seconds. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = performance.now() + START_TIMEOUT;
    for (let match = pattern.exec(this.#log);; match = pattern.exec(this.#log)) {
      if (match !== null) return match;
      if (this.#ended || performance.now() > deadline) {
        throw new Error(`the compiled gateway does not print ${pattern}, but: ${this.#log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL));
    }
  }

  /** What it has printed since it was started. */
  get log(): string {
    return this.#log;
  }

  /** kB as /proc/<pid>/status has them, for instance of "VmRSS". */
  memory(kind: string): number {
    const status = Deno.readTextFileSync(`/proc/${this.#child!.pid}/status`);
    return Number(new RegExp(`^${kind}:\\s+(\\d+) kB`, "m").exec(status)![1]);
  }

  /** Ends it; resolves with its exit code. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<number> {
    const child = this.#child;
    if (child === undefined) return 0;
    this.#child = undefined;
    if (!this.#ended) child.kill(signal);
    const { code } = await child.status;
    await this.#reading;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
    await Deno.remove(this.home, { recursive: true });
  }

  get #env(): Record<string, string> {
    return { NYM_HOME: join(this.home, "nym"), ...this.variables };
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) this.#log += text;
  }
}
