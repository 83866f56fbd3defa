import { assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { ArchiveReader } from "../../src/archive/archive_reader.ts";
import { passphraseLine } from "../../src/cli/passphrase_line.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { nymGateway, programOnTerminal } from "./program.ts";

const INIT = "init --id gw --mix-host 127.0.0.1 --clients-host 127.0.0.1";
const PASSPHRASE = "Zürich 🌧 am Abend";

/** The line that these keys make. */
async function typed(text: string): Promise<string | undefined> {
  return await passphraseLine((async function* () {
    yield* new TextEncoder().encode(text);
  })());
}

Deno.test("what is typed is the line, whatever its letters, without what was erased", async () => {
  assertEquals(await typed(`${PASSPHRASE}\r`), PASSPHRASE);
  assertEquals(await typed("ab\x7fc\n"), "ac");
  assertEquals(await typed("a🌧\x08b\r"), "ab");
  assertEquals(await typed("\x7f\x7fa\r"), "a");
  assertEquals(await typed("all wrong\x15right\r"), "right");
  assertEquals(await typed("tab\tand\x1bescape\r"), "tabandescape");
  await fc.assert(fc.asyncProperty(fc.string({ unit: "grapheme" }), async (text) => {
    const line = text.replaceAll(/\p{Cc}/gu, "");
    assertEquals(await typed(`${line}\r`), line);
    assertEquals(await typed(`${line}${"\x7f".repeat([...line].length)}\r`), "");
  }));
});

Deno.test("Ctrl-C, Ctrl-D on an empty line and the terminal's end give up", async () => {
  assertEquals(await typed("abc\x03\r"), undefined);
  assertEquals(await typed("\x04"), undefined);
  assertEquals(await typed("abc"), undefined);
  assertEquals(await typed("abc\x04d\r"), "abcd");
});

/** The program on a terminal, where it is typed to. */
class Typist implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #shown: ReadableStreamDefaultReader<string>;
  readonly #keys: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  /** all that has been on the terminal */
  screen = "";

  constructor(line: string, env: Record<string, string>) {
    this.#child = programOnTerminal("gateway_program.ts", line.split(" "), env).spawn();
    this.#shown = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#keys = this.#child.stdin.getWriter();
  }

  /** Types when the program has asked for it. */
  async answer(question: string, text: string): Promise<void> {
    const before = this.screen.length;
    while (!this.screen.slice(before).includes(question)) {
      const { value, done } = await this.#shown.read();
      if (done) throw new Error(`it ended before it asked "${question}": ${this.screen}`);
      this.screen += value;
    }
    await this.#keys.write(new TextEncoder().encode(text));
  }

  /** Reads what else it shows; resolves with its exit code. */
  async end(): Promise<number> {
    for (let read = await this.#shown.read(); !read.done; read = await this.#shown.read()) this.screen += read.value;
    return (await this.#child.status).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keys.close().catch(() => {}); // it has ended, and nobody reads
    await this.#shown.cancel();
    await this.#child.stderr.cancel();
    await this.#child.status;
  }
}

const onTerminal = (name: string, fn: (home: TemporaryFolder, env: Record<string, string>) => Promise<void>) =>
  Deno.test({
    name,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      using home = new TemporaryFolder();
      const env = { NYM_HOME: home.path, RUST_LOG: "error" };
      assertEquals((await nymGateway(INIT, env)).code, 0);
      await fn(home, env);
    },
  });

onTerminal("a passphrase that is typed twice seals the file, and is never on the screen", async (home, env) => {
  const file = home.file("gateway.nym");
  await using typist = new Typist(`export --id gw --file ${file}`, env);
  await typist.answer("Passphrase: ", `${PASSPHRASE}\r`);
  await typist.answer("The same passphrase again: ", `${PASSPHRASE}!\x7f\r`);
  assertEquals(await typist.end(), 0, typist.screen);
  assertStringIncludes(typist.screen, "Exported gateway gw to");
  assertEquals(/Z.rich|Abend/.exec(typist.screen), null);
  using archive = await ArchiveReader.open(file);
  assertEquals((await Array.fromAsync(archive.items(PASSPHRASE))).at(-1)?.kind, "totals");
});

onTerminal("two passphrases that differ are refused", async (home, env) => {
  await using typist = new Typist(`export --id gw --file ${home.file("gateway.nym")}`, env);
  await typist.answer("Passphrase: ", `${PASSPHRASE}\r`);
  await typist.answer("again: ", `${PASSPHRASE}.\r`);
  assertEquals(await typist.end(), 64);
  assertStringIncludes(typist.screen, "error: The two passphrases differ: try again");
});

onTerminal("Ctrl-C at the question ends it, and leaves no file", async (home, env) => {
  await using typist = new Typist(`export --id gw --file ${home.file("gateway.nym")}`, env);
  await typist.answer("Passphrase: ", "correct\x03");
  assertEquals(await typist.end(), 130);
  assertStringIncludes(typist.screen, "Interrupted: all is as it was before.");
  assertEquals(Array.from(Deno.readDirSync(home.path), ({ name }) => name), ["gateways"]);
});
