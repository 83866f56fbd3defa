import { assertEquals } from "@std/assert";
import { once } from "node:events";
import { connect } from "node:net";
import { Accepting } from "../../src/limits/accepting.ts";
import { Descriptors } from "../../src/limits/descriptors.ts";
import { many } from "../hostile/besieged.ts";
import { eventually } from "../support/eventually.ts";

/** An `Accepting`, with its reported failures: whether each was the first in a row. */
class Rig {
  readonly failures: boolean[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  /** whether descriptors are free */
  hasDescriptors = true;
  readonly accepting = new Accepting(
    this.#listener,
    (_, isFirst) => this.failures.push(isFirst),
    new Descriptors((most) => this.hasDescriptors ? most : 0),
  );

  connect(): Promise<Deno.TcpConn> {
    return Deno.connect({ hostname: "127.0.0.1", port: this.#listener.addr.port });
  }

  /** Connects, and resets the connection. */
  async reset(): Promise<void> {
    const socket = connect({ host: "127.0.0.1", port: this.#listener.addr.port });
    await once(socket, "connect");
    socket.resetAndDestroy();
    await once(socket, "close");
  }
}

Deno.test("a connection that arrives while descriptors run short waits until some are free", async () => {
  const rig = new Rig();
  const { accepting, failures } = rig;
  const next = accepting.next(); // while some are free
  rig.hasDescriptors = false;
  const comer = await rig.connect();
  await eventually("it retries", () => failures.length > 1);
  assertEquals([accepting.succeeds, failures.slice(0, 2)], [false, [true, false]]);
  rig.hasDescriptors = true;
  const accepted = await next;
  assertEquals([accepted?.remoteAddr, accepting.succeeds], [comer.localAddr, true]);
  accepting.stop();
  assertEquals([await accepting.next(), accepting.succeeds], [undefined, false]);
  for (const connection of [comer, accepted]) connection?.close();
});

Deno.test("stopping does not wait for descriptors, and closes a connection that does", async () => {
  const rig = new Rig();
  rig.hasDescriptors = false;
  const next = rig.accepting.next();
  using comer = await rig.connect();
  await eventually("it waits", () => rig.failures.length > 0);
  rig.accepting.stop();
  assertEquals([await next, await comer.read(new Uint8Array(1))], [undefined, null]);
});

Deno.test("connections that were reset before they could be accepted hold up nobody", async () => {
  const rig = new Rig();
  for (let waves = many(1, 5000); waves > 0; waves--) {
    for (let i = 0; i < 20; i++) await rig.reset();
    using comer = await rig.connect();
    for (;;) {
      using accepted = (await rig.accepting.next())!; // some systems accept what has been reset
      const { port } = accepted.remoteAddr;
      if (port === comer.localAddr.port) break;
    }
  }
  assertEquals(rig.failures, []);
  rig.accepting.stop();
});
