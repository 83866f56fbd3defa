import { assertEquals } from "@std/assert";
import { announcesSame, listingOf } from "../../src/directory/listing.ts";
import { ListingWatch } from "../../src/directory/listing_watch.ts";
import { GATEWAY_FAULTS } from "../../src/directory/presence.ts";

const SELF = { pubKey: "own", mixnetListener: "[::1]:1789", clientListener: "ws://a.example:9000" };
const NODE = {
  clientListener: "ws://1.2.3.4:9000",
  mixnetListener: "1.2.3.4:1789",
  pubKey: "g",
  version: "0.7.0",
  location: "x",
  registeredClients: [],
  lastSeen: 6,
};
const list = (...nodes: Partial<typeof NODE>[]) => listingOf(SELF, nodes.map((node) => ({ ...NODE, ...node })));

Deno.test("another gateway with our mixnet or clients' address is a clash; our own entry is not", async () => {
  const clash = async (...nodes: Partial<typeof NODE>[]) => (await list(...nodes)).clash;
  const mixnet = { pubKey: "m", mixnetListener: "[0::1]:1789" };
  const clients = { pubKey: "c", clientListener: "ws://A.example:9000/" };
  const ofClients = { kind: "clients" as const, address: "ws://a.example:9000", pubKey: "c" };
  assertEquals(await clash({}), undefined);
  assertEquals(await clash(mixnet), { kind: "mixnet", address: "[::1]:1789", pubKey: "m" });
  assertEquals(await clash(clients), ofClients);
  assertEquals(await clash(mixnet, clients), ofClients);
  assertEquals(await clash(clients, mixnet), ofClients);
  assertEquals(await clash({ ...mixnet, pubKey: "own" }), undefined);
});

Deno.test("our own entry is found, and its addresses are compared in any notation", async () => {
  const { own, isOwnAsAnnounced } = await list({}, { pubKey: "own" });
  assertEquals([own?.mixnetListener, isOwnAsAnnounced], ["1.2.3.4:1789", false]);
  const written = { pubKey: "own", mixnetListener: "[0:0::1]:1789", clientListener: "ws://A.example:9000/" };
  assertEquals((await list(written)).isOwnAsAnnounced, true);
  assertEquals((await list({})).own, undefined);
  assertEquals(announcesSame(SELF, { ...SELF, clientListener: "ws://b.example:9000" }), false);
});

/** A watch with its own clock, and its warnings. */
function watching() {
  const said: string[] = [];
  let now = 0;
  const watch = new ListingWatch(GATEWAY_FAULTS, (text) => said.push(text), () => now);
  return { said, watch, after: (minutes: number) => void (now += minutes * 60_000) };
}

Deno.test("another gateway with our key is reported at once and repeatedly, until it has been gone for a while", async () => {
  const { said, watch, after } = watching();
  const double = await list({ pubKey: "own" });
  const alone = await list({ ...SELF });
  watch.look(double, false, false);
  assertEquals([said.length, said[0]?.includes("1.2.3.4:1789")], [1, true]);
  for (let i = 0; i < 4; i++) {
    after(3);
    watch.look(i % 2 === 0 ? alone : double, false, true); // they replace each other
    assertEquals(watch.fault, said[0]);
  }
  assertEquals(said.length, 2);
  after(6);
  watch.look(alone, false, true);
  assertEquals([watch.fault, said.length], [undefined, 2]);
});

Deno.test("our own older entry is not another gateway", async () => {
  const { said, watch } = watching();
  const listing = await list({ pubKey: "own" });
  const { mixnetListener, clientListener } = NODE;
  watch.look(listing, announcesSame(listing.own!, { mixnetListener, clientListener }), false);
  assertEquals([watch.fault, said], [undefined, []]);
  watch.look(listing, announcesSame(listing.own!, SELF), false);
  assertEquals(said.length, 1);
});

Deno.test("a clash is reported, and a directory that accepts announcements but does not list us", async () => {
  const { said, watch } = watching();
  watch.look(await list({}), false, false);
  assertEquals(watch.fault, undefined);
  watch.look(await list({}), false, true);
  assertEquals(watch.fault, "the directory does not list this gateway, although it accepts its announcements");
  watch.look(await list({ ...SELF }, { clientListener: SELF.clientListener }), false, true);
  assertEquals(
    watch.fault?.startsWith("the gateway with public key g announces our clients' address ws://a.example:9000 too"),
    true,
  );
  assertEquals(said.length, 2);
});
