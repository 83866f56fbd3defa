import { assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { GatewayRig, NO_DIRECTORY } from "../support/gateway_rig.ts";
import { Postgresql, SKIPPED } from "../support/postgresql.ts";

Deno.test({
  name: "two gateways with one database: a client moves between them and loses nothing",
  ignore: SKIPPED,
  fn: async () => {
    await using cluster = await Postgresql.start();
    const { hosts: [socket], user, database } = await cluster.database();
    const url = `postgres://${user}@${encodeURIComponent(socket!.host)}/${database}`;
    await using here = await GatewayRig.start(NO_DIRECTORY, (config) => {
      Object.assign(config.storage, { kind: "postgresql", url });
    });
    await using there = await here.sibling();
    const address = crypto.getRandomValues(new Uint8Array(32));
    const message = (n: number) => new Uint8Array(40).fill(n);

    const first = await here.register(address);
    await eventually("the sibling knows the client", () => there.gateway.ledger.size === 1);
    const packets = [1, 2, 3, 4, 5, 6].map((n) => here.packet(address, message(n)));
    await there.mix(packets[0]!);
    assertEquals(await first.message(), message(1)); // through the database and a notification
    await here.mix(packets[0]!); // a replay
    await here.mix(packets[1]!);
    assertEquals(await first.message(), message(2));
    await eventually(
      "the replay is dropped",
      () => here.gateway.counters.get("packets_dropped_replayed") === 1,
    );

    await eventually("both are confirmed", () => here.gateway.counters.get("messages_confirmed") === 2);
    await here.gateway.mailbox.flush();

    const second = await there.logIn(address);
    await first.closed;
    await here.mix(...packets.slice(2, 4));
    assertEquals((await second.messages(2)).map((message) => message[0]), [3, 4]);
    await eventually("both are confirmed", () => there.gateway.counters.get("messages_confirmed") >= 2);
    await there.gateway.mailbox.flush();
    await second[Symbol.asyncDispose]();
    await there.stop();
    await here.mix(packets[4]!);
    const third = await here.logIn(address);
    assertEquals(await third.message(), message(5));
    await third[Symbol.asyncDispose]();
    await there.restart();
    assertEquals(there.gateway.ledger.size, 1);
  },
});
