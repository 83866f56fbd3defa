import { assertEquals } from "@std/assert";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { randomClientAddress } from "../support/packets.ts";
import { TestClient } from "../support/test_client.ts";
import { Besieged, many, report } from "./besieged.ts";
import { register } from "./members.ts";

const PAIRS = many(200, 2000);
/** Pairs tried by one connection, which may make a hundred requests before its login. */
const PAIRS_A_CONNECTION = 40;

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

Deno.test("guessing tokens does not reveal whether a client is registered", async () => {
  await using besieged = await Besieged.start(({ limits }) => {
    limits.wrongTokenDelay = 1;
    limits.wrongTokensPerHourPerNetwork = 2 * PAIRS;
  });
  await besieged.endProbing();
  const known = (await register(besieged.clientsAddress)).login.address;
  const took: { known: number[]; unknown: number[] } = { known: [], unknown: [] };
  const answers = new Set<string>();
  for (let pair = 0; pair < PAIRS;) {
    await using guesser = await TestClient.connect(besieged.clientsAddress);
    for (let i = 0; i < PAIRS_A_CONNECTION && pair < PAIRS; i++, pair++) {
      const kinds: (keyof typeof took)[] = pair % 2 === 0 ? ["known", "unknown"] : ["unknown", "known"];
      for (const kind of kinds) {
        const stranger = encodeBase58(randomClientAddress()); // in both cases, so that both have the same delay
        const address = kind === "known" ? known : stranger;
        const token = encodeBase58(crypto.getRandomValues(new Uint8Array(32)));
        const before = performance.now();
        answers.add(JSON.stringify(await guesser.request({ type: "authenticate", address, token })));
        took[kind].push(performance.now() - before);
      }
    }
  }
  const [a, b] = [median(took.known), median(took.unknown)];
  report("wrong tokens", {
    pairs: PAIRS,
    "median ms for a known client": a.toFixed(3),
    "for an unknown one": b.toFixed(3),
    difference: (a - b).toFixed(3),
  });
  assertEquals([...answers], ['{"type":"authenticate","status":false}']);
});
