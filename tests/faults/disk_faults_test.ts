import { assertEquals, assertNotEquals } from "@std/assert";
import { join } from "node:path";
import { parseSocketAddress } from "../../src/addresses/socket_address.ts";
import { decodeBase58, encodeBase58 } from "../../src/encoding/base58.ts";
import { frame } from "../../src/mixnet/frames.ts";
import { PacketFactory } from "../bench/load/packet_factory.ts";
import { many, report } from "../hostile/besieged.ts";
import { post } from "../hostile/members.ts";
import { LockedDatabase } from "../support/locked_database.ts";
import { randomClientAddress } from "../support/packets.ts";
import { sideBySide } from "../support/side_by_side.ts";
import { TestClient } from "../support/test_client.ts";
import { FaultyGateway } from "./faulty_gateway.ts";
import { hasStrace, Injection } from "./injection.ts";

const MESSAGES = many(2000, 50_000);

const skipped = hasStrace ? "" : " (skipped: no strace)";

/** All files in a folder and its subfolders. */
async function filesBelow(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    files.push(...isDirectory ? await filesBelow(join(folder, name)) : [join(folder, name)]);
  }
  return files;
}

const SYNCS = "fsync,fdatasync";
const WRITES = `${SYNCS},write,pwrite64,ftruncate`;

/** How a disk may misbehave, in which calls and how (for strace), and what the gateway reports. */
type Fault = readonly [disk: string, calls: string, fault: string, said: RegExp];
const FAULTS: readonly Fault[] = [
  ["takes 600 ms for each sync", SYNCS, "delay_enter=600000", /^warn +mailbox +a write to the disk took \d+ ms/m],
  ["fails to sync", SYNCS, "error=EIO", /^fail +mailbox +cannot write messages to the disk \(disk I\/O error\)/m],
  ["fails to write", WRITES, "error=EIO", /^fail +mailbox +cannot write messages to the disk \(disk I\/O error\)/m],
  ["is read-only", WRITES, "error=EROFS", /^fail +mailbox .+/m],
];

// Side by side, as most of it is waiting.
Deno.test({
  name: `a disk that is slow, fails or is read-only for a while costs time, but no message and no order${skipped}`,
  ignore: !hasStrace,
  fn: () => sideBySide(Object.fromEntries(FAULTS.map((fault) => [`a disk that ${fault[0]}`, () => endure(fault)]))),
});

async function endure([disk, calls, fault, said]: Fault): Promise<void> {
  await using gateway = await FaultyGateway.start();
  const { operator, process } = gateway;
  await gateway.store(300);
  const send = await gateway.prepare(MESSAGES);
  const files = await filesBelow(process.path("data"));
  let sending: Promise<void>;
  let health: string;
  {
    await using _faulty = await Injection.into(process.pid, files, calls, fault);
    sending = send();
    health = await operator.says(said);
  }
  await sending;
  await operator.reaches("messages_stored_total", 300 + MESSAGES, 60_000);
  await operator.says(/^ok +mailbox/m);
  await gateway.readAll();
  const lost = await operator.metric("messages_lost_total");
  const unwritten = await operator.metric('replay_tags_lost_total{reason="unwritten"}');
  report(`a disk that ${disk}`, {
    messages: gateway.sent,
    lost,
    "tags unwritten": unwritten,
    said: said.exec(health)![0],
  });
  assertEquals([lost, unwritten], [0, 0]);
}

Deno.test("a mailbox locked by another program for a while costs time, but no message and no order", async () => {
  await using gateway = await FaultyGateway.start();
  const { operator, process } = gateway;
  await gateway.store(300);
  const send = await gateway.prepare(MESSAGES);
  let sending: Promise<void>;
  {
    using _locked = new LockedDatabase(`${process.inboxes}/mailbox.kv`);
    sending = send();
    await operator.says(/^fail +mailbox/m);
  }
  await sending;
  await operator.reaches("messages_stored_total", 300 + MESSAGES, 60_000);
  await operator.says(/^ok +mailbox/m);
  await gateway.readAll();
  assertEquals(await operator.metric("messages_lost_total"), 0);
});

Deno.test("while the mailbox is locked, a client that is online gets its mail; after a kill, new mail has other numbers", async () => {
  await using gateway = await FaultyGateway.start();
  const { process } = gateway;
  const factory = new PacketFactory(decodeBase58(process.publicKey)!);
  const bob = randomClientAddress();
  const message = new Uint8Array(40).fill(1);
  let login: Record<string, unknown> = { type: "register", address: encodeBase58(bob), numbers: true };
  /** Bob logs in and gets a message. Resolves with its number. */
  const receive = async (lock?: () => Disposable) => {
    await using client = await TestClient.connect(parseSocketAddress(process.clients)!);
    const { token } = await client.request(login) as { token?: string };
    login = { ...login, type: "authenticate", token };
    using _locked = lock?.();
    await post(parseSocketAddress(process.mixnet)!, frame(factory.build(bob, message)));
    const { number } = await client.answer() as { number: number };
    assertEquals(await client.message(), message);
    if (lock !== undefined) await process.stop("SIGKILL"); // what it has pushed is not on the disk
    return number;
  };
  const number = await receive(() => new LockedDatabase(`${process.inboxes}/mailbox.kv`));
  await process.start();
  assertNotEquals(await receive(), number);
});
