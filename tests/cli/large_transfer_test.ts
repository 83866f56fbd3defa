import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { exists, readConfig } from "../../src/config/files.ts";
import { readStorageKey } from "../../src/config/storage_key_file.ts";
import { inventory } from "../../src/mailbox/inventory.ts";
import { Sealer } from "../../src/mailbox/sealing.ts";
import { MAX_MESSAGE_SIZE } from "../../src/sphinx/constants.ts";
import { storeMessages } from "../bench/prefill.ts";
import { eventually } from "../support/eventually.ts";
import { LongRun } from "../support/long_run.ts";
import { type Outcome, outcomeIn } from "../support/outcome.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { nymGateway, program } from "./program.ts";

const MESSAGES = Number(Deno.env.get("TRANSFER_MESSAGES") ?? 60_000);
/**
 * How much more memory moving all messages may take than moving none, in MB, not counting garbage: the packer alone holds
 * up to 8.4. All messages together are three times as large.
 */
const MAX_GROWTH = 20;

/** Homes with gateways: one without mail, and one with a lot. */
class Homes implements Disposable {
  readonly #folder = new TemporaryFolder();
  readonly passphrase = this.#folder.file("passphrase");

  static async make(messages: number): Promise<Homes> {
    const homes = new Homes();
    Deno.writeTextFileSync(homes.passphrase, "correct horse battery", { mode: 0o600 });
    for (const id of ["empty", "full"]) {
      const options = `init --id ${id} --mix-host 127.0.0.1 --clients-host 127.0.0.1`;
      assertEquals((await nymGateway(options, homes.env("old"))).code, 0);
    }
    await Deno.mkdir(homes.inboxes("old", "full"), { recursive: true });
    await storeMessages(
      join(homes.inboxes("old", "full"), "mailbox.kv"),
      homes.sealer("old", "full"),
      messages,
      MAX_MESSAGE_SIZE,
    );
    return homes;
  }

  env(home: string): Record<string, string> {
    return { NYM_HOME: this.file(home), RUST_LOG: "error" };
  }

  file(name: string): string {
    return this.#folder.file(name);
  }

  gateways(home: string): string {
    return join(this.file(home), "gateways");
  }

  inboxes(home: string, id: string): string {
    return join(this.gateways(home), id, "data/inboxes");
  }

  sealer(home: string, id: string): Sealer {
    const { gateway } = readConfig(join(this.gateways(home), id, "config/config.toml"));
    return new Sealer(readStorageKey(gateway.storageKeyFile));
  }

  start(home: string, ...args: string[]): Deno.ChildProcess {
    return this.startAs("../../main.ts", home, args);
  }

  startAs(file: string, home: string, args: readonly string[]): Deno.ChildProcess {
    return program(file, [...args, "--passphrase-file", this.passphrase], this.env(home)).spawn();
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

async function outcomeOf(child: Deno.ChildProcess): Promise<Outcome> {
  await child.stdin.close();
  return outcomeIn(await child.output());
}

/** The peak memory of a measured program, as it reports itself, and its memory at the end, in MB. */
async function memoryOf(child: Deno.ChildProcess): Promise<{ needed: number; resident: number }> {
  const { code, stderr } = await outcomeOf(child);
  assertEquals(code, 0, stderr);
  const [needed, resident] = stderr.split(" ").map((bytes) => Number(bytes) / 1e6);
  assert(needed! > 3 && resident! > 50, `it says ${stderr}`);
  return { needed: needed!, resident: resident! };
}

const namesIn = (folder: string) => Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
const appears = (path: string) => eventually(`${path} is there`, () => exists(path));

Deno.test({
  name: `${MESSAGES} messages move in a memory that does not grow with them`,
  fn: async () => {
    const run = new LongRun("a large transfer", MESSAGES);
    using homes = await Homes.make(MESSAGES);
    const memory: Record<string, { needed: number; resident: number }> = {};
    const seconds: Record<string, number> = {};
    for (const id of ["empty", "full"]) {
      for (const [command, home] of [["export", "old"], ["import", "new"]] as const) {
        const options = command === "export" ? ["--id", id] : [];
        const begin = performance.now();
        memory[`${command} ${id}`] = await memoryOf(
          homes.startAs("measured_program.ts", home, [command, "--file", homes.file(`${id}.age`), ...options]),
        );
        seconds[`${command} ${id}`] = (performance.now() - begin) / 1000;
      }
    }
    const path = join(homes.inboxes("new", "full"), "mailbox.kv");
    let messages = 0;
    for await (const inbox of inventory(path, homes.sealer("new", "full"))) {
      messages += inbox.messages;
      assertEquals(inbox.damaged, 0);
    }
    assertEquals(messages, MESSAGES);
    const figures = ["export", "import"].map((command) => {
      const [full, empty] = [memory[`${command} full`]!, memory[`${command} empty`]!];
      return `${command} ${seconds[`${command} full`]!.toFixed(1)} s, at most ${full.needed.toFixed(1)} MB in use ` +
        `(${empty.needed.toFixed(1)} without messages), ${full.resident.toFixed(0)} MB resident at its end`;
    });
    run.end(
      `${MESSAGES} messages, a file of ${(await Deno.stat(homes.file("full.age"))).size} bytes: ${figures.join("; ")}`,
    );
    for (const command of ["export", "import"]) {
      const growth = memory[`${command} full`]!.needed - memory[`${command} empty`]!.needed;
      assert(growth < MAX_GROWTH, `${command} takes ${growth} MB more`);
    }
  },
});

Deno.test({
  name: "a transfer that a signal ends leaves nothing behind, and a killed one does not block the next",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using homes = await Homes.make(30_000);
    const file = homes.file("full.age");
    const exporting = ["old", "export", "--id", "full", "--file", file] as const;
    const importing = ["new", "import", "--file", file] as const;
    const workspace = join(homes.gateways("new"), ".importing-full");

    for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
      const child = homes.start(...exporting);
      await appears(`${file}.part`);
      child.kill(signal);
      const outcome = await outcomeOf(child);
      assertEquals([outcome.code, outcome.stderr], [code, "Interrupted: nothing was changed.\n"]);
      assertEquals(namesIn(homes.file("")), ["old", "passphrase"]);
    }
    const killed = homes.start(...exporting);
    await appears(`${file}.part`);
    killed.kill("SIGKILL");
    await outcomeOf(killed);
    assertEquals(exists(file), false);
    assertEquals((await outcomeOf(homes.start(...exporting))).code, 0);
    assertEquals(exists(`${file}.part`), false);

    for (const [signal, left] of [["SIGTERM", []], ["SIGKILL", [".importing-full"]]] as const) {
      const child = homes.start(...importing);
      await appears(join(workspace, "gateway/data/inboxes/mailbox.kv"));
      child.kill(signal);
      await outcomeOf(child);
      assertEquals(namesIn(homes.gateways("new")), [...left]);
      const ran = await nymGateway("run --id full", homes.env("new"));
      assertEquals(ran.code, 66);
      assertStringIncludes(ran.stderr, "There is no gateway full yet");
    }
    assertEquals((await nymGateway("run --id .importing-full", homes.env("new"))).code, 64);
    const outcome = await outcomeOf(homes.start(...importing));
    assertEquals([outcome.code, outcome.stderr], [0, ""]);
    assertEquals(namesIn(homes.gateways("new")), ["full"]);
  },
});

Deno.test({
  name: "of two concurrent imports under one name, one is refused",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using homes = await Homes.make(30_000);
    const file = homes.file("full.age");
    assertEquals((await outcomeOf(homes.start("old", "export", "--id", "full", "--file", file))).code, 0);
    const first = homes.start("new", "import", "--file", file);
    await appears(join(homes.gateways("new"), ".importing-full/gateway"));
    first.kill("SIGSTOP");
    const second = await outcomeOf(homes.start("new", "import", "--file", file));
    assertEquals([second.code, second.stderr], [
      69,
      `error: Cannot import ${file}: another import under that name is in progress\n`,
    ]);
    first.kill("SIGCONT");
    assertEquals((await outcomeOf(first)).code, 0);
    assertEquals(namesIn(homes.gateways("new")), ["full"]);
  },
});
