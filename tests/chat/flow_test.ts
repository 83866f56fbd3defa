import { assert, assertEquals } from "@std/assert";
import type { TraceEvent } from "../../src/peap/mod.ts";
import { Flow } from "../../src/chat/page/flow.ts";
import { networkInWords, ticksInWords } from "../../src/chat/page/summary.ts";
import { placesOf } from "../../src/chat/places.ts";
import { portsFrom } from "../../src/sandbox/ports.ts";

const places = placesOf(portsFrom(20_000, { mixnodes: 3, gateways: 2 }));
const hostOf = (id: string) => places.find((place) => place.id === id)!.host;
const PACKET = 1387;
const FRAME = 1373;
const COVER = 20;

/** A packet of this window, on its way over these nodes with 100 ms at each mixnode. */
function sent(carries: "message" | "cover", ...route: string[]): TraceEvent {
  const hops = route.map((id) => ({ host: hostOf(id), delay: id.startsWith("m") ? 100 : 0 }));
  return { type: "packet-sent", packet: 1, carries, hops };
}

/** What rests or moves where, as in `m1: message`. */
const shown = (flow: Flow) => [...flow.dots].map(({ to, cargo }) => `${to}: ${cargo ?? "?"}`);

Deno.test("a window's own packet is known all the way, among others that are not", () => {
  const flow = new Flow("w1", places, 100);
  flow.see([0, "w2", "g2", PACKET], 0);
  flow.see([0, "g2", "m1", FRAME], 1);
  flow.know(sent("message", "m1", "m2", "m3", "g2"), "g1", 10);
  for (const link of [["w1", "g1"], ["g1", "m1"]] as const) {
    flow.see([0, ...link, link[0] === "w1" ? PACKET : FRAME], 12);
  }
  assertEquals(shown(flow), ["m1: ?", "m1: message"]);
  flow.see([0, "m1", "m2", FRAME], 13); // too early for the own one
  assertEquals(shown(flow), ["m2: ?", "m1: message"]);
  flow.see([0, "m1", "m2", FRAME], 110);
  flow.see([0, "m2", "m3", FRAME], 210);
  flow.see([0, "m3", "g2", FRAME], 310);
  flow.see([0, "m2", "m3", FRAME], 320);
  assertEquals(shown(flow), ["m3: ?", ">g2: message"]);
  flow.see([0, "g2", "w2", 1000], 400);
  assertEquals(shown(flow), ["m3: ?", ">w2: message"]);
});

Deno.test("a packet that no node passes on fades, and mail waits as long as its window is away", () => {
  const flow = new Flow("w1", places, 100);
  flow.connected({ w1: "g1", w2: "g2" }, 0);
  flow.connected({ w1: "g1" }, 1);
  flow.see([0, "w1", "g1", PACKET], 0);
  flow.see([0, "g1", "m1", FRAME], 0);
  flow.see([0, "m3", "g2", FRAME], 0);
  const lost = () => [...flow.dots].filter(({ lostAt }) => lostAt !== undefined).map(({ to }) => to);
  for (const [now, expected] of [[2000, []], [4500, ["m1"]]] as const) {
    flow.advance(now, 1000);
    assertEquals(lost(), [...expected]);
  }
  flow.advance(7000, 1000);
  assertEquals(shown(flow), [">g2: ?"]);
  flow.advance(1e7, 1000);
  assertEquals(shown(flow), [">g2: ?"]);
  assert(networkInWords(flow.dots, places, false, []).includes("in mailboxes: 1"));
  flow.connected({ w1: "g1", w2: "g2" }, 1e7); // it is no mail if the window does not get it
  flow.advance(1e7 + 2000, 1000);
  assertEquals(shown(flow), [">g2: ?"]);
  flow.advance(1e7 + 4000, 1000);
  assertEquals(shown(flow), []);
});

Deno.test("ticks are the packets of the window's own link, and cover comes back to it", () => {
  const flow = new Flow("w1", places, 100);
  flow.know(sent("cover", "m1", "m2", "m3", "g1"), "g1", 0);
  flow.see([0, "w1", "g1", 60], 1); // an acknowledgement
  flow.see([0, "w1", "g1", PACKET], 1);
  flow.see([0, "w2", "g1", PACKET], 1);
  for (const [at, from, to] of [[2, "g1", "m1"], [101, "m1", "m2"], [201, "m2", "m3"], [301, "m3", "g1"]] as const) {
    flow.see([0, from, to, FRAME], at);
  }
  flow.see([0, "m3", "g1", FRAME], 301); // the other window's cover, at the same gateway
  flow.see([0, "g1", "w2", COVER], 302);
  flow.see([0, "g1", "w1", 40], 302); // an answer
  flow.see([0, "g1", "w1", COVER], 303);
  const inWords = "Packets at mixnodes of layer 1: 0, layer 2: 0, layer 3: 0; in mailboxes: 0; lost: 0";
  assertEquals(networkInWords(flow.dots, places, false, []), inWords);
  assertEquals(networkInWords(flow.dots, places, true, ["Bob"]), `${inWords}; yours: 1; Bob is offline`);
  assertEquals(ticksInWords(flow.ticks), "Packets on your link in the last 20 seconds: 1 sent, 1 received");
  assertEquals(shown(flow).sort(), [">w1: cover", ">w2: ?", "g1>: ?"]);
  assertEquals(flow.ticks, [
    { at: 1, isSent: true, cargo: "cover" },
    { at: 303, isSent: false, cargo: "cover" },
  ]);
  flow.advance(1200, 1000);
  assertEquals(flow.ticks.length, 1);
});
