import { assert, assertEquals } from "@std/assert";
import { addressOf, clientIdToBase58 } from "../../src/mailbox/client_id.ts";
import { Ledger } from "../../src/mailbox/ledger.ts";
import { Mailbox } from "../../src/mailbox/mailbox.ts";
import { testSealer } from "../support/sealer.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { client, range } from "./messages.ts";

const CLIENTS = 50;
const secret = (n: number) => new TextEncoder().encode(`the secret that was told to client ${n}, and to nobody else`);

/** The bytes as a text in which indexOf finds any others made so. */
const latin1 = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);

/** An address with the zeros that Deno KV would write as two bytes each left out: it would be found as it is. */
const address = (n: number) => client(n + 1).replaceAll("00", "a7") as ReturnType<typeof client>;

Deno.test("stolen files hold neither messages nor addresses", async () => {
  using folder = new TemporaryFolder();
  await using mailbox = await Mailbox.open(folder.file("mailbox.kv"), testSealer());
  using ledger = await Ledger.open(folder.file("ledger.kv"), testSealer());
  for (const n of range(CLIENTS)) {
    await ledger.add(address(n));
    for (const _ of range(3)) mailbox.store(address(n), secret(n));
  }
  await mailbox.flush();
  const reader = mailbox.openInbox(address(0), () => {});
  const messages = await reader.next();
  assertEquals(messages[0]!.message, secret(0));
  reader.confirm(messages[0]!.sequence);
  await mailbox.flush();

  const files = Array.from(Deno.readDirSync(folder.path), ({ name }) => latin1(Deno.readFileSync(folder.file(name))));
  assert(files.some((file) => file.length > CLIENTS * secret(0).length), "the database is among them");
  for (const file of files) {
    assert(!file.includes("secret"));
    for (const n of range(CLIENTS)) {
      const looks = [latin1(addressOf(address(n))), address(n), clientIdToBase58(address(n))];
      assertEquals(looks.filter((look) => file.includes(look)), []);
    }
  }
});
