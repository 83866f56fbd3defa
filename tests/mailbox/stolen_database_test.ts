import { assert, assertEquals } from "@std/assert";
import { addressOf, clientIdToBase58 } from "../../src/mailbox/client_id.ts";
import { Ledger } from "../../src/mailbox/ledger.ts";
import { Mailbox } from "../../src/mailbox/mailbox.ts";
import { testSealer } from "../support/sealer.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { client, range } from "./messages.ts";

const CLIENTS = 50;
const secret = (n: number) => new TextEncoder().encode(`the secret for client ${n}, and for nobody else`);

/** The bytes as a string that can be searched for others converted in the same way. */
const latin1 = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);

/** An address without zeros, which Deno KV would escape so that the search could not find it. */
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
  assert(files.some((file) => file.length > CLIENTS * secret(0).length), "the files include the database");
  for (const file of files) {
    assert(!file.includes("secret"));
    for (const n of range(CLIENTS)) {
      const forms = [latin1(addressOf(address(n))), address(n), clientIdToBase58(address(n))];
      assertEquals(forms.filter((form) => file.includes(form)), []);
    }
  }
});
