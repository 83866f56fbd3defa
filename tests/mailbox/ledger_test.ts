import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { clientIdToBase58 } from "../../src/mailbox/client_id.ts";
import { Ledger } from "../../src/mailbox/ledger.ts";
import { testSealer } from "../support/sealer.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { client, range } from "./messages.ts";

Deno.test("clients are registered once, and still are after a restart", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("ledger.kv");
  {
    using ledger = await Ledger.open(path, testSealer());
    assertEquals(ledger.has(client(1)), false);
    assertEquals(await ledger.add(client(1)), true);
    assertEquals(await ledger.add(client(1)), false);
    assertEquals(await ledger.add(client(2)), true);
    assertEquals([ledger.has(client(1)), ledger.has(client(2)), ledger.has(client(3))], [true, true, false]);
  }
  using ledger = await Ledger.open(path, testSealer());
  assertEquals(ledger.size, 2);
  assertEquals([ledger.has(client(1)), ledger.has(client(2)), ledger.has(client(3))], [true, true, false]);
});

Deno.test("of those who register a client at the same time, one does", async () => {
  using folder = new TemporaryFolder();
  using ledger = await Ledger.open(folder.file("ledger.kv"), testSealer());
  const added = await Promise.all(range(20).map(() => ledger.add(client(1))));
  assertEquals(added.filter((isNew) => isNew).length, 1);
  assertEquals(ledger.size, 1);
});

Deno.test("presence gets all clients in base58, as the same array until there is a new one", async () => {
  using folder = new TemporaryFolder();
  using ledger = await Ledger.open(folder.file("ledger.kv"), testSealer());
  const none = ledger.registered();
  assertStrictEquals(ledger.registered(), none);
  await ledger.add(client(1));
  const one = ledger.registered();
  assertEquals(one, [{ pubKey: clientIdToBase58(client(1)) }]);
  assertNotStrictEquals(one, none);
  assertStrictEquals(ledger.registered(), one);
});
