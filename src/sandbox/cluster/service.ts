/** Characters of its last output that are kept, to say why a program has ended. */
const KEPT_OUTPUT = 2000;

/** A program that runs until it is killed. Ctrl-C on the terminal does not reach it, so that its owner can end it. */
export class Service implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<unknown>;
  #output = "";
  #hasEnded = false;

  /** Starts it. `name`: for messages */
  constructor(readonly name: string, [program, ...args]: [string, ...string[]], env: Record<string, string> = {}) {
    const options = { args, env, cwd: "/", stdin: "null", stdout: "piped", stderr: "piped", detached: true } as const;
    this.#child = new Deno.Command(program, options).spawn();
    void this.#child.status.then(() => this.#hasEnded = true);
    this.#reading = Promise.all([this.#read(this.#child.stdout), this.#read(this.#child.stderr)]);
  }

  /** Its process. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Throws an Error with its last output if it has ended. */
  readonly mustRun = (): void => {
    if (this.#hasEnded) throw new Error(`${this.name} has ended by itself; it said:\n${this.#output.trim()}`);
  };

  /** Kills it, and waits for its end. */
  async kill(signal: Deno.Signal = "SIGKILL"): Promise<void> {
    if (!this.#hasEnded) this.#child.kill(signal);
    await this.#child.status;
  }

  /** Kills it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.#reading;
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.#output = (this.#output + text).slice(-KEPT_OUTPUT);
    }
  }
}

/** Runs a program to its end. Throws an Error with what it said if it fails. */
export async function run(...[program, ...args]: [string, ...string[]]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args, stdin: "null", cwd: "/" }).output();
  if (!success) throw new Error(`${program}: ${new TextDecoder().decode(stderr)}`);
}
