import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { RawClient } from "../support/raw_client.ts";
import { TestClient } from "../support/test_client.ts";
import { assertServed, Besieged, many, report } from "./besieged.ts";

const MEMORY = 100; // allowed growth in MB

const randomAddress = () => encodeBase58(crypto.getRandomValues(new Uint8Array(32)));

Deno.test("registrations from one network are limited, without affecting others", async () => {
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
  assert(registered < limit + 60, "one is the honest client, and the bucket refills during the attack");
  assertLessOrEqual(growth, MEMORY);
  assertServed(honest);
});

Deno.test("guessed tokens are delayed, and then the connection is closed", async () => {
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
        const answer = await guesser.request(request).catch(() => undefined);
        if (answer === undefined) { // the previous answer closed the connection, which was noticed late
          made--;
          closed++;
          break;
        }
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

Deno.test("a web page in a browser on the gateway's machine gets no more registrations than a network", async () => {
  const attempts = many(200, 5000);
  const limit = 50;
  await using besieged = await Besieged.start(({ limits }) => limits.registrationsPerHourPerNetwork = limit);
  let begun = 0;
  const attack = async () => {
    while (begun++ < attempts) {
      using page = await RawClient.connect(besieged.clientsAddress, "origin: https://evil.example");
      await page.send({ type: "register", address: randomAddress() });
      await page.frameArrived();
    }
  };
  const series = 'client_logins_total{result="registered"}';
  const before = await besieged.operator.metric(series);
  await Promise.all(Array.from({ length: 20 }, attack));
  const registered = await besieged.operator.metric(series) - before;
  const honest = await besieged.endProbing();
  report("registrations by a page", { attempts, registered, ...honest });
  assert(registered >= limit && registered < limit + 5, `${registered} registered`);
  assertServed(honest);
});
