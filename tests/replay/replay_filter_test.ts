import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Counters } from "../../src/counting/counters.ts";
import { ReplayFilter } from "../../src/replay/replay_filter.ts";
import { range } from "../mailbox/messages.ts";
import { Silence } from "../support/silence.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

const WINDOW = 60_000;
/** the most tags kept, in at least four generations */
const MOST = 400;
const RECORD = 10;

/** 16 bytes that look random, as the tags of packets do. */
function tag(n: number): Uint8Array {
  const words = Uint32Array.of(Math.imul(n + 1, 0x9e3779b1), n, 0, 0);
  return new Uint8Array(words.buffer);
}

/** A filter with its own folder, and a clock that is set by hand. */
class Rig implements AsyncDisposable {
  readonly #folder = new TemporaryFolder();
  readonly counters = new Counters();
  readonly path = this.#folder.file("replay");
  now = 1_000_000;
  filter = this.#open();

  #open(): ReplayFilter {
    return ReplayFilter.open(this.path, WINDOW, MOST, this.counters.add, () => this.now);
  }

  /** Whether the filter considers the packet new. */
  admits(n: number, destination = 7): boolean {
    const admitted = this.filter.admit(tag(n), destination);
    this.filter.flush();
    return admitted;
  }

  async restart(): Promise<void> {
    await this.filter[Symbol.asyncDispose]();
    this.filter = this.#open();
  }

  /** Reopens as after a kill, without cleanup. The old filter is closed later, because the test's process lives on. */
  async afterKill(): Promise<void> {
    const killed = this.filter;
    this.filter = this.#open();
    await killed[Symbol.asyncDispose]();
  }

  files(): string[] {
    return Array.from(Deno.readDirSync(this.path), ({ name }) => `${this.path}/${name}`).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.filter[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}

Deno.test("a packet is admitted once, even across a restart and a kill", async () => {
  await using rig = new Rig();
  assert(rig.admits(1));
  assert(!rig.admits(1));
  await rig.restart();
  assert(!rig.admits(1));
  assert(rig.admits(2));
  await rig.afterKill();
  assertEquals(range(4).map((n) => rig.admits(n)), [true, false, false, true]);
});

Deno.test("a packet is remembered for the whole window, but not for ever", async () => {
  await using rig = new Rig();
  assert(rig.admits(1));
  rig.now += WINDOW;
  assert(!rig.admits(1));
  rig.now += WINDOW / 2;
  assert(rig.admits(2));
  assert(rig.admits(1));
  assertEquals(rig.filter.size, 2);
  assertEquals(rig.files().length, 1, "old files are gone");
});

Deno.test("when one destination has too many, its oldest are forgotten first, and counted", async () => {
  using _silence = new Silence();
  await using rig = new Rig();
  const all = range(6 * MOST);
  assert(all.every((n) => rig.admits(n)));
  const forgotten = rig.counters.get("replay_tags_forgotten_early");
  assertEquals(rig.filter.size, all.length - forgotten);
  assert(rig.filter.size > MOST / 2 && rig.filter.size <= MOST);
  const recent = all.slice(forgotten);
  assert(recent.every((n) => !rig.admits(n)));
  await rig.restart();
  assertEquals(rig.filter.size, recent.length);
  assert(recent.every((n) => !rig.admits(n)));
  assert(rig.files().length <= 8);
});

Deno.test("a flood for some destinations makes the filter forget no packet of others, even across kills", async () => {
  using _silence = new Silence();
  for (const flooded of [1, 3, 20]) {
    await using rig = new Rig();
    const quiet = range(10);
    for (const n of quiet) {
      rig.admits(n, 1000 + n % 2);
      for (const other of range(5)) rig.admits(100 + 5 * n + other, 2000 + flooded); // before the flood, and older
    }
    for (const n of range(20 * MOST, 1000)) {
      rig.admits(n, 2000 + n % flooded);
      if (n % 3000 === 0) await rig.afterKill();
      if (n % 2000 === 0) rig.now += WINDOW / 20;
    }
    assertEquals(quiet.filter((n) => rig.admits(n, 1000 + n % 2)), [], `${flooded} flooded`);
    assert(rig.filter.size <= MOST);
    await rig.restart();
    assertEquals(quiet.filter((n) => rig.admits(n, 1000 + n % 2)), [], `${flooded} flooded`);
  }
});

Deno.test("many packets in one turn, without a flush, stay within the limit", async () => {
  using _silence = new Silence();
  await using rig = new Rig();
  for (const n of range(10 * MOST)) {
    rig.filter.admit(tag(n), n % 50);
    assert(rig.filter.size <= MOST);
  }
});

Deno.test("while tags cannot be rewritten the oldest are forgotten, and the limit holds", async () => {
  using _silence = new Silence();
  await using rig = new Rig();
  for (const n of range(MOST / 2)) rig.admits(n);
  Deno.removeSync(rig.path, { recursive: true });
  for (const n of range(5 * MOST, MOST)) {
    assert(rig.admits(n));
    assert(rig.filter.size <= MOST);
  }
  Deno.mkdirSync(rig.path);
  assertEquals(rig.filter.size, 5.5 * MOST - rig.counters.get("replay_tags_forgotten_early"));
});

Deno.test("files in the older format without destinations are read and converted", async () => {
  await using rig = new Rig();
  const old = range(50).map((n) => tag(n).subarray(0, 8));
  const start = new Uint8Array(Float64Array.of(rig.now).buffer);
  const blob = new Blob([start, ...old] as Uint8Array<ArrayBuffer>[]);
  Deno.writeFileSync(`${rig.path}/0000000001.tags`, new Uint8Array(await blob.arrayBuffer()));
  Deno.writeFileSync(`${rig.path}/0000000002.tags`, start.subarray(0, 5)); // a file just begun
  Deno.writeFileSync(`${rig.path}/0000000001.new`, start); // not finished before a kill
  await rig.afterKill();
  assert(range(50).every((n) => !rig.admits(n)));
  assert(rig.admits(50));
  assertEquals(rig.files(), [`${rig.path}/0000000001.seen`]);
});

Deno.test("files are only appended to", async () => {
  await using rig = new Rig();
  let before = new Uint8Array();
  for (const n of range(100)) {
    if (n % 10 === 0) await rig.afterKill();
    rig.admits(n);
    const now = Deno.readFileSync(rig.files()[0]!);
    assertEquals(now.length, 8 + RECORD * (n + 1));
    assertEquals(now.subarray(0, before.length), before);
    before = now;
  }
});

Deno.test("a damaged file loses only what is damaged, and does not prevent the start", async () => {
  using _silence = new Silence();
  await using rig = new Rig();
  for (const n of range(150)) rig.admits(n);
  const [first, second] = rig.files() as [string, string];
  Deno.truncateSync(first, 8 + RECORD * 50 + 3); // cut within the 51st
  Deno.writeFileSync(second, new Uint8Array(8 * RECORD), { append: true }); // zeros at the end
  Deno.writeFileSync(`${rig.path}/0000000003.seen`, new Uint8Array(5)); // a file just begun
  Deno.writeFileSync(`${rig.path}/notes`, new Uint8Array(5)); // not ours
  await rig.afterKill();
  assertEquals(range(150).filter((n) => rig.admits(n)), range(50, 50));
  await rig.restart();
  assert(range(150).every((n) => !rig.admits(n)));
});

Deno.test("a flipped bit in the start of a file makes the filter forget nothing", async () => {
  for (const bit of range(64)) {
    for (const file of range(3)) {
      await using rig = new Rig();
      rig.now = 1_800_000_000_000;
      const tags = range(250);
      for (const n of tags) {
        rig.admits(n);
        rig.now += WINDOW / 500;
      }
      const path = rig.files()[file]!;
      const bytes = Deno.readFileSync(path);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      Deno.writeFileSync(path, bytes);
      await rig.afterKill();
      assertEquals(tags.filter((n) => rig.admits(n)), [], `bit ${bit} of file ${file}`);
    }
  }
});

for (const jump of [-86_400_000, 86_400_000]) {
  Deno.test(`after the clock jumps by ${jump} ms between two runs, tags are kept, but not for ever`, async () => {
    await using rig = new Rig();
    rig.admits(1);
    rig.now += jump;
    await rig.restart();
    assert(!rig.admits(1));
    rig.now -= jump;
    await rig.restart();
    rig.now += WINDOW;
    assert(!rig.admits(1));
    rig.now += WINDOW / 2;
    assert(rig.admits(1));
  });
}

Deno.test("while writing fails, the filter works from memory, and writes afterwards", async () => {
  using _silence = new Silence();
  await using rig = new Rig();
  Deno.removeSync(rig.path, { recursive: true });
  assert(rig.admits(1));
  assert(!rig.admits(1));
  Deno.mkdirSync(rig.path);
  assert(rig.admits(2));
  await rig.afterKill();
  assertEquals([rig.admits(1), rig.admits(2)], [false, false]);
});

Deno.test("tags that cannot be written for a long time are given up, and counted", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  const counters = new Counters();
  const standing = () => 1_000_000; // because this can take longer than the window on a busy machine
  await using filter = ReplayFilter.open(folder.file("replay"), WINDOW, 200_000, counters.add, standing);
  Deno.removeSync(folder.file("replay"), { recursive: true });
  for (const n of range(40_000)) {
    assert(filter.admit(tag(n), 7));
    filter.flush();
  }
  assertEquals(counters.get("replay_tags_unwritten"), 32_768);
  assert(range(40_000).every((n) => !filter.admit(tag(n), 7)));
});

Deno.test("a file of tags that is a link or has a hard link is read, and what it shares with is not changed", async () => {
  for (const link of [Deno.linkSync, Deno.symlinkSync]) {
    using folder = new TemporaryFolder();
    const file = folder.file("replay/0000000001.seen");
    const elsewhere = folder.file("elsewhere");
    const open = () => ReplayFilter.open(folder.file("replay"), WINDOW, MOST, () => {}, () => 1_000_000);
    {
      await using filter = open();
      assert(filter.admit(tag(1), 7));
    }
    Deno.writeFileSync(file, new Uint8Array(3), { append: true }); // an incomplete record, which is cut off
    Deno.renameSync(file, elsewhere);
    link(elsewhere, file);
    const before = Deno.readFileSync(elsewhere);
    for (const n of [2, 3]) {
      await using filter = open();
      assert(!filter.admit(tag(1), 7) && filter.admit(tag(n), 7));
    }
    assertEquals(Deno.readFileSync(elsewhere), before);
    await using filter = open();
    assert(range(4).slice(1).every((n) => !filter.admit(tag(n), 7)));
  }
});

/** `jump`: of the clock in ms, while the program is not running */
type Operation =
  | { kind: "admit"; tag: number }
  | { kind: "wait"; time: number }
  | { kind: "restart" | "kill"; jump: number };

Deno.test("in any history, tags within the window are remembered, and much older ones are not", async () => {
  const operation: fc.Arbitrary<Operation> = fc.oneof(
    { weight: 30, arbitrary: fc.record({ kind: fc.constant("admit" as const), tag: fc.nat({ max: 60 }) }) },
    { weight: 8, arbitrary: fc.record({ kind: fc.constant("wait" as const), time: fc.nat({ max: WINDOW / 2 }) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constantFrom("restart" as const, "kill" as const),
        jump: fc.integer({ min: -5 * WINDOW, max: 5 * WINDOW }),
      }),
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 150, size: "max" }), async (history) => {
      await using rig = new Rig();
      const admitted = new Map<number, number>();
      let running = 0; // ms
      let startedAt = 0;
      for (const operation of history) {
        if (operation.kind === "wait") {
          rig.now += operation.time;
          running += operation.time;
        } else if (operation.kind === "admit") {
          const at = admitted.get(operation.tag) ?? -Infinity;
          const isNew = rig.admits(operation.tag);
          if (running - at <= WINDOW) assert(!isNew, `seen ${running - at} ms ago`);
          const known = running - Math.max(at, startedAt);
          if (known > WINDOW * 3 / 2 || at === -Infinity) assert(isNew, `seen ${running - at} ms ago`);
          if (isNew) admitted.set(operation.tag, running);
        } else {
          rig.now += operation.jump;
          await (operation.kind === "restart" ? rig.restart() : rig.afterKill());
          startedAt = running;
        }
      }
    }),
    { seed: 70, numRuns: 200 },
  );
});
