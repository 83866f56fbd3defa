import { assert, assertEquals } from "@std/assert";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { defaultsOf, DIRECTORY } from "../../src/config/config.ts";
import { Store } from "../../src/directory_server/store.ts";
import { Random } from "../support/random.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { gateway, keyOf, mixnode } from "./nodes.ts";

/** Kills; 200 in the long form. */
const KILLS = Number(Deno.env.get("CRASH_DIRECTORY_KILLS") ?? 3);
const SEED = Number(Deno.env.get("CRASH_SEED") ?? 20_260_101);
/** The most lines of a child that is killed. */
const LINES = 120;

const NUMBERS = Array.from({ length: 1000 }, (_, n) => n);
const numberOf = new Map(
  NUMBERS.flatMap((n) => [[`mixnodes ${keyOf(n)}`, n], [`gateways ${gateway(n).pubKey}`, n]] as const),
);

/** Runs a directory in `root` and kills it after `most` lines, wherever it is then. Resolves with all that it printed. */
async function runAndKill(root: string, from: number, most: number): Promise<string[]> {
  await using child = new Deno.Command(Deno.execPath(), {
    args: [
      ..."run --no-check --quiet --unstable-kv --unstable-net --allow-net --allow-read --allow-write --allow-env --allow-sys"
        .split(" "),
      new URL("directory_child.ts", import.meta.url).pathname,
      root,
      `${from}`,
    ],
    stdout: "piped",
  }).spawn();
  const lines: string[] = [];
  for await (const line of createInterface(Readable.fromWeb(child.stdout as never))) {
    lines.push(line);
    if (lines.length === most) child.kill("SIGKILL");
  }
  await child.status;
  return lines;
}

Deno.test("a directory that is killed has forgotten nothing that it has accepted, and holds nothing by halves", async () => {
  const random = new Random(SEED);
  using folder = new TemporaryFolder();
  const { directory: { stateFile } } = defaultsOf(DIRECTORY, "crash", folder.path);
  const accepted = new Set<string>();
  for (let kill = 0; kill < KILLS; kill++) {
    if (kill > 0 && kill % 10 === 0) { // begin again, so that there is room
      accepted.clear();
      await Deno.remove(`${folder.path}/crash`, { recursive: true });
    }
    const lines = await runAndKill(folder.path, 40 * (kill % 10), random.between(1, LINES));
    assert(lines.length > 0);
    for (const line of lines) accepted.add(line);
    using store = await Store.open(stateFile);
    const { entries, decisions } = await store.read(0);
    const found = new Set<string>();
    for (const { kind, key, fields } of entries) {
      const n = numberOf.get(`${kind} ${key}`)!;
      const { lastSeen: _, registeredClients: __, ...expected } = {
        registeredClients: [],
        ...kind === "mixnodes" ? mixnode(n) : gateway(n),
      };
      assertEquals({ ...fields } as unknown, expected);
      found.add(`${kind} ${n}`);
    }
    const addresses = entries.flatMap((entry) => entry.addresses);
    assertEquals(new Set(addresses).size, addresses.length);
    for (const [key, decision] of decisions) {
      const n = numberOf.get(`mixnodes ${key}`)!;
      assertEquals(decision, { layer: 1 + n % 4 });
      found.add(`layer ${n}`);
    }
    for (const line of accepted) assert(found.has(line), `kill ${kill}: ${line} was accepted, and is gone`);
  }
});
