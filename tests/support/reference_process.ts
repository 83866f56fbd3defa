/** The number of a program's last lines that are kept for error messages. */
const KEPT_LINES = 50;
/** ms for a program to end before it is killed. */
const TERM_TIMEOUT = 5000;

/** A running program of the 0.7.0 release. Ends with its scope. */
export class ReferenceProcess implements AsyncDisposable {
  readonly #name: string;
  readonly #child: Deno.ChildProcess;
  readonly #lines: string[] = [];
  readonly #reading: Promise<unknown>;
  #printed = Promise.withResolvers<void>();
  #hasEnded = false;

  /** `name` is for messages; `home` becomes its HOME, where its files are. */
  constructor(name: string, program: string, args: string[], home: string) {
    this.#name = name;
    const options = { args, clearEnv: true, env: { HOME: home, RUST_LOG: "info" }, stdin: "null" } as const;
    this.#child = new Deno.Command(program, { ...options, stdout: "piped", stderr: "piped" }).spawn();
    this.#reading = Promise.all([this.#read(this.#child.stdout), this.#read(this.#child.stderr)]).then(() => {
      this.#hasEnded = true;
      this.#wake();
    });
  }

  /** Runs a program to its end, and fails unless it succeeds. */
  static async complete(name: string, program: string, args: string[], home: string): Promise<void> {
    await using process = new ReferenceProcess(name, program, args, home);
    const { code } = await process.#child.status;
    if (code !== 0) throw await process.#error(`ended with code ${code}`);
  }

  /** Resolves once a line with this text was printed; throws after `timeout` ms. */
  async printed(text: string, timeout = 20_000): Promise<void> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#wake();
    }, timeout);
    try {
      while (!this.#lines.some((line) => line.includes(text))) {
        if (this.#hasEnded) throw await this.#error(`ended before it printed "${text}"`);
        if (late) throw await this.#error(`did not print "${text}" within ${timeout} ms`);
        await this.#printed.promise;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  dbg() {
    return this.#lines.join("\n");
  }
  /** Stops it and waits until it has ended. */
  async kill(signal: Deno.Signal): Promise<void> {
    try {
      this.#child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
    await this.#child.status;
    await this.#reading;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), TERM_TIMEOUT);
    await this.kill("SIGTERM");
    clearTimeout(timer);
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      this.#lines.push(...lines);
      this.#lines.splice(0, this.#lines.length - KEPT_LINES);
      this.#wake();
    }
  }

  #wake(): void {
    this.#printed.resolve();
    this.#printed = Promise.withResolvers();
  }

  async #error(what: string): Promise<Error> {
    if (what.startsWith("ended")) await this.#reading; // its whole output
    return new Error(`${this.#name} ${what}; its output:\n${this.#lines.join("\n")}`);
  }
}
