/**
 * A named pipe with a program at its other end, so that what opens it by mistake does not wait for ever: it goes on, and
 * its test fails.
 */
export class NamedPipe implements AsyncDisposable {
  readonly #other: Deno.ChildProcess;

  /** `use`: what would be done to it by mistake. */
  constructor(path: string, use: "read" | "written") {
    const { success } = new Deno.Command("mkfifo", { args: [path] }).outputSync();
    if (!success) throw new Error(`mkfifo ${path} failed`);
    const other = use === "read" ? 'echo >"$0"' : 'exec cat "$0"';
    this.#other = new Deno.Command("sh", { args: ["-c", other, path], stdout: "null", stderr: "null" }).spawn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#other.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
    await this.#other.status;
  }
}
