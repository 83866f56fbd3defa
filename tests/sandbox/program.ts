/** One of our programs in its own process, with its own temporary folder. Ends with its scope. */
export class Program implements AsyncDisposable {
  output = "";
  readonly temporaryFolder = Deno.makeTempDirSync();
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<unknown>;
  #printed = Promise.withResolvers<void>();
  #ended = false;

  /** `path` is relative to the root of the project. */
  constructor(path: string, args: string[] = [], env: Record<string, string> = {}) {
    const permissions = [
      "--allow-net",
      "--allow-read",
      "--allow-write",
      "--allow-env",
      "--allow-sys",
      "--allow-run",
      "--unstable-bundle",
    ];
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", ...permissions, path, ...args],
      cwd: new URL("../..", import.meta.url),
      env: { TMPDIR: this.temporaryFolder, ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#reading = Promise.all([this.#read(this.#child.stdout), this.#read(this.#child.stderr)]).then(() => {
      this.#ended = true;
      this.#printed.resolve();
    });
  }

  /** Resolves once it has printed this text. Throws if it ends without. */
  async printed(text: string): Promise<void> {
    while (!this.output.includes(text)) {
      if (this.#ended) throw new Error(`it ended without printing "${text}":\n${this.output}`);
      await this.#printed.promise;
    }
  }

  signal(name: Deno.Signal): void {
    this.#child.kill(name);
  }

  /** Its exit code, once all its output has been read. */
  async ended(): Promise<number> {
    await this.#reading;
    return (await this.#child.status).code;
  }

  /** The names of the files and folders that it has left in its temporary folder. */
  leftBehind(): string[] {
    return [...Deno.readDirSync(this.temporaryFolder)].map(({ name }) => name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#child.kill("SIGKILL");
    await this.ended();
    await Deno.remove(this.temporaryFolder, { recursive: true });
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.output += text;
      this.#printed.resolve();
      this.#printed = Promise.withResolvers();
    }
  }
}
