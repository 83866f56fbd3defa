import { eventually } from "../support/eventually.ts";
import { denoDirectory } from "../support/deno_directory.ts";
import { OURS } from "../support/gateway_process.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

/** A host on which the commands of a plan are pasted: a home of its own, and `nym-gateway` on its path. */
export class PlannedHost implements AsyncDisposable {
  readonly #folder = new TemporaryFolder();
  readonly #running = new Map<string, Terminal>();

  /** `prefix`: the words before a command that runs on it, as in `ip netns exec name`. */
  constructor(private readonly prefix: readonly string[] = []) {
    const program = this.#folder.file("nym-gateway");
    Deno.writeTextFileSync(program, `#!/bin/sh\nexec ${OURS.map((word) => `'${word}'`).join(" ")} "$@"\n`);
    Deno.chmodSync(program, 0o755);
  }

  /** Pastes the commands of one role, in order. The last one stays in its terminal; resolves once it listens. */
  async paste(commands: readonly string[]): Promise<void> {
    for (const command of commands.slice(0, -1)) await this.carryOut(command);
    await this.run(commands.at(-1)!);
  }

  /** Runs a command to its end, and returns what it printed. Throws if it fails. */
  async carryOut(command: string): Promise<string> {
    const { success, stdout, stderr } = await this.command(command).output();
    const [printed, logged] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    if (!success) throw new Error(`${command} failed:\n${printed}${logged}`);
    return printed!;
  }

  /** Starts a node, and resolves once it listens. */
  async run(command: string): Promise<void> {
    const terminal = new Terminal(this.command(`exec ${command}`).spawn());
    this.#running.set(command, terminal);
    await eventually(`${command} listens`, () => terminal.shown.includes("Listening for ") || terminal.hasEnded);
    if (terminal.hasEnded) throw new Error(`${command} ended:\n${terminal.shown}`);
  }

  /** Ends the node that this command has started, and resolves with its exit code. */
  async end(command: string, signal: Deno.Signal): Promise<number> {
    const terminal = this.#running.get(command)!;
    this.#running.delete(command);
    return await terminal.end(signal);
  }

  /** A line for the shell of this host. `stdin`: whether there will be input. */
  command(line: string, stdin: "piped" | "null" = "null"): Deno.Command {
    const [program, ...args] = [...this.prefix, "sh", "-c", line];
    const { path } = this.#folder;
    const env = { PATH: `${path}:${Deno.env.get("PATH")}`, HOME: path, NYM_HOME: path, DENO_DIR: denoDirectory() };
    return new Deno.Command(program!, { args, env, clearEnv: true, stdin, stdout: "piped", stderr: "piped" });
  }

  /** Ends the nodes, as somebody who switches the host off. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running.keys()].map((command) => this.end(command, "SIGKILL")));
    this.#folder[Symbol.dispose]();
  }
}

/** The terminal of a program that keeps running. */
class Terminal {
  /** what the program has printed and logged */
  shown = "";
  hasEnded = false;
  readonly #ended: Promise<number>;

  constructor(private readonly child: Deno.ChildProcess) {
    const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) this.shown += text;
    };
    this.#ended = Promise.all([child.status, read(child.stdout), read(child.stderr)]).then(([{ code }]) => {
      this.hasEnded = true;
      return code;
    });
  }

  async end(signal: Deno.Signal): Promise<number> {
    if (!this.hasEnded) this.child.kill(signal);
    return await this.#ended;
  }
}
