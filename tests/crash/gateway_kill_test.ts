import { assert, assertEquals } from "@std/assert";
import { decodeBase58, encodeBase58 } from "../../src/encoding/base58.ts";
import { frame } from "../../src/mixnet/frames.ts";
import { parseSocketAddress } from "../../src/addresses/socket_address.ts";
import { Server, type Sql } from "../../src/postgresql/server.ts";
import { PacketFactory } from "../bench/load/packet_factory.ts";
import { range } from "../mailbox/messages.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { NO_DIRECTORY } from "../support/gateway_rig.ts";
import { LongRun } from "../support/long_run.ts";
import { randomClientAddress } from "../support/packets.ts";
import { Postgresql, SKIPPED } from "../support/postgresql.ts";
import { Random } from "../support/random.ts";
import { freePort } from "../support/reference_network.ts";
import { TestClient } from "../support/test_client.ts";
import { messageOf } from "./account.ts";

/** Kills of a complete gateway, with each store; 150 in the long form. */
const KILLS = Number(Deno.env.get("CRASH_GATEWAY_KILLS") ?? 2);
const SEED = Number(Deno.env.get("CRASH_SEED") ?? 20_260_101);

/** Packets for each client on their way when it is killed. */
const LOAD = 100;
/** Clients that register just before a kill and must not be forgotten. */
const NEWCOMERS = 5;
/** ms for received messages to be written */
const PATIENCE = 30_000;
/** the longest time from the first of them to the kill, in ms */
const MAX_DELAY = 250;

/** A client across its connections, and what it knows about its inbox. */
class Recipient {
  readonly address = randomClientAddress();
  sent = 0;
  /** received but not acknowledged: they must be pushed again if they are certain to be on the disk */
  owed: number[] = [];
  /** acknowledged, and certain to be removed from the disk: they must not be pushed again */
  readonly settled = new Set<number>();
  acknowledged: number[] = [];
  received = 0;
  again = 0;
  connection!: TestClient;
  #token: string | undefined;
  #frames: number[] = [];
  readonly #seen = new Set<number>();

  constructor(readonly index: number) {}

  async connect(gateway: GatewayProcess): Promise<void> {
    this.connection = await TestClient.connect(parseSocketAddress(gateway.clients)!);
    this.#frames = [];
    // Otherwise everything that it has read would count as delivered.
    const login = { address: encodeBase58(this.address), acknowledgements: true };
    if (this.#token === undefined) {
      const answer = await this.connection.request({ type: "register", ...login }) as { token: string };
      this.#token = answer.token;
    } else {
      const answer = await this.connection.request({ type: "authenticate", ...login, token: this.#token });
      assertEquals((answer as { status: boolean }).status, true);
    }
  }

  /** Receives messages up to this number, which follows everything stored before. */
  async receiveThrough(number: number): Promise<void> {
    while (this.#frames.at(-1) !== number) this.#take(await this.connection.message());
    const came = new Set(this.#frames);
    assertEquals(this.owed.filter((each) => !came.has(each)), [], "lost although stored");
    this.owed = [...this.#frames];
  }

  /** Acknowledges everything. The answer to the second request shows that the first one was processed. */
  async acknowledge(): Promise<void> {
    this.connection.send(JSON.stringify({ type: "received", frames: this.#frames.length }));
    assertEquals((await this.connection.request("nonsense") as { type: string }).type, "error");
    this.acknowledged = this.owed;
    this.owed = [];
  }

  /** After a kill: receives what the gateway had already sent. */
  async left(): Promise<void> {
    await this.connection.closed;
    // Messages pushed just before the kill may not have been written, so they may or may not be pushed again.
    for (const each of this.connection.unread) this.#take(each as Uint8Array);
  }

  /** Everything acknowledged has been removed from the disk. */
  settle(): void {
    for (const number of this.acknowledged) this.settled.add(number);
    this.acknowledged = [];
  }

  #take(message: Uint8Array): void {
    const number = new DataView(message.buffer, message.byteOffset).getUint32(0);
    assertEquals(message.toHex(), messageOf(this.index, number).toHex(), "torn");
    assert(number > (this.#frames.at(-1) ?? 0), `${number} after ${this.#frames.at(-1)}`);
    assert(!this.settled.has(number), `${number} is back`);
    this.#frames.push(number);
    this.received++;
    if (this.#seen.has(number)) this.again++;
    this.#seen.add(number);
  }
}

/** Where a gateway has its mail. */
interface Store {
  /** the number of messages that are certain to be kept */
  stored(): Promise<number>;
  /** how many may still commit something of a gateway that was killed */
  sessions(): Promise<number>;
}

/** Resolves when what `look` says has come to `count`. */
async function comesTo(count: number, what: string, look: () => Promise<number>): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  for (let found = await look(); found !== count; found = await look()) {
    if (performance.now() > deadline) throw new Error(`${found} ${what}, not ${count}`);
  }
}

Deno.test(`a complete gateway loses nothing in ${KILLS} kills, and brings nothing back`, async () => {
  await using gateway = await GatewayProcess.init("ours", freePort(), freePort(), NO_DIRECTORY);
  await killAgainAndAgain(gateway, { stored: () => gateway.stored(), sessions: () => Promise.resolve(0) });
});

Deno.test({
  name: `nor does one with its mail in PostgreSQL, in as many`,
  ignore: SKIPPED,
  fn: async () => {
    await using cluster = await Postgresql.start();
    const options = await cluster.database();
    await using gateway = await GatewayProcess.init("ours", freePort(), freePort(), NO_DIRECTORY);
    gateway.environment = { PGAPPNAME: "killed" };
    gateway.configure(({ storage }) => {
      const { host, port } = options.hosts[0]!;
      storage.kind = "postgresql";
      storage.url = `postgres://${options.user}@${encodeURIComponent(host)}:${port}/${options.database}`;
    });
    await using server = new Server(options);
    const ask = async (question: (sql: Sql) => Promise<{ n: string }[]>) => Number((await server.run(question))[0]!.n);
    await killAgainAndAgain(gateway, {
      stored: () => ask((sql) => sql`select coalesce(sum(messages), 0) as n from nym_gateway.chunks`),
      sessions: () => ask((sql) => sql`select count(*) as n from pg_stat_activity where application_name = 'killed'`),
    });
  },
});

async function killAgainAndAgain(gateway: GatewayProcess, store: Store): Promise<void> {
  const run = new LongRun("kills of the whole gateway", KILLS);
  const random = new Random(SEED);
  const recipients = range(2).map((index) => new Recipient(index));
  const [, acknowledging] = recipients;
  const mixnet = parseSocketAddress(gateway.mixnet)!;
  let factory: PacketFactory | undefined;
  let newcomer: Recipient | undefined;
  /** messages of earlier newcomers */
  let kept = 0;

  function packetsFor(recipient: Recipient, count: number): Uint8Array[] {
    return range(count, recipient.sent + 1).map((number) =>
      factory!.build(recipient.address, messageOf(recipient.index, recipient.sent = number))
    );
  }

  for (let kill = 1; kill <= KILLS; kill++) {
    await gateway.start();
    factory ??= new PacketFactory(decodeBase58(gateway.publicKey)!);
    for (const recipient of recipients) await recipient.connect(gateway);
    // Before it connects again, which would register it.
    const unseen = newcomer === undefined ? [] : packetsFor(newcomer, 1);
    const markers = recipients.flatMap((recipient) => packetsFor(recipient, 1));
    const load = range(LOAD).flatMap(() => recipients.flatMap((recipient) => packetsFor(recipient, 1)));
    using connection = await Deno.connect({ hostname: mixnet.host, port: mixnet.port });
    await connection.write(frame(...unseen, ...markers));
    for (const recipient of recipients) await recipient.receiveThrough(recipient.sent - LOAD);
    for (const recipient of recipients) {
      if (recipient === acknowledging || random.oneIn(4)) await recipient.acknowledge();
    }
    await newcomer?.connect(gateway);
    await newcomer?.receiveThrough(1);
    await newcomer?.connection[Symbol.asyncDispose]();
    if (newcomer !== undefined) kept++; // it never acknowledges
    const owed = recipients.reduce((sum, recipient) => sum + recipient.owed.length, kept);
    await comesTo(owed, "messages are kept", store.stored); // received messages are written, and acknowledged ones removed
    for (const recipient of recipients) recipient.settle();
    if (kill <= NEWCOMERS) {
      newcomer = new Recipient(recipients.length);
      await newcomer.connect(gateway);
    } else newcomer = undefined;
    const frames = frame(...load);
    const sending = connection.write(frames).catch(() => 0);
    await new Promise((resolve) => setTimeout(resolve, random.between(0, MAX_DELAY)));
    await gateway.stop("SIGKILL");
    await sending;
    for (const recipient of recipients) await recipient.left();
    await newcomer?.left();
    await comesTo(0, "sessions are left", store.sessions);
    run.reached(kill);
  }
  const sum = (figure: (recipient: Recipient) => number) => recipients.reduce((total, each) => total + figure(each), 0);
  run.end(
    `${KILLS} kills, ${sum(({ sent }) => sent)} messages sent, ${sum(({ received }) => received)} received, ` +
      `${sum(({ again }) => again)} more than once, ${sum(({ settled }) => settled.size)} certain to be removed`,
  );
  assert(sum(({ received }) => received) >= KILLS);
}
