import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { passphraseLine } from "../../src/cli/transfer/passphrase_line.ts";
import { passphraseOf } from "../../src/cli/transfer/passphrase_text.ts";
import { OperatorError } from "../../src/errors/operator_error.ts";
import { itemsIn } from "../archive/archives.ts";
import { type Outcome, outcomeIn } from "../support/outcome.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { nymGateway, program, programOnTerminal } from "./program.ts";

const INIT = "init --id gw --mix-host 127.0.0.1 --clients-host 127.0.0.1";
const PASSPHRASE = "Zürich 🌧 am Abend";

/** The line that results from typing these keys. */
async function typed(text: string): Promise<string | undefined> {
  const line = await passphraseLine((async function* () {
    yield* new TextEncoder().encode(text);
  })());
  return line === undefined ? undefined : new TextDecoder("utf-8", { ignoreBOM: true }).decode(line);
}

const encode = (text: string) => new TextEncoder().encode(text);
const taken = (...bytes: (string | number[])[]) =>
  passphraseOf(Uint8Array.from(bytes.flatMap((part) => [...(typeof part === "string" ? encode(part) : part)])), "it");
const refusal = (...bytes: (string | number[])[]) => assertThrows(() => taken(...bytes), OperatorError).message;

Deno.test("a passphrase is the same however it is composed and saved", () => {
  const passphrase = "caf\u00e9 au lait, s'il vous pla\u00eet";
  assertEquals(taken(passphrase), passphrase);
  assertEquals(taken(passphrase.normalize("NFD")), passphrase);
  assertEquals(taken(passphrase.replace(" ", "\u00a0").replace(" ", "\u3000")), passphrase);
  for (const end of ["\n", "\r\n"]) assertEquals(taken([0xef, 0xbb, 0xbf], passphrase, end), passphrase);
  assertEquals(taken(` ${passphrase} `), ` ${passphrase} `);
});

Deno.test("a passphrase that is not UTF-8, not one line, too short or too long is refused, with a remedy", () => {
  const latin1 = [..."Zürich am Abend"].map((letter) => letter.charCodeAt(0));
  const utf16 = [0xff, 0xfe, ...[..."correct horse"].flatMap((letter) => [letter.charCodeAt(0), 0])];
  for (const bytes of [latin1, utf16]) {
    assertEquals(refusal(bytes), "Cannot use it: it is not UTF-8; save the file, or set the terminal, as UTF-8");
  }
  assertEquals(refusal("correct horse\nbattery\n"), "Cannot use it: it is more than one line");
  assertEquals(refusal("correct horse\n\n"), "Cannot use it: it is more than one line");
  assertEquals(refusal("correct\thorse"), "Cannot use it: it holds a control character");
  assertEquals(refusal("🌧🌧🌧🌧🌧🌧🌧🌧"), "Cannot use it: it has 8 characters and should have 12 or more");
  assertEquals(refusal("a".repeat(4097)), "Cannot use it: it is longer than 4096 bytes");
});

Deno.test("the line holds what was typed, in any script, without what was erased", async () => {
  assertEquals(await typed(`${PASSPHRASE}\r`), PASSPHRASE);
  assertEquals(await typed("ab\x7fc\n"), "ac");
  assertEquals(await typed("a🌧\x08b\r"), "ab");
  assertEquals(await typed("\x7f\x7fa\r"), "a");
  assertEquals(await typed("all wrong\x15right\r"), "right");
  assertEquals(await typed("tab\tand\x1bescape\r"), "tabandescape");
  assertEquals(await typed("\ufeffa\r"), "\ufeffa");
  await fc.assert(fc.asyncProperty(fc.string({ unit: "grapheme" }), async (text) => {
    const line = text.replaceAll(/\p{Cc}/gu, "");
    assertEquals(await typed(`${line}\r`), line);
    assertEquals(await typed(`${line}${"\x7f".repeat([...line].length)}\r`), "");
  }));
});

Deno.test("Ctrl-C, Ctrl-D on an empty line and the end of input give up", async () => {
  assertEquals(await typed("abc\x03\r"), undefined);
  assertEquals(await typed("\x04"), undefined);
  assertEquals(await typed("abc"), undefined);
  assertEquals(await typed("abc\x04d\r"), "abcd");
});

/** The program on a terminal, and a typist. */
class Typist implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #shown: ReadableStreamDefaultReader<string>;
  readonly #keys: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  /** everything that appeared on the terminal so far */
  screen = "";

  constructor(line: string, env: Record<string, string>) {
    this.#child = programOnTerminal("gateway_program.ts", line.split(" "), env).spawn();
    this.#shown = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#keys = this.#child.stdin.getWriter();
  }

  /** Types once the program has asked for it. */
  async answer(question: string, typed: string | Uint8Array<ArrayBuffer>): Promise<void> {
    const before = this.screen.length;
    while (!this.screen.slice(before).includes(question)) {
      const { value, done } = await this.#shown.read();
      if (done) throw new Error(`it ended before it asked "${question}": ${this.screen}`);
      this.screen += value;
    }
    await this.#keys.write(typeof typed === "string" ? encode(typed) : typed);
  }

  /** Reads the rest of the output; resolves with the exit code. */
  async end(): Promise<number> {
    for (let read = await this.#shown.read(); !read.done; read = await this.#shown.read()) this.screen += read.value;
    return (await this.#child.status).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keys.close().catch(() => {}); // the program has ended, and nobody reads
    await this.#shown.cancel();
    await this.#child.stderr.cancel();
    await this.#child.status;
  }
}

/** Runs the program with a piped standard input. */
async function piped(input: string, line: string, env: Record<string, string>): Promise<Outcome> {
  const child = program("gateway_program.ts", line.split(" "), env).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(encode(input));
  await writer.close();
  return outcomeIn(await child.output());
}

Deno.test("a passphrase can come from standard input, or from a file that should be private", async () => {
  using home = new TemporaryFolder();
  const env = { NYM_HOME: home.path, RUST_LOG: "warn" };
  assertEquals((await nymGateway(INIT, env)).code, 0);
  const file = home.file("gateway.age");
  const exported = await piped(`${PASSPHRASE}\n`, `export --id gw --file ${file} --passphrase-file -`, env);
  assertEquals([exported.code, exported.stderr], [0, ""]);
  const fromDevice = `import --file ${file} --id twin --passphrase-file /dev/stdin`;
  const short = await piped("Zürich", fromDevice, env);
  assertEquals(short.code, 64);
  assertStringIncludes(short.stderr, "error: Cannot use the passphrase on standard input: it has 6 characters");
  assertEquals((await piped(PASSPHRASE, fromDevice, env)).code, 0);

  const passphraseFile = home.file("passphrase");
  const again = `import --file ${file} --id another --passphrase-file ${passphraseFile}`;
  await Deno.writeTextFile(passphraseFile, "another one than that", { mode: 0o640 });
  const closed = await nymGateway(again, env);
  assertEquals([closed.code, closed.stderr.split("\n").length], [77, 2]);
  if (Deno.build.os === "windows") return;
  await Deno.chmod(passphraseFile, 0o644);
  const open = await nymGateway(again, env);
  assertStringIncludes(
    open.stderr,
    `Every user of this machine can read the passphrase in ${passphraseFile}: set its mode to 0600`,
  );
});

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
  const file = home.file("gateway.age");
  await using typist = new Typist(`export --id gw --file ${file}`, env);
  await typist.answer("Passphrase: ", `${PASSPHRASE}\r`);
  await typist.answer("The same passphrase again: ", `${PASSPHRASE}!\x7f\r`);
  assertEquals(await typist.end(), 0, typist.screen);
  assertStringIncludes(typist.screen, "Exported gateway gw to");
  assertEquals(/Z.rich|Abend/.exec(typist.screen), null);
  const names = (await itemsIn(file, PASSPHRASE)).map((item) => item.kind === "file" ? item.name : item.kind);
  assertEquals(names, ["manifest", "config.toml", "private_sphinx.pem", "public_sphinx.pem", "storage_key.pem"]);
});

onTerminal("two passphrases that differ are refused", async (home, env) => {
  await using typist = new Typist(`export --id gw --file ${home.file("gateway.age")}`, env);
  await typist.answer("Passphrase: ", `${PASSPHRASE}\r`);
  await typist.answer("again: ", `${PASSPHRASE}.\r`);
  assertEquals(await typist.end(), 64);
  assertStringIncludes(typist.screen, "error: The two passphrases differ: try again");
});

onTerminal("a terminal that is not UTF-8 can't give a passphrase", async (home, env) => {
  await using typist = new Typist(`export --id gw --file ${home.file("gateway.age")}`, env);
  await typist.answer("Passphrase: ", Uint8Array.from([...encode("Z"), 0xfc, ...encode("rich am Abend\r")]));
  assertEquals(await typist.end(), 64);
  assertStringIncludes(typist.screen, "error: Cannot use the passphrase that was typed: it is not UTF-8;");
});

onTerminal("a dash for a file asks on the terminal, where nothing is shown", async (home, env) => {
  await using typist = new Typist(`export --id gw --file ${home.file("gateway.age")} --passphrase-file -`, env);
  await typist.answer("Passphrase: ", "short\r");
  assertEquals(await typist.end(), 64);
  assertStringIncludes(typist.screen, "it has 5 characters and should have 12 or more");
});

onTerminal("Ctrl-C at the question ends the program, and leaves no file behind", async (home, env) => {
  await using typist = new Typist(`export --id gw --file ${home.file("gateway.age")}`, env);
  await typist.answer("Passphrase: ", "correct\x03");
  assertEquals(await typist.end(), 130);
  assertStringIncludes(typist.screen, "Interrupted: nothing was changed.");
  assertEquals(Array.from(Deno.readDirSync(home.path), ({ name }) => name), ["gateways"]);
});
