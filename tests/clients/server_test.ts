import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { ClientsServer } from "../../src/clients/server.ts";
import { formatSocketAddress } from "../../src/addresses/socket_address.ts";
import { client, range } from "../mailbox/messages.ts";
import { eventually } from "../support/eventually.ts";
import { LockedDatabase } from "../support/locked_database.ts";
import { ClientsRig } from "./clients_rig.ts";
import { HEAD } from "./front/streams.ts";

Deno.test("a request without an upgrade is told which protocol to use", async () => {
  await using rig = await ClientsRig.start();
  const response = await fetch(`http://${formatSocketAddress(rig.server.address)}/any/path`);
  assertEquals([response.status, response.headers.get("upgrade")], [426, "websocket"]);
  await response.body?.cancel();
});

Deno.test("another version of WebSocket, or another method than GET, is refused with what is right instead", async () => {
  await using rig = await ClientsRig.start();
  const { host: hostname, port } = rig.server.address;
  const answerTo = async (head: string) => {
    using connection = await Deno.connect({ hostname, port });
    await connection.write(new TextEncoder().encode(head));
    const answer = new Uint8Array(1024);
    return new TextDecoder().decode(answer.subarray(0, await connection.read(answer) ?? 0)).toLowerCase();
  };
  const version = /sec-websocket-version: .*\r\n/;
  for (const other of ["sec-websocket-version: 8\r\n", "sec-websocket-version: 13, 8\r\n", ""]) {
    const answer = await answerTo(HEAD.replace(version, other));
    assertMatch(answer, /^http\/1\.1 426 /);
    assertStringIncludes(answer, "sec-websocket-version: 13\r\n");
  }
  for (const method of ["POST", "PUT", "HEAD", "OPTIONS", "BREW"]) {
    for (const more of ["", "content-length: 0\r\n"]) {
      const answer = await answerTo(HEAD.replace("GET", method).replace("host", `${more}host`));
      assertMatch(answer, /^http\/1\.1 405 /);
      assertStringIncludes(answer, "allow: get\r\n");
    }
  }
  assertEquals(rig.server.connections, 0);
});

Deno.test("an invalid upgrade is refused, and affects no other client", async () => {
  await using rig = await ClientsRig.start();
  await using bob = await rig.logIn(1);
  using connection = await Deno.connect({ hostname: rig.server.address.host, port: rig.server.address.port });
  const withoutKey = "GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n" +
    "sec-websocket-version: 13\r\n\r\n";
  await connection.write(new TextEncoder().encode(withoutKey));
  const answer = new Uint8Array(1024);
  await connection.read(answer);
  assertEquals(new TextDecoder().decode(answer).slice(0, 12), "HTTP/1.1 400");
  await rig.store(1, [1]);
  await bob.message();
});

Deno.test("a port in use is an error at once", async () => {
  await using rig = await ClientsRig.start();
  const { server } = rig;
  assertThrows(() => ClientsServer.listen(server.address, {} as never, {} as never), Deno.errors.AddrInUse);
});

Deno.test("when the server closes, all clients are told that it is going away, and nothing keeps running", async () => {
  const rig = await ClientsRig.start();
  await rig.store(1, range(10_000), 975);
  const reading = await rig.logIn(2);
  const guest = await rig.connect();
  const stuck = await rig.connectRaw();
  await stuck.send(rig.authentication(1));
  await eventually("the stuck client is being served", () => rig.counters.get("messages_pushed") > 0);
  await rig[Symbol.asyncDispose]();
  assertEquals((await reading.closed).code, 1001);
  assertEquals((await guest.closed).code, 1001);
  assertEquals(rig.server.online, 0);
  assertEquals(rig.counters.get("client_connections_opened"), rig.counters.get("client_connections_closed"));
  await stuck.readToEnd();
  stuck[Symbol.dispose]();
});

Deno.test("closing waits for a login that is being written", async () => {
  const rig = await ClientsRig.start();
  const someone = await rig.connect();
  let closing: Promise<void>;
  {
    using _slow = new LockedDatabase(rig.ledgerPath);
    someone.send(JSON.stringify(rig.registration(1)));
    someone.send("hello");
    await eventually("the registration has begun", () => rig.registering === 1);
    closing = rig[Symbol.asyncDispose]();
  }
  await closing;
  await someone.closed;
  assertEquals(rig.ledger.has(client(1)), true);
  assertEquals(rig.server.online, 0);
});
