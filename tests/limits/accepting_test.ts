import { assertEquals } from "@std/assert";
import { Accepting } from "../../src/limits/accepting.ts";
import { eventually } from "../support/eventually.ts";

/** Long enough for what is looked for to be looked for again. */
const LATER = 50;

/** Lets no file be opened, until the end of its scope. */
class NoDescriptors implements Disposable {
  readonly #openSync = Deno.openSync;

  constructor() {
    Deno.openSync = () => {
      throw new Error("Too many open files");
    };
  }

  [Symbol.dispose](): void {
    Deno.openSync = this.#openSync;
  }
}

/** What accepts, and what it has told of failures: whether each was the first in a row. */
class Rig {
  readonly failures: boolean[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly accepting = new Accepting(this.#listener, (_, isFirst) => this.failures.push(isFirst));

  connect(): Promise<Deno.TcpConn> {
    return Deno.connect({ hostname: "127.0.0.1", port: this.#listener.addr.port });
  }
}

Deno.test("who comes long after descriptors have become short waits until some are free; all is well again then", async () => {
  const rig = new Rig();
  const { accepting, failures } = rig;
  const next = accepting.next(); // while there are some
  let comer: Deno.TcpConn;
  {
    using _none = new NoDescriptors();
    await new Promise((resolve) => setTimeout(resolve, LATER));
    assertEquals([accepting.succeeds, failures], [true, []]);
    comer = await rig.connect();
    await eventually("it is tried again", () => failures.length > 1);
    assertEquals([accepting.succeeds, failures.slice(0, 2)], [false, [true, false]]);
  }
  const accepted = await next;
  assertEquals([accepted?.remoteAddr, accepting.succeeds], [comer.localAddr, true]);
  accepting.stop();
  assertEquals([await accepting.next(), accepting.succeeds], [undefined, false]);
  for (const connection of [comer, accepted]) connection?.close();
});

Deno.test("the end does not wait for descriptors, and who waits for them is closed", async () => {
  const rig = new Rig();
  using _none = new NoDescriptors();
  const next = rig.accepting.next();
  using comer = await rig.connect();
  await eventually("it waits", () => rig.failures.length > 0);
  rig.accepting.stop();
  assertEquals([await next, await comer.read(new Uint8Array(1))], [undefined, null]);
});
