import { eventually } from "../support/eventually.ts";
import { denoDirectory } from "../support/deno_directory.ts";
import { OURS } from "../support/gateway_process.ts";
import { type Outcome, outcomeIn } from "../support/outcome.ts";

/** Runs `mixnode <line>` with `home` as the user's home folder, to its end. */
export async function mixnode(home: string, line: string): Promise<Outcome> {
  return outcomeIn(await command(home, line, {}).output());
}

/** A mixnode in a process of its own. Ends with its scope. */
export class MixnodeProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<unknown>;
  /** what it has printed */
  printed = "";
  /** what it has logged */
  logged = "";

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#reading = Promise.all([
      read(child.stdout, (text) => this.printed += text),
      read(child.stderr, (text) => this.logged += text),
    ]);
  }

  /** Runs `mixnode run <line>`; resolves when it listens. */
  static async start(home: string, line: string, env: Record<string, string> = {}): Promise<MixnodeProcess> {
    const process = new MixnodeProcess(command(home, `run ${line}`, env).spawn());
    await eventually("it listens", () => process.printed.includes("Announcing the following socket address: "));
    return process;
  }

  /** Sends a signal, and resolves with the exit code. */
  async end(signal: Deno.Signal): Promise<number> {
    this.#child.kill(signal);
    const { code } = await this.#child.status;
    await this.#reading;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.end("SIGKILL");
    } catch {
      // it has ended
    }
  }
}

function command(home: string, line: string, env: Record<string, string>): Deno.Command {
  const [program, ...args] = [...OURS, "mixnode", ...line.split(" ")];
  const variables = { HOME: home, NYM_HOME: "", DENO_DIR: denoDirectory(), ...env };
  return new Deno.Command(program!, { args, env: variables, stdout: "piped", stderr: "piped" });
}

async function read(stream: ReadableStream<Uint8Array<ArrayBuffer>>, take: (text: string) => void): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) take(text);
}
