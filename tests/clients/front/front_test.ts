import { assertEquals } from "@std/assert";
import { Front } from "../../../src/clients/front/front.ts";
import { Counters } from "../../../src/counting/counters.ts";
import type { SocketAddress } from "../../../src/addresses/socket_address.ts";
import { eventually } from "../../support/eventually.ts";
import { Silence } from "../../support/silence.ts";
import { LIMITS } from "../clients_rig.ts";
import { ANSWER, HEAD } from "./streams.ts";

const LOCAL = { hostname: "127.0.0.1", port: 0 };

/** A front with a stand-in for the server behind it. */
class Rig implements AsyncDisposable {
  readonly counters = new Counters();
  readonly #server = Deno.listen(LOCAL);
  readonly #served: Deno.TcpConn[] = [];
  /** the address that the front dials */
  inner = this.served;
  dials = 0;
  readonly front: Front;

  constructor(dialDeadline: number) {
    const inner = () => {
      this.dials++;
      return this.inner;
    };
    const address = { host: LOCAL.hostname, port: 0 };
    this.front = new Front(address, undefined, inner, LIMITS, this.counters.add, dialDeadline);
    this.#serve();
  }

  /** The stand-in's address. */
  get served(): SocketAddress {
    return { host: LOCAL.hostname, port: this.#server.addr.port };
  }

  connect(): Promise<Deno.TcpConn> {
    return Deno.connect({ ...LOCAL, port: this.front.address.port });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    await this.front.close(0);
    for (const connection of this.#served) connection.close();
  }

  async #serve(): Promise<void> {
    try {
      for await (const connection of this.#server) {
        this.#served.push(connection);
        connection.read(new Uint8Array(1000)).then(() => connection.write(ANSWER)).catch(() => {});
      }
    } catch {
      // It is closed.
    }
  }
}

/** Whether a request on the connection is answered. */
async function isServed(connection: Deno.TcpConn): Promise<boolean> {
  await connection.write(new TextEncoder().encode(HEAD)).catch(() => {});
  return await connection.read(new Uint8Array(1000)).catch(() => null) !== null;
}

Deno.test("the front counts failed dials and is cut off until it reaches the server again", async () => {
  using _silence = new Silence();
  await using rig = new Rig(5000);
  const gone = Deno.listen(LOCAL);
  gone.close();
  for (const [inner, errors] of [[rig.served, 0], [{ host: LOCAL.hostname, port: gone.addr.port }, 1]] as const) {
    rig.inner = inner;
    using connection = await rig.connect();
    assertEquals(await isServed(connection), errors === 0);
    assertEquals([rig.counters.get("inner_dial_errors"), rig.front.isCutOff], [errors, errors > 0]);
  }
  rig.inner = rig.served;
  using again = await rig.connect();
  assertEquals([await isServed(again), rig.front.isCutOff], [true, false]);
});

Deno.test("a client that the front cannot connect to the server delays no other, and ends by the deadline", async () => {
  using _silence = new Silence();
  await using rig = new Rig(1000);
  // With a full backlog it accepts nobody.
  using full = Deno.listen({ ...LOCAL, tcpBacklog: 1 });
  const crowd: Deno.TcpConn[] = [];
  for (let isRoom = true; isRoom;) {
    const signal = AbortSignal.timeout(100);
    isRoom = await Deno.connect({ ...LOCAL, port: full.addr.port, signal })
      .then((connection) => crowd.push(connection) > 0, () => false);
  }
  rig.inner = { host: LOCAL.hostname, port: full.addr.port };
  using stuck = await rig.connect();
  await eventually("the front dials", () => rig.dials === 1);
  rig.inner = rig.served;
  using next = await rig.connect();
  assertEquals([await isServed(next), rig.counters.get("inner_dial_errors")], [true, 0]);
  assertEquals([await isServed(stuck), rig.counters.get("inner_dial_errors")], [false, 1]);
  for (const connection of crowd) connection.close();
});
