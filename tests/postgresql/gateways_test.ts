import { assert, assertEquals } from "@std/assert";
import type { Config } from "../../src/config/config.ts";
import { databaseOptions } from "../../src/config/database_options.ts";
import { fragments } from "../../src/peap/fragmentation.ts";
import { parseAddress, Peap } from "../../src/peap/mod.ts";
import { provision } from "../../src/postgresql/provision.ts";
import { Server } from "../../src/postgresql/server.ts";
import { DirectoryRig } from "../support/directory_rig.ts";
import { eventually } from "../support/eventually.ts";
import { GatewayRig, NO_DIRECTORY } from "../support/gateway_rig.ts";
import { formatSocketAddress } from "../../src/addresses/socket_address.ts";
import { Operator } from "../support/operator.ts";
import { Postgresql, SKIPPED } from "../support/postgresql.ts";
import { quietPort } from "../support/quiet_port.ts";
import { Relay } from "../support/relay.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import type { TestClient } from "../support/test_client.ts";

const PASSWORD = "a password, with spaces";

Deno.test({
  name: "gateways with one database, over TLS and with a password",
  ignore: SKIPPED,
  fn: async (t) => {
    using folder = new TemporaryFolder();
    const port = quietPort();
    const { cluster, certificate } = await Postgresql.overTls(folder, port);
    await using _ = cluster;
    await provision(await cluster.database(), { user: "mail", database: "mail" }, PASSWORD);
    const passwordFile = folder.file("password");
    Deno.writeTextFileSync(passwordFile, `${PASSWORD}\n`);
    const storage: Config["storage"] = {
      kind: "postgresql",
      url: `postgres://mail@localhost:${port}/mail`,
      passwordFile,
      tls: "verify",
      certificateAuthority: certificate,
    };

    await t.step("a client moves between them and loses nothing", () =>
      // By its address, which its certificate has too.
      clientMoves({ ...storage, url: `postgres://mail@127.0.0.1:${port}/mail` }));

    await t.step("to others they are one gateway, and its client is back at the sibling", async () => {
      await provision(await cluster.database(), { user: "mail", database: "other_mail" }, undefined);
      await areOne({ ...storage, url: `postgres://mail@localhost:${port}/other_mail` });
    });

    await t.step(
      "while the database is away a gateway says so, and clients that are online get their mail",
      async () => {
        await provision(await cluster.database(), { user: "mail", database: "more_mail" }, undefined);
        await survivesWithout(cluster, { ...storage, url: `postgres://mail@localhost:${port}/more_mail` });
      },
    );

    await t.step(
      "an unknown certificate, one of another address, a wrong password and another storage key are refused",
      async () => {
        Deno.writeTextFileSync(folder.file("wrong"), "guess\n");
        const refusals = [
          { change: { certificateAuthority: "" }, reason: /self-signed|UnknownIssuer|certificate/ },
          { change: { url: `postgres://mail@127.0.0.2:${port}/mail` }, reason: /127\.0\.0\.2 is not in the cert/ },
          { change: { passwordFile: folder.file("wrong") }, reason: /password authentication failed for user "mail"$/ },
          { change: {}, reason: /not sealed with this storage key/ },
        ];
        for (const { change, reason } of refusals) {
          const start = GatewayRig.start(NO_DIRECTORY, (config) => Object.assign(config.storage, storage, change));
          const error: Error = await start.then(() => Promise.reject(new Error("it started")), (error) => error);
          assert(reason.test(error.message), error.message);
          assert(!error.message.includes(PASSWORD) && !error.message.includes("guess"), error.message);
        }
      },
    );
  },
});

async function clientMoves(storage: Config["storage"]): Promise<void> {
  await using here = await GatewayRig.start(NO_DIRECTORY, (config) => Object.assign(config.storage, storage));
  await using there = await here.sibling();
  const address = crypto.getRandomValues(new Uint8Array(32));
  const message = (n: number) => new Uint8Array(40).fill(n);
  const seen = new Set<string>();
  const next = async (client: TestClient) =>
    Uint8Array.fromHex(await unseen(seen, async () => (await client.message()).toHex()));

  const first = await here.register(address);
  await eventually("the sibling knows the client", () => there.gateway.ledger.size === 1);
  const packets = [1, 2, 3, 4, 5].map((n) => here.packet(address, message(n)));
  await there.mix(packets[0]!);
  assertEquals(await next(first), message(1)); // through the database and a notification
  await here.mix(packets[1]!);
  assertEquals(await next(first), message(2));
  await eventually("both are confirmed", () => here.gateway.counters.get("messages_confirmed") >= 2);
  await here.gateway.mailbox.flush();
  await using server = new Server(databaseOptions(storage));
  const [row] = await server.run((sql) => sql<{ n: string }[]>`select count(*) as n from nym_gateway.tags`);
  assertEquals(row!.n, "2", "none of them accepts these packets again");

  const cover = here.packet(address, new TextEncoder().encode("The cake is a lie!"));
  await there.mix(cover);
  assertEquals(new TextDecoder().decode(await next(first)), "The cake is a lie!");
  assertEquals([here, there].map(({ gateway }) => gateway.counters.get("covers_pushed")), [1, 0]);
  assertEquals(there.gateway.counters.get("covers_passed"), 1);

  const second = await there.logIn(address);
  await first.closed;
  await here.mix(...packets.slice(2, 4));
  assertEquals([await next(second), await next(second)], [message(3), message(4)]);
  await eventually("both are confirmed", () => there.gateway.counters.get("messages_confirmed") >= 2);
  await there.gateway.mailbox.flush();
  await second[Symbol.asyncDispose]();
  await there.stop();
  await here.mix(packets[4]!);
  await using third = await here.logIn(address);
  assertEquals(await next(third), message(5));
  await there.restart();
  assertEquals(there.gateway.ledger.size, 1);
}

async function survivesWithout(cluster: Postgresql, storage: Config["storage"]): Promise<void> {
  await using rig = await GatewayRig.start(NO_DIRECTORY, (config) => {
    Object.assign(config.storage, storage);
    config.operator.listeningAddress = "127.0.0.1:0";
  });
  const { mailbox, operatorAddress } = rig.gateway;
  const address = crypto.getRandomValues(new Uint8Array(32));
  await using client = await rig.register(address);
  await mailbox.flush();
  await cluster.stop("immediate");
  const message = new Uint8Array(40).fill(1);
  await rig.mix(rig.packet(address, message));
  assertEquals(await client.message(), message);
  await eventually("the failure is known", () => mailbox.failure !== undefined);
  const operator = formatSocketAddress(operatorAddress!);
  const { ready, text } = await new Operator(operator).readiness();
  assert(!ready && /cannot write messages to the database .+only connected clients get new ones/.test(text), text);
  const alive = await fetch(`http://${operator}/healthz`);
  assertEquals([alive.status, (await alive.text()).length > 0], [200, true]);
  await cluster.restart();
  await mailbox.flush();
  assertEquals(mailbox.failure, undefined);
}

/** The next of what has not come before: a database that takes its time, as on a busy machine, may cost repetitions. */
async function unseen(seen: Set<string>, next: () => Promise<string>): Promise<string> {
  for (;;) {
    const each = await next();
    const { size } = seen;
    if (seen.add(each).size > size) return each;
  }
}

async function areOne(storage: Config["storage"]): Promise<void> {
  await using directory = await DirectoryRig.start();
  await using balancer = new Relay({ hostname: "127.0.0.1", port: 1 });
  await using here = await GatewayRig.start(directory.url, ({ clientsEndpoint, gateway, debug, ...config }) => {
    Object.assign(config.storage, storage);
    clientsEndpoint.announceAddress = `ws://127.0.0.1:${balancer.port}`;
    gateway.refuseAddressClash = true;
    debug.presenceSendingDelay = 60_000; // so that the next announcement is the sibling's
  });
  const { counters } = directory.directory;
  await eventually("it is listed", () => directory.topology().gatewayNodes.length === 1);
  const announced = counters.get("announcements_proven");
  await using there = await here.sibling();
  await eventually("the sibling has announced itself", () => counters.get("announcements_proven") > announced);
  assertEquals(directory.topology().gatewayNodes.map(({ clientListener }) => clientListener), [
    `ws://127.0.0.1:${balancer.port}`,
  ]);

  const leadTo = ({ gateway: { clientsAddress: { host, port } } }: GatewayRig) =>
    balancer.target = { hostname: host, port };
  leadTo(here);
  await using peap = await Peap.connect({ directory: directory.url, traffic: "none" });
  const { client } = parseAddress(peap.address);
  const [first, second, third] = ["one", "two", "three"].map((text) =>
    here.packet(client, fragments(new TextEncoder().encode(text)).next().value!)
  ) as [Uint8Array, Uint8Array, Uint8Array];
  const messages = peap[Symbol.asyncIterator]();
  const seen = new Set<string>(); // it may not have acknowledged the first when it loses its gateway
  const next = () => unseen(seen, async () => (await messages.next()).value!.text());
  await here.mix(first);
  assertEquals(await next(), "one");
  leadTo(there);
  balancer.cut(); // as when its gateway is lost
  await there.mix(second);
  await here.mix(third);
  const [two, three] = [await next(), await next()];
  assertEquals(new Set([two, three]), new Set(["two", "three"])); // which came first, the gateways don't know
  assertEquals(there.gateway.counters.get("authentications"), 1);
}
