import { join } from "node:path";
import type { Totals } from "../../src/mailbox/keys.ts";
import { processFigures } from "./process_figures.ts";

/** The folder of the released 0.7.0 programs, with the load generator. */
export const REFERENCE = Deno.env.get("NYM_REFERENCE");

/** How our gateway is started from this checkout, as `deno task run` does. */
const OURS = [
  Deno.execPath(),
  "run",
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys",
  "--v8-flags=--experimental-wasm-wide-arithmetic",
  new URL("../../main.ts", import.meta.url).pathname,
];

export type GatewayKind = "ours" | "0.7.0";

/** A gateway as a process of its own, with a home of its own in a temporary folder. */
export class GatewayProcess implements AsyncDisposable {
  #child: Deno.ChildProcess | undefined;
  publicKey = "";

  private constructor(
    readonly kind: GatewayKind,
    readonly home: string,
    readonly mixnet: string,
    readonly clients: string,
  ) {}

  /** Makes a home; the directory that it is told of does not exist for ours, which serves without. */
  static async init(
    kind: GatewayKind,
    mixPort: number,
    clientsPort: number,
    directory: string,
  ): Promise<GatewayProcess> {
    const home = await Deno.makeTempDir({ prefix: "nym-bench-" });
    const gateway = new GatewayProcess(kind, home, `127.0.0.1:${mixPort}`, `127.0.0.1:${clientsPort}`);
    const args = ["--mix-host", gateway.mixnet, "--clients-host", gateway.clients, "--directory", directory];
    const { success, stderr } = await gateway.#command("init", ...args).output();
    if (!success) throw new Error(`init of the ${kind} gateway failed: ${new TextDecoder().decode(stderr)}`);
    return gateway;
  }

  /** Starts it; resolves with the ms until it listens. */
  async start(): Promise<number> {
    const begin = performance.now();
    this.#child = this.#command("run").spawn();
    this.#child.stderr.pipeTo(new WritableStream()).catch(() => {});
    const output = this.#child.stdout.pipeThrough(new TextDecoderStream());
    let text = "";
    const found = Promise.withResolvers<void>();
    output.pipeTo(
      new WritableStream({
        write: (chunk) => {
          text += chunk;
          this.publicKey = /Public key: (\w+)/.exec(text)?.[1] ?? "";
          if (this.publicKey !== "") found.resolve();
        },
      }),
    ).catch(() => {});
    await found.promise;
    for (;;) {
      try {
        // The mixnet port, as it opens last; a bare connection does it no harm.
        const [hostname, port] = this.mixnet.split(":");
        (await Deno.connect({ hostname: hostname!, port: Number(port) })).close();
        return performance.now() - begin;
      } catch {
        await pause(2);
      }
    }
  }

  figures() {
    return processFigures(this.#child!.pid);
  }

  /** Messages on the disk. */
  async stored(): Promise<number> {
    const inboxes = join(this.home, ".nym/gateways/bench/data/inboxes");
    if (this.kind === "0.7.0") {
      let count = 0;
      for await (const inbox of Deno.readDir(inboxes)) {
        for await (const _ of Deno.readDir(join(inboxes, inbox.name))) count++;
      }
      return count;
    }
    using kv = await Deno.openKv(join(inboxes, "mailbox.kv"));
    return (await kv.get<Totals>(["totals"])).value?.messages ?? 0;
  }

  async stop(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    child.kill(signal);
    await child.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
    await Deno.remove(this.home, { recursive: true });
  }

  #command(...args: string[]): Deno.Command {
    const [program, ...before] = this.kind === "ours" ? OURS : [join(REFERENCE!, "nym-gateway")];
    return new Deno.Command(program!, {
      args: [...before, args[0]!, "--id", "bench", ...args.slice(1)],
      env: { HOME: this.home, DENO_DIR: denoDirectory(), RUST_LOG: "warn" },
      stdout: "piped",
      stderr: "piped",
      stdin: "null",
    });
  }
}

/** Where Deno keeps the packages that are here already, whatever HOME a child has. */
function denoDirectory(): string {
  return Deno.env.get("DENO_DIR") ??
    join(Deno.env.get("XDG_CACHE_HOME") ?? join(Deno.env.get("HOME") ?? "", ".cache"), "deno");
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
