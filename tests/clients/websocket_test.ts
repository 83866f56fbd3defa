import { assertEquals, assertRejects } from "@std/assert";
import { Opcode } from "../../src/clients/front/frame_header.ts";
import { PACKET_SIZE } from "../../src/sphinx/constants.ts";
import { encodeNodeAddress } from "../../src/sphinx/node_address.ts";
import { range } from "../mailbox/messages.ts";
import { eventually } from "../support/eventually.ts";
import type { RawClient } from "../support/raw_client.ts";
import { ShiftedClock } from "./shifted_clock.ts";
import { ClientsRig } from "./clients_rig.ts";
import { bytes, maskedFrame } from "./front/streams.ts";

const FIN = 0x80;
/** ms after which a silent client is pinged; after as many again it is closed */
const SILENCE = 15_000;
const PACKET = new Uint8Array(7 + PACKET_SIZE);
PACKET.set(encodeNodeAddress({ host: "10.0.0.1", port: 1789 }));

const closeWith = (code: number) => Uint8Array.of(code >> 8, code & 0xff);
const codeOf = (payload: Uint8Array) => payload.length < 2 ? undefined : payload[0]! << 8 | payload[1]!;

/** Logs in as the n-th client; resolves when the login is answered. */
async function logIn(rig: ClientsRig, raw: RawClient, n = 1): Promise<void> {
  await raw.send(rig.authentication(n));
  await raw.frameOf(Opcode.TEXT);
}

Deno.test("pings are answered with their payloads in order, before and after a login", async () => {
  await using rig = await ClientsRig.start();
  using raw = await rig.connectRaw();
  for (const isLoggedIn of [false, true]) {
    if (isLoggedIn) await logIn(rig, raw);
    const payloads = [0, 1, 125].map((size) => crypto.getRandomValues(new Uint8Array(size)));
    for (const payload of payloads) await raw.sendFrame(Opcode.PING, payload);
    for (const payload of payloads) assertEquals(await raw.frame(), { opcode: Opcode.PONG, payload });
  }
});

Deno.test("a ping between the fragments of a request is answered, and the request stays whole", async () => {
  await using rig = await ClientsRig.start();
  using raw = await rig.connectRaw();
  await raw.write(bytes(maskedFrame(Opcode.TEXT, 3), maskedFrame(FIN | Opcode.PING, 5)));
  assertEquals((await raw.frame())?.opcode, Opcode.PONG);
  await raw.write(maskedFrame(FIN | Opcode.CONTINUATION, 3));
  assertEquals((await raw.frame())?.opcode, Opcode.TEXT);
  assertEquals(rig.counters.get("requests_malformed"), 1);
});

Deno.test("a client that keeps pinging and reads no answer is disconnected", async () => {
  await using rig = await ClientsRig.start();
  using raw = await rig.connectRaw();
  await logIn(rig, raw);
  await rig.store(1, range(12_000), 975); // more than the system's buffers hold
  await eventually("it reads nothing", () => rig.counters.get("clients_slow") > 0);
  using clock = new ShiftedClock();
  const pings = bytes(...range(100).map(() => maskedFrame(FIN | Opcode.PING, 125)));
  for (let i = 0; i < 100 && rig.server.online > 0; i++) {
    await raw.write(pings).catch(() => {}); // it may be closed already
    clock.advance(1000); // refills its allowance of frames
  }
  await eventually("it is closed", () => rig.server.online === 0);
  assertEquals(rig.counters.get("client_answers_ignored"), 1);
});

Deno.test("a close frame is answered with its own code, once everything sent before it is taken", async () => {
  await using rig = await ClientsRig.start();
  for (const code of [1000, 4321, undefined]) {
    using raw = await rig.connectRaw();
    await logIn(rig, raw);
    const before = rig.forwarded.length;
    const frames = range(50).map(() => bytes(maskedFrame(FIN | Opcode.BINARY, PACKET.length, 0), PACKET));
    const payload = code === undefined ? new Uint8Array(0) : closeWith(code);
    await raw.write(bytes(...frames, maskedFrame(FIN | Opcode.CLOSE, payload.length, 0), payload));
    assertEquals(codeOf(await raw.frameOf(Opcode.CLOSE)), code);
    assertEquals(await raw.frame(), null);
    assertEquals(rig.forwarded.length - before, 50);
    await eventually("its place is free", () => rig.server.connections === 0);
  }
  assertEquals(rig.counters.get("client_connections_closed"), 3);
});

Deno.test("what a client has sent is taken, even if a reset of its connection follows", async () => {
  await using rig = await ClientsRig.start();
  await rig.store(1, range(10));
  {
    using raw = await rig.connectRaw();
    await logIn(rig, raw);
    await eventually("messages are pushed that it will not read", () => rig.counters.get("messages_pushed") === 10);
    for (const _ of range(20)) await raw.sendFrame(Opcode.BINARY, PACKET);
  }
  await eventually("all packets are taken", () => rig.forwarded.length === 20);
  await eventually("its place is free", () => rig.server.connections === 0);
});

Deno.test("a client that answers a close frame gets nothing more", async () => {
  await using rig = await ClientsRig.start();
  using older = await rig.connectRaw();
  await logIn(rig, older);
  await using newer = await rig.logIn(1);
  assertEquals(codeOf(await older.frameOf(Opcode.CLOSE)), 4001);
  await older.sendFrame(Opcode.PING);
  await older.sendFrame(Opcode.BINARY, PACKET);
  await older.sendFrame(Opcode.CLOSE, closeWith(4001));
  assertEquals(await older.frame(), null);
  await eventually("its place is free", () => rig.server.connections === 1);
  assertEquals(rig.forwarded.length, 0);
  await newer.request({ type: "hello" });
});

Deno.test("an invalid frame is answered with a close frame that gives the reason", async () => {
  await using rig = await ClientsRig.start();
  const cases: [what: string, frame: Uint8Array<ArrayBuffer>, code: number][] = [
    ["no mask", Uint8Array.of(FIN | Opcode.TEXT, 1, 65), 1002],
    ["a reserved bit", maskedFrame(FIN | 0x40 | Opcode.TEXT, 1), 1002],
    ["a ping of 126 bytes", maskedFrame(FIN | Opcode.PING, 126), 1002],
    ["an unknown opcode", maskedFrame(FIN | 3, 1), 1002],
    ["an unknown control opcode", maskedFrame(FIN | 11, 1), 1002],
    ["a continuation without a beginning", maskedFrame(FIN | Opcode.CONTINUATION, 1), 1002],
    ["a close frame with half a code", maskedFrame(FIN | Opcode.CLOSE, 1), 1002],
    ["text that is not UTF-8", bytes(maskedFrame(FIN | Opcode.TEXT, 2, 0), Uint8Array.of(0xc3, 0x28)), 1007],
    ["a request that is too big", maskedFrame(FIN | Opcode.TEXT, 5000), 1009],
  ];
  for (const isLoggedIn of [false, true]) {
    await Promise.all(cases.map(async ([what, frame, code], n) => {
      using raw = await rig.connectRaw();
      if (isLoggedIn) await logIn(rig, raw, n);
      await raw.write(frame);
      assertEquals(codeOf(await raw.frameOf(Opcode.CLOSE)), code, what);
      await raw.close();
    }));
    await eventually("their places are free", () => rig.server.connections === 0);
  }
  const counted = (["frames_malformed", "requests_malformed", "requests_too_big"] as const)
    .map((name) => rig.counters.get(name));
  assertEquals(counted, [14, 2, 2]);
});

Deno.test("a WebSocket request may state a content length of 0, and is refused with any body", async () => {
  await using rig = await ClientsRig.start();
  using raw = await rig.connectRaw("content-length: 0");
  await logIn(rig, raw);
  for (const header of ["content-length: 5", "transfer-encoding: chunked"]) {
    await assertRejects(() => rig.connectRaw(header), Error, "HTTP/1.1 400");
  }
});

Deno.test("a silent client is pinged, and closed if it does not respond", async () => {
  await using rig = await ClientsRig.start();
  using clock = new ShiftedClock();
  using raw = await rig.connectRaw();
  await logIn(rig, raw);
  for (const answer of [Opcode.PONG, Opcode.BINARY]) {
    clock.advance(SILENCE);
    const ping = await raw.frameOf(Opcode.PING);
    await raw.sendFrame(answer, ping); // either is a sign of life
    if (answer === Opcode.BINARY) await raw.frameOf(Opcode.TEXT); // it is not a packet
    else {
      await raw.sendFrame(Opcode.PING);
      await raw.frameOf(Opcode.PONG);
    }
  }
  clock.advance(SILENCE);
  await raw.frameOf(Opcode.PING);
  assertEquals(rig.server.online, 1);
  clock.advance(SILENCE);
  assertEquals(codeOf(await raw.frameOf(Opcode.CLOSE)), 1001);
  assertEquals(await raw.frame(), null);
  await eventually("its place is free", () => rig.server.connections === 0);
  assertEquals(rig.counters.get("clients_silent"), 1);
});

Deno.test("a client stays connected although the gateway stood still for longer than a client may be silent", async () => {
  await using rig = await ClientsRig.start();
  using clock = new ShiftedClock();
  using raw = await rig.connectRaw();
  await logIn(rig, raw);
  clock.advance(3 * SILENCE);
  await raw.sendFrame(Opcode.PONG, await raw.frameOf(Opcode.PING));
  await raw.sendFrame(Opcode.PING);
  await raw.frameOf(Opcode.PONG);
  assertEquals([rig.server.online, rig.counters.get("clients_silent")], [1, 0]);
});
