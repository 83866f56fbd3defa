import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { DirectoryServer } from "../directory/directory_server.ts";
import { range } from "../mailbox/messages.ts";
import { randomClientAddress } from "../support/packets.ts";
import { assertServed, Besieged, many, report } from "./besieged.ts";
import { logIn, type Member, register } from "./members.ts";

const MEMORY = 200; // allowed growth in MB
const MOST = many(100, 20_000);
const ATTEMPTS = 3 * MOST;
const AT_A_TIME = 20;
/** The most bytes of an announcement: a thousand clients of 56 to 58 bytes, and the gateway's own entry. */
const ANNOUNCEMENT = 60_000;

Deno.test("endless registrations neither grow the ledger and the announcement without bound, nor lock clients out", async () => {
  await using directory = new DirectoryServer();
  await using besieged = await Besieged.start(({ gateway, limits, debug }) => {
    gateway.presenceDirectoryServer = directory.url;
    debug.presenceSendingDelay = 50;
    limits.registeredClients = MOST;
    limits.registrationsPerHour = limits.registrationsPerHourPerNetwork = 65_535;
  });
  const { clientsAddress, operator } = besieged;
  const stayed = await register(clientsAddress);
  await (await logIn(clientsAddress, stayed))[Symbol.asyncDispose](); // it has logged in again
  const members: Member[] = [];
  const waiting = range(ATTEMPTS).values();
  await Promise.all(
    range(AT_A_TIME).map(async () => {
      for (const _ of waiting) members.push(await register(clientsAddress));
    }),
  );
  const registered = await operator.metric("clients_registered");
  const longest = Math.max(...directory.posted.map((body) => body.length));
  assertLessOrEqual(registered, MOST);
  assertLessOrEqual(longest, ANNOUNCEMENT);
  const known = JSON.parse(directory.posted.at(-1)!).registeredClients.map(({ pubKey }: { pubKey: string }) => pubKey);
  assert(known.includes(encodeBase58(stayed.address)));
  assertEquals(known.includes(encodeBase58(members[0]!.address)), false);
  for (const member of [members[0]!, stayed, await register(clientsAddress, randomClientAddress())]) {
    await (await logIn(clientsAddress, member))[Symbol.asyncDispose]();
  }
  assertLessOrEqual(await operator.metric("clients_registered"), MOST);
  const growth = await besieged.memoryGrowth();
  const served = await besieged.endProbing();
  report("endless registrations", {
    attempts: ATTEMPTS,
    registered,
    "longest announcement": longest,
    "MB grown": growth,
    ...served,
  });
  assertLessOrEqual(growth, MEMORY);
  assertServed(served);
});
