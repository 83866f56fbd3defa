import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { FrameKind } from "../../src/clients/websocket/frames.ts";
import { RawClient } from "../support/raw_client.ts";
import { TestClient } from "../support/test_client.ts";
import { clientFrame } from "../clients/websocket/client_frame.ts";
import { assertServed, Besieged, connectMany, many, report } from "./besieged.ts";

const MEMORY = 100; // MB that an attack may take

const randomAddress = () => encodeBase58(crypto.getRandomValues(new Uint8Array(32)));

Deno.test("64 MiB frames from sockets that have not logged in take no memory", async () => {
  const sockets = many(40, 400);
  await using besieged = await Besieged.start();
  const chunk = new Uint8Array(65_536);
  let sent = 0;
  let growth = 0;
  const flood = async () => {
    using attacker = await RawClient.connect(besieged.clientsAddress);
    const bytes = clientFrame(FrameKind.BINARY, new Uint8Array(0), { announced: 64 * 1024 * 1024 });
    await attacker.connection.write(bytes);
    for (let rest = 64 * 1024 * 1024; rest > 0; rest -= chunk.length) {
      const written = await attacker.connection.write(chunk).catch(() => undefined);
      if (written === undefined) return; // it was cut off
      sent += written;
    }
  };
  let flooding = true;
  const watching = (async () => {
    while (flooding) growth = Math.max(growth, await besieged.memoryGrowth());
  })();
  for (let begun = 0; begun < sockets; begun += 20) await Promise.all(Array.from({ length: 20 }, flood));
  flooding = false;
  await watching;
  const honest = await besieged.endProbing();
  report("64 MiB frames", { sockets, "MB sent": Math.round(sent / 1e6), "MB grown": growth, ...honest });
  assertLessOrEqual(growth, MEMORY);
  assertServed(honest);
});

Deno.test("registrations from one network are limited, and cost its neighbours nothing", async () => {
  const attempts = many(3000, 100_000);
  const limit = 50;
  await using besieged = await Besieged.start(({ limits }) => {
    limits.registrationsPerHourPerNetwork = limit;
    limits.limitLoopback = true;
  });
  let [registered, refused, begun] = [0, 0, 0];
  const attack = async () => {
    while (begun < attempts) {
      await using attacker = await TestClient.connect(besieged.clientsAddress);
      for (let i = 0; i < 100 && begun < attempts; i++) {
        begun++;
        const answer = await attacker.request({ type: "register", address: randomAddress() }) as { type: string };
        if (answer.type === "register") {
          registered++;
          break;
        }
        refused++;
      }
    }
  };
  await Promise.all(Array.from({ length: 20 }, attack));
  const honest = await besieged.endProbing();
  const growth = await besieged.memoryGrowth();
  report("registrations", { attempts, registered, refused, "MB grown": growth, ...honest });
  assertEquals(registered + refused, attempts);
  assert(registered < limit + 60, "the honest client is one, and some flow in while the attack goes on");
  assertLessOrEqual(growth, MEMORY);
  assertServed(honest);
});

Deno.test("guessed tokens take time, and then the connection", async () => {
  const guesses = many(300, 5000);
  await using besieged = await Besieged.start(({ limits }) => {
    limits.wrongTokensPerHourPerNetwork = 100;
    limits.wrongTokenDelay = 20;
    limits.limitLoopback = true;
  });
  let [made, closed] = [0, 0];
  const guess = async () => {
    while (made < guesses) {
      await using guesser = await TestClient.connect(besieged.clientsAddress);
      for (let isOpen = true; isOpen && made < guesses;) {
        made++;
        const request = { type: "authenticate", address: randomAddress(), token: randomAddress() };
        const answer = await guesser.request(request);
        assertEquals(answer, { type: "authenticate", status: false });
        const end = guesser.closed.then(() => true);
        isOpen = !await Promise.race([end, new Promise((resolve) => setTimeout(resolve, 5, false))]);
        if (!isOpen) closed++;
      }
    }
  };
  await Promise.all(Array.from({ length: 10 }, guess));
  const honest = await besieged.endProbing();
  report("guesses", { made, closed, ...honest });
  assert(closed >= made - 250, `${closed} of ${made}`);
  assertServed(honest);
});

Deno.test("sockets that say nothing, or never answer the close frame, are gone after the deadline", async () => {
  const count = many(200, 900);
  await using besieged = await Besieged.start(({ limits }) => limits.loginDeadline = 1000);
  const before = await besieged.descriptors();
  const silent = await connectMany(besieged.clientsAddress, count);
  const upgraded = await Promise.all(Array.from({ length: 50 }, () => RawClient.connect(besieged.clientsAddress)));
  const most = await besieged.descriptors();
  await besieged.descriptorsFallTo(before);
  const honest = await besieged.endProbing();
  report("silent sockets", { sockets: count + 50, "descriptors before": before, most, ...honest });
  for (const connection of silent) connection.close();
  for (const client of upgraded) client[Symbol.dispose]();
  assertServed(honest);
});
