import { assertEquals } from "@std/assert";
import { clientIdFromBase58, clientIdToBase58 } from "../../src/mailbox/client_id.ts";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { client, range } from "../mailbox/messages.ts";
import { BrokenDatabase } from "../support/broken_database.ts";
import { LockedDatabase } from "../support/locked_database.ts";
import { Silence } from "../support/silence.ts";
import { sphinxVectors } from "../support/vectors.ts";
import { Opcode } from "../bench/load/websocket_frames.ts";
import { ClientsRig } from "./clients_rig.ts";

const error = (message: string) => ({ type: "error", message });
const authenticated = { type: "authenticate", status: true, acknowledgements: true };

Deno.test("a client registers, and gets the same token as from 0.7.0", async () => {
  for (const { gateway_private_key, client_address, token } of sphinxVectors().tokens.slice(0, 3)) {
    await using rig = await ClientsRig.start({ privateKey: Uint8Array.fromHex(gateway_private_key) });
    await using someone = await rig.connect();
    const answer = await someone.request({ type: "register", address: client_address });
    assertEquals(answer, { type: "register", token, acknowledgements: true });
    assertEquals(rig.ledger.has(clientIdFromBase58(client_address)!), true);
    assertEquals(rig.server.online, 1);
    assertEquals(await someone.request({ type: "register", address: client_address }), error("invalid request"));
    await using again = await rig.connect();
    assertEquals(await again.request({ type: "authenticate", address: client_address, token }), authenticated);
  }
});

Deno.test("a wrong token is refused, and the client may try again", async () => {
  await using rig = await ClientsRig.start();
  await using someone = await rig.connect();
  const wrong = { ...rig.authentication(1), token: rig.authentication(2).token };
  for (const _ of range(3)) assertEquals(await someone.request(wrong), { type: "authenticate", status: false });
  assertEquals([rig.server.online, rig.ledger.size], [0, 0]);
  assertEquals(await someone.request(rig.authentication(1)), authenticated);
  assertEquals(rig.server.online, 1);
});

Deno.test("a client that the ledger does not know can log in with a valid token, and is then in the ledger", async () => {
  await using rig = await ClientsRig.start();
  await using _someone = await rig.logIn(1);
  assertEquals(rig.ledger.has(client(1)), true);
});

Deno.test("malformed requests are answered with the error texts of 0.7.0, and the connection stays open", async () => {
  await using rig = await ClientsRig.start();
  await using someone = await rig.connect();
  const { address } = rig.registration(1);
  assertEquals(await someone.request({ type: "register", address: "0" }), error("malformed destination address"));
  assertEquals(
    await someone.request({ type: "authenticate", address, token: "0" }),
    error("malformed authentication token"),
  );
  assertEquals(await someone.request({ type: "send" }), error("malformed request"));
  someone.send("not JSON");
  assertEquals(await someone.answer(), error("malformed request"));
  someone.send(new Uint8Array(1379));
  assertEquals(await someone.answer(), error("binary request without prior authentication"));
  assertEquals(await someone.request(rig.authentication(1)), authenticated);
});

Deno.test("nobody else can register a registered address, or get its messages by trying", async () => {
  await using rig = await ClientsRig.start();
  await using owner = await rig.connect();
  await owner.request(rig.registration(1));
  await using stranger = await rig.connect();
  assertEquals(await stranger.request(rig.registration(1)), error("client is already registered"));
  await rig.store(1, [1]);
  await owner.message();
  assertEquals(stranger.unread, []);
});

Deno.test("with allow_re_registration anybody can register it again, as in 0.7.0", async () => {
  await using rig = await ClientsRig.start({ allowReRegistration: true });
  await using first = await rig.connect();
  const answer = await first.request(rig.registration(1));
  await using second = await rig.connect();
  assertEquals(await second.request(rig.registration(1)), answer);
});

Deno.test("when several clients register an address at the same time, exactly one succeeds", async () => {
  await using rig = await ClientsRig.start();
  const clients = await Promise.all(range(12).map(() => rig.connect()));
  const answers = await Promise.all(clients.map((client) => client.request(rig.registration(1))));
  assertEquals(answers.filter((answer) => (answer as { type: string }).type === "register").length, 1);
  const refused = answers.filter((answer) => (answer as { type: string }).type === "error");
  assertEquals(refused, range(11).map(() => error("client is already registered")));
  for (const client of clients) await client[Symbol.asyncDispose]();
});

Deno.test("frames that arrive while a login is written are handled after it, in order", async () => {
  await using rig = await ClientsRig.start();
  await using someone = await rig.connect();
  someone.send(JSON.stringify(rig.registration(1)));
  someone.send("hello");
  someone.send(new Uint8Array(3));
  assertEquals((await someone.answer() as { type: string }).type, "register");
  assertEquals(await someone.answer(), error("invalid request"));
  assertEquals(await someone.answer(), error("address field was incorrectly encoded"));
});

Deno.test("a client that keeps sending before its login is answered is cut off", async () => {
  await using rig = await ClientsRig.start();
  await using someone = await rig.connect();
  using _slow = new LockedDatabase(rig.ledgerPath);
  someone.send(JSON.stringify(rig.registration(1)));
  for (const _ of range(200)) someone.send("hello");
  await someone.closed; // with a reset, because it keeps sending
  assertEquals(rig.counters.get("client_connections_closed"), 1);
});

Deno.test("a login that cannot be written is an error, and the client may try again", async () => {
  using _silence = new Silence();
  await using rig = await ClientsRig.start();
  await using someone = await rig.connect();
  {
    using _full = new BrokenDatabase(rig.ledgerPath);
    assertEquals(await someone.request(rig.registration(1)), error("unexpected failure"));
    assertEquals(rig.ledger.has(client(1)), false);
  }
  assertEquals((await someone.request(rig.registration(1)) as { type: string }).type, "register");
});

Deno.test("a client that does not log in by the deadline is cut off, and one that has logged in is not", async () => {
  await using rig = await ClientsRig.start({}, { loginDeadline: 100 });
  await using member = await rig.logIn(1);
  await using stranger = await rig.connect();
  stranger.send("hello"); // a request, but not a login
  const { code, reason } = await stranger.closed;
  assertEquals({ code, reason }, { code: 1008, reason: "no login in time" });
  await rig.store(1, [1]);
  await member.message();
  assertEquals(rig.counters.get("logins_timed_out"), 1);
});

Deno.test("a text or binary request over 4 KiB is answered with an error and ends the connection", async () => {
  await using rig = await ClientsRig.start();
  const tooBig = error("a request may have 4096 bytes, this one has more");
  for (const frame of ["x".repeat(4097), new Uint8Array(4097), new Uint8Array(60_000)]) {
    await using stranger = await rig.connect();
    stranger.send(frame);
    assertEquals(await stranger.answer(), tooBig);
    assertEquals((await stranger.closed).code, 1009);
    await using member = await rig.logIn(1);
    member.send(frame);
    assertEquals(await member.answer(), tooBig);
    assertEquals((await member.closed).code, 1009);
  }
});

Deno.test("a newer login closes the older one, and a refused one does not", async () => {
  await using rig = await ClientsRig.start();
  using older = await rig.connectRaw(); // answers no ping
  await older.send(rig.authentication(1));
  await older.frameOf(Opcode.TEXT);
  await using stranger = await rig.connect();
  await stranger.request({ ...rig.authentication(1), token: encodeBase58(new Uint8Array(32)) });
  await rig.store(1, [1]);
  await older.messages(1);
  await using newer = await rig.logIn(1);
  const closing = await older.frameOf(Opcode.CLOSE);
  assertEquals(new DataView(closing.buffer).getUint16(0), 4001);
  assertEquals(new TextDecoder().decode(closing.subarray(2)), "logged in elsewhere");
  assertEquals(rig.server.online, 1);
  assertEquals((await newer.message()).length, 40); // the older login had not confirmed it
  assertEquals(clientIdToBase58(client(1)), rig.registration(1).address);
});
