import { assertEquals } from "@std/assert";
import { program } from "./program.ts";

const POSIX = Deno.build.os !== "windows";

/** A child process whose output is awaited line by line. */
class Served implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #printed: ReadableStreamDefaultReader<string>;
  readonly #logged: ReadableStreamDefaultReader<string>;
  #texts = { printed: "", logged: "" };

  constructor(ending: string, stoppingTime: number, echoTime = 0) {
    this.#child = program("signals_program.ts", [ending, `${stoppingTime}`, `${echoTime}`], {}).spawn();
    this.#printed = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#logged = this.#child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  async printed(text: string): Promise<void> {
    while (!this.#texts.printed.includes(text)) this.#texts.printed += await next(this.#printed);
  }

  async logged(text: string): Promise<void> {
    while (!this.#texts.logged.includes(text)) this.#texts.logged += await next(this.#logged);
  }

  /** Lets a program with a slow start continue. */
  async proceed(): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new Uint8Array(1));
    writer.releaseLock();
  }

  async status(): Promise<Deno.CommandStatus> {
    return await this.#child.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close();
    await this.#printed.cancel();
    await this.#logged.cancel();
    await this.#child.status;
  }
}

async function next(reader: ReadableStreamDefaultReader<string>): Promise<string> {
  const { value, done } = await reader.read();
  if (done) throw new Error("the program ended before it wrote the awaited line");
  return value;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test({
    name: `${signal} ends a gateway properly`,
    ignore: !POSIX,
    fn: async () => {
      await using served = new Served("ends", 60_000);
      await served.printed("started");
      served.kill(signal);
      await served.printed("ended");
      await served.logged("Stopped");
      assertEquals((await served.status()).code, 0);
    },
  });

  Deno.test({
    name: `a second ${signal} ends it at once`,
    ignore: !POSIX,
    fn: async () => {
      await using served = new Served("hangs", 60_000);
      await served.printed("started");
      served.kill(signal);
      await served.printed("ending");
      served.kill(signal);
      assertEquals((await served.status()).code, signal === "SIGINT" ? 130 : 143);
    },
  });
}

Deno.test({
  name: "a signal that `deno task` repeats ends it once",
  ignore: !POSIX,
  fn: async () => {
    await using served = new Served("hangs", 60_000, 60_000);
    await served.printed("started");
    served.kill("SIGINT");
    await served.printed("ending");
    served.kill("SIGINT");
    served.kill("SIGTERM"); // this is another one
    assertEquals((await served.status()).code, 143);
  },
});

Deno.test({
  name: "a gateway that does not stop is ended",
  ignore: !POSIX,
  fn: async () => {
    await using served = new Served("hangs", 10);
    await served.printed("started");
    served.kill("SIGTERM");
    await served.logged("giving up");
    assertEquals((await served.status()).code, 1);
  },
});

Deno.test({
  name: "a signal while the gateway starts ends it once it has started",
  ignore: !POSIX,
  fn: async () => {
    await using served = new Served("starts slowly", 60_000);
    await served.printed("starting");
    served.kill("SIGTERM");
    await served.logged("stopping");
    await served.proceed();
    await served.printed("ended");
    assertEquals((await served.status()).code, 0);
  },
});

Deno.test({
  name: "SIGHUP reloads the configuration and never ends the program, not even during the start",
  ignore: !POSIX,
  fn: async () => {
    await using served = new Served("starts slowly", 60_000);
    await served.printed("starting");
    served.kill("SIGHUP");
    await served.logged("while starting");
    await served.proceed();
    await served.printed("started");
    served.kill("SIGHUP");
    await served.printed("reloading");
    served.kill("SIGTERM");
    await served.printed("ended");
    assertEquals((await served.status()).code, 0);
  },
});
