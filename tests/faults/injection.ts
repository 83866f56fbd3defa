import { hasStrace } from "../crash/mailbox_process.ts";

export { hasStrace };

/** Makes system calls of a process fail or take longer until disposed. Needs strace. */
export class Injection implements AsyncDisposable {
  private constructor(private readonly strace: Deno.ChildProcess, private readonly output: Promise<void>) {}

  /**
   * `calls`: names separated by commas. `fault`: for strace's inject, as in `error=EIO` or `delay_enter=200000`. Only
   * calls on one of the files `paths` are affected.
   */
  static async into(pid: number, paths: readonly string[], calls: string, fault: string): Promise<Injection> {
    const filter = paths.flatMap((path) => ["-P", path]);
    const args = ["-f", "-o", "/dev/null", "-e", `trace=${calls}`, "-e", `inject=${calls}:${fault}`, ...filter];
    args.push("-p", `${pid}`);
    const strace = new Deno.Command("strace", { args, stdout: "null", stderr: "piped" }).spawn();
    const attached = Promise.withResolvers<void>();
    const read = async () => {
      let said = "";
      for await (const text of strace.stderr.pipeThrough(new TextDecoderStream())) {
        said += text;
        if (said.includes(" attached")) attached.resolve();
      }
      attached.reject(new Error(`strace did not attach: ${said}`));
    };
    const output = read();
    await attached.promise;
    return new Injection(strace, output);
  }

  /** Ends the injection; the process continues. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.strace.kill("SIGINT");
    await this.strace.status;
    await this.output;
  }
}
