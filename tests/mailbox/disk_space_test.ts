import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { freeBytesInside } from "../../src/mailbox/disk_space.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { range } from "../mailbox/messages.ts";

const VALUES = 500;
const SIZE = 10_000;

async function inAll(kv: Deno.Kv, change: (atomic: Deno.AtomicOperation, n: number) => void): Promise<void> {
  for (const start of range(VALUES / 50)) {
    const atomic = kv.atomic();
    for (const n of range(50, 50 * start)) change(atomic, n);
    await atomic.commit();
  }
}

Deno.test("deleted entries leave the database file as large as it was, with free space inside", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  using kv = await Deno.openKv(path);
  await inAll(kv, (atomic, n) => atomic.set([n], new Uint8Array(SIZE)));
  assertAlmostEquals(freeBytesInside(path), 0, 100_000);
  await inAll(kv, (atomic, n) => atomic.delete([n]));
  const free = freeBytesInside(path);
  assertAlmostEquals(free, VALUES * SIZE * 1.2, VALUES * SIZE * 0.25);
  await inAll(kv, (atomic, n) => n < VALUES / 2 && atomic.set([n], new Uint8Array(SIZE)));
  assertAlmostEquals(freeBytesInside(path), free / 2, free / 10);
});

Deno.test("a missing database has no free space, and is not created", () => {
  using folder = new TemporaryFolder();
  assertEquals(freeBytesInside(folder.file("none.kv")), 0);
  assertThrows(() => Deno.statSync(folder.file("none.kv")), Deno.errors.NotFound);
});

Deno.test({
  name: "measuring a database releases none of the locks on it",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    using folder = new TemporaryFolder();
    const path = folder.file("mailbox.kv");
    using kv = await Deno.openKv(path);
    await kv.set(["a"], 1);
    const inode = Deno.statSync(path).ino;
    const locks = () => {
      const { stdout } = new Deno.Command("cat", { args: ["/proc/locks"] }).outputSync(); // Deno itself cannot read it
      return new TextDecoder().decode(stdout).split("\n").filter((line) => line.includes(`:${inode} `));
    };
    const before = locks().length;
    freeBytesInside(path);
    assertEquals([before, locks().length], [1, 1]);
  },
});
