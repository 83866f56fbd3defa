import { assert, assertEquals, assertGreaterOrEqual, assertMatch } from "@std/assert";
import type { Config } from "../../src/config/config.ts";
import { eventually } from "../support/eventually.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { NO_DIRECTORY } from "../support/gateway_rig.ts";
import { Operator } from "../support/operator.ts";
import { quietPort } from "../support/quiet_port.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { canMount, SmallDisk } from "./small_disk.ts";

const ignore = Deno.build.os !== "linux";
const canOpenTerminals = !ignore && await succeeds("script", "--quiet", "--return", "--command", "true", "/dev/null");
const withoutTerminal = canOpenTerminals ? "" : " (skipped: script(1) cannot open a terminal)";

/** Fills a pipe that nobody reads. */
const FILL_PIPE = "head -c 65536 /dev/zero";

async function succeeds(program: string, ...args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

/** A gateway run by the shell command line `shell`, which redirects its output; `"$@"` is the gateway. */
class ShellGateway implements AsyncDisposable {
  private constructor(
    private readonly process: GatewayProcess,
    readonly operator: Operator,
    readonly child: Deno.ChildProcess,
  ) {}

  static async start(
    shell: string,
    { onTerminal = false, environment = {} }: { onTerminal?: boolean; environment?: Record<string, string> } = {},
  ): Promise<ShellGateway> {
    const process = await GatewayProcess.init("ours", quietPort(), quietPort(), NO_DIRECTORY);
    const operator = new Operator(`127.0.0.1:${quietPort()}`);
    process.configure(({ operator: section }: Config) => section.listeningAddress = operator.address);
    const words = process.commandLine("run");
    const line = shell.replaceAll('"$@"', words.map((word) => `'${word}'`).join(" "));
    const command = onTerminal ? ["script", "--quiet", "--return", "--command", line, "/dev/null"] : ["sh", "-c", line];
    const child = new Deno.Command(command[0]!, {
      args: command.slice(1),
      env: { ...process.variables, ...environment },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    return new ShellGateway(process, operator, child);
  }

  async serves(): Promise<void> {
    await this.operator.says(/^ok +mailbox/m);
  }

  /** Makes it log some lines, and waits for them. */
  async logSomething(pid = this.child.pid): Promise<void> {
    Deno.kill(pid, "SIGHUP");
    await this.serves();
  }

  async exitCode(signal: Deno.Signal = "SIGTERM"): Promise<number> {
    this.child.kill(signal);
    return (await this.child.status).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
    await this.child.stdin.close().catch(() => {});
    for (const stream of [this.child.stdout, this.child.stderr]) if (!stream.locked) await stream.cancel();
    await this.child.status;
    await this.process[Symbol.asyncDispose]();
  }
}

Deno.test({
  name: "full standard output and standard error do not end a gateway; lost lines are counted",
  ignore,
  fn: async () => {
    await using gateway = await ShellGateway.start('exec "$@" >/dev/full 2>/dev/full');
    await gateway.serves();
    const before = await gateway.operator.metric("log_lines_dropped_total");
    await gateway.logSomething();
    assertGreaterOrEqual(before, 6);
    await gateway.operator.reaches("log_lines_dropped_total", before + 2);
    assertEquals(await gateway.exitCode(), 0);
  },
});

Deno.test({
  name: `a log on a disk that is full goes on once there is room, and says what is missing${
    canMount ? "" : " (skipped: this user may not mount)"
  }`,
  ignore: !canMount,
  fn: async () => {
    using folder = new TemporaryFolder();
    await using disk = await SmallDisk.mount(folder.path, 1);
    const log = folder.file("log");
    await using gateway = await ShellGateway.start(`exec "$@" >${log} 2>&1`);
    await gateway.serves();
    await disk.fill();
    const { operator } = gateway;
    while (await operator.metric("log_lines_dropped_total") === 0) await gateway.logSomething(); // fills the last page
    await disk.free();
    await gateway.logSomething();
    await eventually("the log goes on", () => Deno.readTextFileSync(log).includes("log lines are lost"));
    const said = [...Deno.readTextFileSync(log).matchAll(/(\d+) log lines are lost/g)].map(([, count]) =>
      Number(count)
    );
    assertEquals(said.reduce((sum, count) => sum + count), await operator.metric("log_lines_dropped_total"));
    assertEquals(await gateway.exitCode(), 0);
  },
});

Deno.test({
  name: "a pipe that nobody reads blocks neither the start nor the gateway nor its end",
  ignore,
  fn: async () => {
    await using gateway = await ShellGateway.start(`${FILL_PIPE}; ${FILL_PIPE} >&2; exec "$@"`);
    await gateway.serves();
    await gateway.logSomething();
    assertEquals(await gateway.exitCode(), 0);
    const { stdout, stderr } = await gateway.child.output();
    assertEquals([stdout.length, stderr.length], [65536, 65536], "the pipes were full all the time");
  },
});

Deno.test({
  name: `a terminal stopped by Ctrl-S blocks neither the gateway nor its end${withoutTerminal}`,
  ignore: !canOpenTerminals,
  fn: async () => {
    await using gateway = await ShellGateway.start('echo "pid $$."; exec "$@"', { onTerminal: true });
    const screen = new Screen(gateway.child.stdout);
    const pid = Number(await screen.find(/pid (\d+)\./));
    await screen.find(/(Finished nym gateway startup)/);
    const keyboard = gateway.child.stdin.getWriter();
    await keyboard.write(new TextEncoder().encode("\x13"));
    for (let i = 0; i < 3; i++) await gateway.logSomething(pid);
    Deno.kill(pid, "SIGTERM");
    await eventually("the gateway has ended", () => hasEnded(pid));
    await keyboard.write(new TextEncoder().encode("\x11"));
    keyboard.releaseLock();
    assertEquals((await gateway.child.status).code, 0);
    await screen.close();
  },
});

for (
  const [who, shell] of [
    ["the leader of its session", 'echo "pid $$."; exec "$@"'],
    ["a shell's child", '"$@" & echo "pid $!."; wait'],
  ] as const
) {
  Deno.test({
    name: `closing the terminal does not end a gateway that is ${who}${withoutTerminal}`,
    ignore: !canOpenTerminals,
    fn: async () => {
      await using gateway = await ShellGateway.start(shell, { onTerminal: true });
      const screen = new Screen(gateway.child.stdout);
      const pid = Number(await screen.find(/pid (\d+)\./));
      try {
        await screen.find(/(Finished nym gateway startup)/);
        gateway.child.kill("SIGKILL"); // script(1), which holds the other end
        await gateway.child.status;
        await gateway.operator.reaches("log_lines_dropped_total", 1); // from the lines that SIGHUP makes it log
        await gateway.logSomething(pid);
        assert(!hasEnded(pid));
      } finally {
        Deno.kill(pid, "SIGTERM");
      }
      await eventually("the gateway has ended", () => hasEnded(pid));
      await screen.close();
    },
  });
}

Deno.test({
  name: "a command whose reader is gone ends quietly, and one whose output cannot be written reports that",
  ignore,
  fn: async () => {
    await using gateway = await ShellGateway.start('exec "$@" >/dev/null 2>&1');
    await gateway.serves();
    const deno = (command: string, ...args: string[]) => gateway["process"].commandLine(command, ...args);
    const status = deno("status");
    const help = [...deno("status"), "--help"];
    const man = deno("man").slice(0, -2);
    for (const words of [status, [...status, "--output", "json"], help, man]) {
      const { code, stderr } = await withoutReader(words, gateway["process"].variables);
      assertEquals([code, stderr], [0, ""], words.join(" "));
    }
    const { code, stderr } = await inShell(`"$@" >/dev/full`, man, gateway["process"].variables);
    assertEquals([code, stderr], [74, "error: Cannot write to standard output: No space left on device\n"]);
  },
});

Deno.test({
  name: "lines to the journal have a priority and no time; other output is unchanged",
  ignore,
  fn: async () => {
    using folder = new TemporaryFolder();
    const log = folder.file("log");
    Deno.writeTextFileSync(log, "");
    const { dev, ino } = Deno.statSync(log);
    for (
      const [stream, line] of [[`${dev}:${ino}`, /^<6>INFO {2}\S+ +> Received SIGHUP/m], [
        `${dev}:1`,
        /^ 20.*SIGHUP/m,
      ]] as const
    ) {
      const environment = { JOURNAL_STREAM: stream };
      await using gateway = await ShellGateway.start(`exec "$@" 2>>${log}`, { environment });
      await gateway.serves();
      await gateway.logSomething();
      await eventually("it is logged", () => line.test(Deno.readTextFileSync(log)));
      assertEquals(await gateway.exitCode(), 0);
      if (stream.endsWith(":1")) continue;
      for (const written of Deno.readTextFileSync(log).trimEnd().split("\n")) assertMatch(written, /^<[3-7]>/);
    }
  },
});

/** The contents of a terminal. */
class Screen {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";
  readonly #reading: Promise<void>;

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = stream.pipeThrough(new TextDecoderStream()).getReader();
    this.#reading = this.#read();
  }

  async find(pattern: RegExp): Promise<string> {
    await eventually(`${pattern} on the screen`, () => pattern.test(this.#text));
    return pattern.exec(this.#text)![1]!;
  }

  async close(): Promise<void> {
    await this.#reader.cancel();
    await this.#reading;
  }

  async #read(): Promise<void> {
    for (;;) {
      const { value, done } = await this.#reader.read();
      if (done) return;
      this.#text += value;
    }
  }
}

/** Whether a process has ended or is a zombie. Uses cat, because tests may not read /proc. */
function hasEnded(pid: number): boolean {
  const { success, stdout } = new Deno.Command("cat", { args: [`/proc/${pid}/status`], stderr: "null" }).outputSync();
  return !success || /^State:\s+Z/m.test(new TextDecoder().decode(stdout));
}

/** Runs a command whose standard output is closed at the other end from the beginning. */
async function withoutReader(words: string[], env: Record<string, string>) {
  const line = `read _; exec ${words.map((word) => `'${word}'`).join(" ")}`;
  const child = new Deno.Command("sh", { args: ["-c", line], env, stdin: "piped", stdout: "piped", stderr: "piped" })
    .spawn();
  await child.stdout.cancel();
  const begin = child.stdin.getWriter();
  await begin.write(new TextEncoder().encode("\n"));
  await begin.close();
  const stderr = await new Response(child.stderr).text();
  return { code: (await child.status).code, stderr };
}

async function inShell(line: string, words: string[], env: Record<string, string>) {
  const args = ["-c", line.replace('"$@"', words.map((word) => `'${word}'`).join(" "))];
  const { code, stderr } = await new Deno.Command("sh", { args, env }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}
