import { join } from "node:path";
import { Operator } from "../support/operator.ts";
import { type Outcome, outcomeIn } from "../support/outcome.ts";
import { freePort } from "../support/reference_network.ts";

/** The compiled gateway. */
export const BINARY = Deno.env.get("NYM_BINARY") ?? "";
/** ms; an emulator is slow */
const START_TIMEOUT = 60_000;
/** ms between two polls */
const LOOK_INTERVAL = 5;

/** A test of the compiled gateway in NYM_BINARY. `requirement`: what else it needs, and whether that is available. */
export function binaryTest(
  name: string,
  fn: (binary: string, t: Deno.TestContext) => Promise<void>,
  requirement: { name: string; isMet: boolean } = { name: "", isMet: true },
): void {
  if (BINARY === "") Deno.test({ name: `${name} (skipped: NYM_BINARY is not set)`, ignore: true, fn: () => {} });
  else if (!requirement.isMet) {
    Deno.test({ name: `${name} (skipped: it needs ${requirement.name})`, ignore: true, fn: () => {} });
  } else Deno.test(name, (t) => fn(BINARY, t));
}

/** Needed for a separate file system or control group. */
export const ROOT_ON_LINUX = {
  name: "root on Linux",
  isMet: Deno.build.os === "linux" && Deno.uid() === 0,
};

/** Runs a command to its end with only `env` as its environment. */
export async function outcomeOf(
  [program, ...args]: readonly string[],
  env: Record<string, string> = {},
): Promise<Outcome> {
  const options = { args, env, clearEnv: true, stdin: "null" } as const;
  return outcomeIn(await new Deno.Command(program!, options).output());
}

/** A compiled gateway in a process, with its own temporary folder. Ends with its scope. */
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

  /** `binary` is its path; `wrapper` is a command that runs it, if any. */
  constructor(
    readonly binary: string,
    private readonly wrapper: readonly string[] = [],
    private readonly variables: Record<string, string> = {},
  ) {}

  /** Creates its keys and configuration; `directory` is a URL. */
  async init(directory: string): Promise<void> {
    const args = ["--mix-host", this.mixnet, "--clients-host", this.clients, "--directory", directory];
    const { code, stderr } = await outcomeOf([...this.wrapper, this.binary, "init", "--id", "gw", ...args], this.#env);
    if (code !== 0) throw new Error(`init of the compiled gateway failed: ${stderr}`);
    const path = join(this.home, "nym/gateways/gw/config/config.toml");
    const config = await Deno.readTextFile(path); // which still has the operator's default port
    await Deno.writeTextFile(path, config.replaceAll("127.0.0.1:9001", this.operator.address));
  }

  /** Starts it; resolves with the ms until it is listening. */
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

  /** Resolves with the match in its output, waiting some seconds for it. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = performance.now() + START_TIMEOUT;
    for (let match = pattern.exec(this.#log);; match = pattern.exec(this.#log)) {
      if (match !== null) return match;
      if (this.#ended || performance.now() > deadline) {
        throw new Error(`the compiled gateway did not print ${pattern}, but: ${this.#log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL));
    }
  }

  /** Its output since it was started. */
  get log(): string {
    return this.#log;
  }

  /** A value of /proc/<pid>/status in kB, as "VmRSS". */
  memory(kind: string): number {
    const status = Deno.readTextFileSync(`/proc/${this.#child!.pid}/status`);
    return Number(new RegExp(`^${kind}:\\s+(\\d+) kB`, "m").exec(status)![1]);
  }

  /** Stops it; resolves with its exit code. */
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
