import { assert, assertEquals, assertRejects } from "@std/assert";
import { FileStore } from "../../src/peap/file_store.ts";
import { Random } from "../support/random.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

const text = (value: string) => new TextEncoder().encode(value);

Deno.test("a file store has what was written, for its owner alone", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("store");
  const store = await FileStore.open(path);
  await store.write(new Map([["a/1", text("one")], ["a/2", text("two")], ["b", new Uint8Array()]]));
  await store.write(new Map([["a/1", undefined], ["c\n", text("three")]]));
  await store.close();
  await assertRejects(() => store.write(new Map([["d", text("four")]])), Error, "closed");
  const again = await FileStore.open(path);
  assertEquals((await again.keys("")).sort(), ["a/2", "b", "c\n"]);
  assertEquals(await again.keys("a/"), ["a/2"]);
  assertEquals([await again.get("a/2"), await again.get("b"), await again.get("a/1")], [
    text("two"),
    new Uint8Array(),
    undefined,
  ]);
  await again.close();
  if (Deno.build.os !== "windows") assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
});

Deno.test("whatever is lost of its end in a crash, a file store has all writes before it, and each whole", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("store");
  const random = new Random(1);
  const store = await FileStore.open(path);
  const ends = [Deno.statSync(path).size];
  for (let i = 1; i <= 10; i++) {
    await store.write(new Map([["count", text(`${i}`)], [`value ${i}`, random.bytes(random.below(40))]]));
    ends.push(Deno.statSync(path).size);
  }
  await store.close();
  const whole = Deno.readFileSync(path);
  for (let length = whole.length; length >= ends[0]!; length -= 1 + random.below(20)) {
    Deno.writeFileSync(path, whole.subarray(0, length));
    const cut = await FileStore.open(path);
    const count = ends.filter((end) => end <= length || end - 1 === length).length - 1; // a line end may be missing
    assertEquals((await cut.keys("value")).length, count);
    if (count > 0) assertEquals(await cut.get("count"), text(`${count}`));
    await cut.close();
  }
});

Deno.test("a file that is damaged before its end, or no store, is refused and left as it is", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("store");
  const store = await FileStore.open(path);
  for (let i = 0; i < 3; i++) await store.write(new Map([["count", text(`${i}`)]]));
  await store.close();
  const whole = Deno.readFileSync(path);
  const ends = [...whole.keys()].filter((at) => whole[at] === 10);
  const files = ends.slice(0, -1).map((end) => whole.with(end - 2, whole[end - 2]! ^ 1));
  for (const contents of [...files, text("notes"), text("not a store\n"), text("two\nlines\n")]) {
    Deno.writeFileSync(path, contents);
    await assertRejects(() => FileStore.open(path), Error, "damaged in line");
    assertEquals(Deno.readFileSync(path), contents);
  }
  Deno.writeFileSync(path, new Uint8Array());
  await (await FileStore.open(path)).close(); // an empty file is a new store
});

Deno.test("a program whose file another one has opened learns it from its next write, and does no harm", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("store");
  const first = await FileStore.open(path);
  await first.write(new Map([["a", text("1")]]));
  const second = await FileStore.open(path);
  const long = new Random(3).bytes(1_000_000); // long enough for the file to be rewritten
  await assertRejects(() => first.write(new Map([["a", long]])), Error, "opened by another program");
  await assertRejects(() => first.write(new Map([["a", text("2")]])), Error, "opened by another program");
  assertEquals(await first.get("a"), text("1"));
  await second.write(new Map([["b", text("3")]]));
  await Promise.all([first.close(), second.close()]);
  const third = await FileStore.open(path);
  assertEquals([await third.get("a"), await third.get("b")], [text("1"), text("3")]);
  await Deno.remove(path);
  await assertRejects(() => third.write(new Map([["a", text("4")]])), Error, "or removed");
  await third.close();
});

Deno.test("a file store that changes one value again and again stays small", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("store");
  const store = await FileStore.open(path);
  const value = new Random(2).bytes(300_000);
  for (let i = 0; i < 12; i++) await store.write(new Map([["value", value], [`count ${i}`, text("x")]]));
  assert(Deno.statSync(path).size < 2_000_000);
  await store.close();
  const again = await FileStore.open(path);
  assertEquals([(await again.keys("count")).length, await again.get("value")], [12, value]);
  await again.close();
});
