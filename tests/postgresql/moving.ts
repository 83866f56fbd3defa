import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { moveMail } from "../../src/cli/transfer/storage_move.ts";
import { configPath, defaultConfig } from "../../src/config/config.ts";
import { databaseOptions } from "../../src/config/database_options.ts";
import { exists, readConfig, writeConfig } from "../../src/config/files.ts";
import { saveKeyPair } from "../../src/config/key_files.ts";
import { findStorageKey, makeStorageKey } from "../../src/config/storage_key_file.ts";
import { Ledger } from "../../src/mailbox/ledger.ts";
import { Mailbox } from "../../src/mailbox/mailbox.ts";
import type { MessageStore } from "../../src/mailbox/message_store.ts";
import { Sealer } from "../../src/mailbox/sealing.ts";
import { moveFile, type StoreKind } from "../../src/mailbox/unfinished_move.ts";
import { provision } from "../../src/postgresql/provision.ts";
import { Server, type ServerOptions } from "../../src/postgresql/server.ts";
import { PostgresqlStorage } from "../../src/postgresql/storage.ts";
import { NO_LIMITS } from "../../src/mailbox/limits.ts";
import { outcomeOf, program } from "../cli/program.ts";
import { client, numbered, range, readAll, readNumbers } from "../mailbox/messages.ts";
import { generateKeyPair } from "../../src/sphinx/curve.ts";
import { eventually } from "../support/eventually.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

const CLIENTS = 24;
const ROUNDS = 15;
/** So many in a commit get a chunk each: there is much to move. */
const FEW_CLIENTS = 12;
const DAY = 86_400_000;
/** Where an export copies the database to. */
const COPY = ".nym-gateway-export-gw.age";
const LEDGER_LIMITS = { registeredClients: Infinity, unusedRegistrationTime: 3_600_000 };
const ignore = () => {};

/** A home whose mail moves. */
class Home implements Disposable {
  readonly folder = new TemporaryFolder();
  path: string;
  readonly #sealer: Sealer;

  constructor(options: ServerOptions) {
    const root = this.folder.file("nym/gateways");
    const config = defaultConfig("gw", root);
    const { host, port } = options.hosts[0]!;
    config.storage.url = `postgres://${options.user}@${encodeURIComponent(host)}:${port}/${options.database}`;
    this.path = configPath("gw", root);
    writeConfig(this.path, config);
    makeStorageKey(config.gateway.storageKeyFile);
    saveKeyPair(config.gateway, generateKeyPair());
    this.#sealer = new Sealer(findStorageKey(config.gateway.storageKeyFile));
  }

  get config() {
    return readConfig(this.path);
  }

  get mailboxFile(): string {
    return `${this.config.clientsEndpoint.inboxesDirectory}/mailbox.kv`;
  }

  /** Uses the store that the configuration names, as a gateway does. */
  async use<T>(work: (mailbox: MessageStore, ledger: Ledger) => Promise<T>): Promise<T> {
    const { storage, clientsEndpoint } = this.config;
    await using parts = new AsyncDisposableStack();
    if (storage.kind === "embedded") {
      const ledger = parts.use(await Ledger.open(clientsEndpoint.ledgerPath, this.#sealer, ignore, LEDGER_LIMITS));
      return await work(parts.use(await Mailbox.open(this.mailboxFile, this.#sealer)), ledger);
    }
    const shared = parts.use(
      await PostgresqlStorage.open(databaseOptions(storage), this.#sealer, ignore, LEDGER_LIMITS),
    );
    const synced = () => Promise.resolve();
    return await work(parts.use(await shared.openMailbox(ignore, synced, NO_LIMITS, DAY)), shared.ledger);
  }

  /** Moves the mail; what `onProgress` throws ends that. */
  async move(to: StoreKind, onProgress: (what: string) => void): Promise<void> {
    const configure = () => {
      const text = Deno.readTextFileSync(this.path);
      Deno.writeTextFileSync(this.path, text.replace(/^kind = .*$/m, `kind = "${to}"`));
    };
    await moveMail(this.config, to, false, configure, onProgress);
  }

  /** Moves the mail, and fails at more and more of the steps, until it works. Returns how often it failed. */
  async moveWithFailures(to: StoreKind): Promise<number> {
    for (let failures = 0;; failures++) {
      let steps = 0;
      try {
        await this.move(to, () => {
          if (++steps > failures) throw new Error("killed");
        });
        return failures;
      } catch (error) {
        assertEquals((error as Error).message, "killed");
      }
    }
  }

  /** Moves the mail with the command, which is killed `kills` times, whenever it has come further. */
  async moveWithKills(to: StoreKind, kills: number): Promise<void> {
    const state = moveFile(this.config.clientsEndpoint.inboxesDirectory);
    const noted = () => {
      try {
        return Deno.readTextFileSync(state);
      } catch {
        return "";
      }
    };
    for (let killed = 0;; killed++) {
      const before = noted();
      const env = { NYM_HOME: this.folder.file("nym") };
      const child = program("gateway_program.ts", ["storage", "move", "--to", to], env).spawn();
      await child.stdin.close();
      const ended = Promise.all([child.status, child.stdout.cancel(), new Response(child.stderr).text()]);
      let hasEnded = false;
      void ended.then(() => hasEnded = true);
      while (!hasEnded && (killed === kills || noted() === before)) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      if (!hasEnded) child.kill("SIGKILL");
      const [{ signal, code }, , stderr] = await ended;
      if (signal === null) return assertEquals([code, stderr], [0, ""]);
      if (before !== "" && noted() === "") return; // it had finished when it was killed
    }
  }

  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]();
  }
}

/** Ends exports in the middle of copying the database. */
async function endExports(database: ServerOptions, home: Home, args: readonly string[]): Promise<void> {
  await using server = new Server(database, 600_000);
  const names = () => [...Deno.readDirSync(home.folder.path)].map(({ name }) => name).sort();
  const before = names();
  for (const [signal, code, left] of [["SIGINT", 130, []], ["SIGKILL", 137, [COPY]]] as const) {
    const env = { NYM_HOME: home.folder.file("nym") };
    const command = program("gateway_program.ts", ["export", ...args], env);
    const outcome = await server.run((sql) =>
      sql.begin(async (sql) => {
        await sql`lock table nym_gateway.chunks in access exclusive mode`; // it gets no further than this
        const exporting = command.spawn();
        await exporting.stdin.close();
        const ended = exporting.output();
        await eventually("it copies the database", () => names().includes(COPY));
        exporting.kill(signal);
        return { ended };
      })
    );
    assertEquals((await outcome.ended).code, code);
    assertEquals(names(), [...before, ...left].sort());
  }
}

/** Moves a gateway's mail, as a role with least rights, into a database and back, interrupted everywhere. */
export async function moveThereAndBack(admin: ServerOptions): Promise<void> {
  const wanted = { user: "moving", database: "moving" };
  await provision(admin, wanted, undefined);
  using home = new Home({ ...admin, ...wanted });
  const expected = range(CLIENTS).map((): number[] => []);
  const store = async (first: number) =>
    await home.use(async (mailbox) => {
      for (const round of range(ROUNDS)) {
        for (const c of range(CLIENTS)) {
          const n = first + round * CLIENTS + c;
          if (n % 5 === 0 && c !== 1) continue;
          mailbox.store(client(c), numbered(n));
          expected[c]!.push(n);
          if (c % FEW_CLIENTS === 0) await mailbox.flush();
        }
        await mailbox.flush();
      }
    });
  await home.use(async (_, ledger) => {
    for (const c of range(CLIENTS)) await (c % 2 === 0 ? ledger.add(client(c)) : ledger.establish(client(c)));
  });
  await store(0);
  await home.use(async (mailbox) => {
    for (const n of range(9, 10_000)) mailbox.store(client(1), numbered(n)); // one chunk, confirmed in part
    expected[1]!.push(...range(9, 10_000));
    await mailbox.flush();
    const inbox = mailbox.openInbox(client(1), ignore, ignore);
    const messages = await readAll(inbox);
    inbox.confirm(messages.at(-5)!.sequence);
    expected[1] = expected[1]!.slice(-4);
    await mailbox.flush();
  });

  const compare = async (where: string) => {
    const total = expected.reduce((sum, { length }) => sum + length, 0);
    await home.use(async (mailbox, ledger) => {
      for (const c of range(CLIENTS)) {
        assertEquals(
          await readNumbers(mailbox.openInbox(client(c), ignore, ignore)),
          expected[c],
          `client ${c}, ${where}`,
        );
      }
      assert(Math.abs(mailbox.totals.messages - total) <= 9, `${mailbox.totals.messages} of ${total}`);
      assertEquals(range(CLIENTS).filter((c) => !ledger.has(client(c))), []);
      assertEquals(await ledger.removeUnused(), 0, "their times are by the new clock");
    });
  };
  assert(await home.moveWithFailures("postgresql") > 4);
  assertEquals(home.config.storage.kind, "postgresql");
  assertEquals([...Deno.readDirSync(home.config.clientsEndpoint.inboxesDirectory)].map(({ name }) => name), []);
  await compare("moved there");
  await store(20_000);
  const killed = home.move("embedded", (what) => {
    if (what === "Removing") throw new Error("killed");
  });
  await assertRejects(() => killed, Error, "killed");
  await store(25_000); // at a gateway on another machine, which knows nothing of the move
  await home.moveWithKills("embedded", 2);
  assertEquals(home.config.storage.kind, "embedded");
  await compare("moved back");
  await store(30_000);
  const refusal = await home.move("embedded", ignore).catch(({ message }) => message);
  assertEquals(
    /^the gateway's files hold \d+ messages and 24 clients already; with --merge/.test(refusal),
    true,
    refusal,
  );
  await home.move("postgresql", ignore);
  await compare("moved there again");

  Deno.writeTextFileSync(home.folder.file("passphrase"), "correct horse battery", { mode: 0o600 });
  const args = ["--file", home.folder.file("gw.age"), "--passphrase-file", home.folder.file("passphrase")];
  const carryOut = async (command: string, nymHome: string, ...more: string[]) => {
    const env = { NYM_HOME: home.folder.file(nymHome) };
    const { code, stdout, stderr } = await outcomeOf(program("gateway_program.ts", [command, ...args, ...more], env));
    assertEquals([code, stderr], [0, ""]);
    return stdout;
  };
  await endExports({ ...admin, database: wanted.database }, home, args);
  await carryOut("export", "nym");
  assert(!exists(home.folder.file(COPY)), "what the killed one left");
  assertStringIncludes(await carryOut("import", "other", "--keep-outside-paths"), "Its mail was in a database");
  home.path = configPath("gw", home.folder.file("other/gateways"));
  assertEquals(home.config.storage.kind, "embedded");
  await compare("exported from the database, and imported into files");
}
