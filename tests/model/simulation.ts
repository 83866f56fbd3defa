import { encodeBase58 } from "../../src/encoding/base58.ts";
import { Connection, type ConnectionContext } from "../../src/clients/connection.ts";
import { Admission } from "../../src/clients/admission.ts";
import { deriveToken } from "../../src/clients/token.ts";
import { publicKeyOf } from "../../src/sphinx/curve.ts";
import { addressOf, type ClientId, clientIdToBase58 } from "../../src/mailbox/client_id.ts";
import { type MailboxLimits, NO_LIMITS } from "../../src/mailbox/limits.ts";
import { Mailbox } from "../../src/mailbox/mailbox.ts";
import { Counters } from "../../src/counting/counters.ts";
import { requireCovered } from "../mailbox/covered.ts";
import { client, range } from "../mailbox/messages.ts";
import type { Random } from "../support/random.ts";
import { testSealer } from "../support/sealer.ts";
import { Recipient } from "./recipient.ts";
import type { SimulatedDatabase } from "./simulated_database.ts";
import { MAX_LATENCY } from "./simulated_link.ts";
import { turn, type VirtualTime } from "./virtual_time.ts";

const CLIENTS = 3;
/** In some histories: so many that messages for those that are away share the journal's pages, too. */
const MANY_CLIENTS = 20;
const OPERATIONS = 30;
/** ms between two checks of the clients' server on its connections */
const TICK = 250;
/** The most steps in which time passes; otherwise a minute would take 240. */
const MAX_STEPS = 12;
/** Turns of the event loop without an event, after which nothing more will happen. */
const QUIET_TURNS = 2;
/** ms for a client to receive a full inbox, little of which fits into the buffers of its connection. */
const ALL_TAKEN = 12_000;
/** ms after which everything pushed is confirmed if the client is connected, because it answers pings. */
const ALL_CONFIRMED = 20_000;

/** ms until messages have arrived that do not leave the journal meanwhile */
const SOON = 1000;

/** Small, so that clients are slow now and then. */
const SLOW_CLIENT_BYTES = 50_000;
/** ms after which a failed commit has been retried. */
const RETRIED = 10_000;
/** In some histories: the time to live in ms, and the limit of an inbox. */
const TIME_TO_LIVE = 90_000;
const INBOX_MESSAGES = 40;

const PRIVATE_KEY = new Uint8Array(32).fill(1);
const PUBLIC_KEY = publicKeyOf(PRIVATE_KEY);
const ADMISSION = { registrationsPerHour: 1, registrationsPerHourPerNetwork: 1, wrongTokensPerHourPerNetwork: 1 };
const IDS = range(MANY_CLIENTS).map(client);
const LOGINS = IDS.map((id) =>
  JSON.stringify({
    type: "authenticate",
    address: clientIdToBase58(id),
    token: encodeBase58(deriveToken(PRIVATE_KEY, addressOf(id))),
  })
);
const JUNK = "junk";
const sealer = testSealer();

/** One history of a gateway's mailbox and its clients' sessions, determined by `random`. */
export class Simulation {
  readonly #limits: MailboxLimits;
  readonly recipients: readonly Recipient[];
  /** of the mailbox, across its restarts */
  readonly counters = new Counters();
  /** the events, for people */
  readonly story: string[] = [];
  readonly #connections = new Set<Connection>();
  readonly #online = new Map<ClientId, Connection>();
  #mailbox!: Mailbox;
  #epoch = 0;

  constructor(
    private readonly random: Random,
    private readonly database: SimulatedDatabase,
    private readonly time: VirtualTime,
  ) {
    const timeToLive = random.pick([Infinity, TIME_TO_LIVE]);
    const inboxMessages = random.pick([Infinity, INBOX_MESSAGES]);
    this.#limits = { ...NO_LIMITS, timeToLive, inboxMessages };
    const clients = random.oneIn(20) ? MANY_CLIENTS : CLIENTS;
    this.recipients = range(clients).map(() => new Recipient(random.oneIn(2), this.#limits));
  }

  /** Runs the history. Throws an Error if the gateway does something it must not. */
  async run(): Promise<void> {
    await this.#start();
    for (let i = 0; i < OPERATIONS; i++) {
      await this.#operate();
      await this.#settle();
    }
    await this.#end();
  }

  async #start(): Promise<void> {
    const sync = () => Promise.resolve();
    const disk = { isBelow: () => false };
    const kv = this.database.open();
    await requireCovered(kv);
    this.#mailbox = await Mailbox.over(kv, sealer, this.counters.add, () => {}, sync, this.#limits, disk);
  }

  async #operate(): Promise<void> {
    const { random } = this;
    const index = random.below(this.recipients.length);
    const recipient = this.recipients[index]!;
    const { link } = recipient;
    const choice = random.below(100);
    if (choice < 20) this.#store(index, random.oneIn(60) ? 300 : random.between(1, 8));
    else if (choice < 25) { for (const each of this.recipients.keys()) this.#store(each, random.between(1, 2)); }
    else if (choice < 40) this.#connect(index);
    else if (choice < 60) await this.#pass(random.pick([100, 400, 1000, 1000, 2500, 2500, 20_000, 65_000]));
    else if (choice < 70) {
      if (recipient.acknowledges) {
        this.#tell(`${index} acknowledges`, () => recipient.acknowledge(random.below(101) / 100));
      } else this.#tell(`${index} sends a frame`, () => link?.clientSends(JUNK));
    } else if (choice < 74) this.#tell(`${index} leaves`, () => link?.clientCloses());
    else if (choice < 78) this.#tell(`${index} is reset`, () => link?.reset(random.oneIn(2)));
    else if (choice < 80) this.#tell(`${index} is cut off`, () => link && (link.cut = true));
    else if (choice < 82) this.#tell(`${index} stalls`, () => link && (link.stalled = true));
    else if (choice < 84) this.#tell(`${index} continues to read`, () => link && (link.stalled = false));
    else if (choice < 86) this.#tell("commits are slow", () => this.database.weather = random.pick(["slow", "late"]));
    else if (choice < 88) this.#tell("commits fail", () => this.database.weather = "failing");
    else if (choice < 92) this.#tell("commits work", () => this.database.release());
    else if (choice < 95) await this.#flush();
    else if (choice < 96) await this.#beBrisk(index);
    else if (choice < 97) await this.#sharePages();
    else if (choice < 98) await this.#crash();
    else await this.#restart();
  }

  #tell(event: string, act: () => unknown): void {
    this.story.push(event);
    act();
  }

  #store(index: number, count: number): void {
    this.story.push(`${count} messages for ${index}`);
    const size = this.random.between(4, 975);
    const recipient = this.recipients[index]!;
    const now = this.time.now;
    for (let i = 0; i < count; i++) {
      const taken = this.#mailbox.store(IDS[index]!, recipient.message(size));
      recipient.sentOne(taken, now, this.#mailbox.isCounting);
    }
  }

  /** The client receives messages before they are on the disk and confirms them; then the gateway crashes. */
  async #beBrisk(index: number): Promise<void> {
    const { random, database } = this;
    this.#connect(index);
    await this.#pass(ALL_TAKEN);
    this.#tell("commits are slow", () => database.weather = "slow");
    this.#store(index, random.between(1, 3)); // their commit is in progress
    await this.#settle();
    for (const each of random.pick([[index], this.recipients.keys()])) this.#store(each, random.between(1, 8));
    await this.#pass(ALL_TAKEN);
    if (this.recipients[index]!.acknowledges) {
      this.#tell(`${index} acknowledges`, () => this.recipients[index]!.acknowledge(1));
    }
    this.#tell("commits work", () => database.release());
    await this.#pass(TICK);
    if (random.oneIn(2)) await this.#crash();
    this.#store(index, random.between(1, 8));
  }

  /** Some clients confirm messages soon that share pages of the journal with others; then the gateway may crash. */
  async #sharePages(): Promise<void> {
    const { random, recipients } = this;
    this.#tell("commits work", () => this.database.release());
    for (const each of recipients.keys()) this.#connect(each, SOON);
    await this.#pass(ALL_TAKEN);
    for (const _ of range(random.between(1, 3))) {
      for (const each of recipients.keys()) this.#store(each, random.between(1, 3));
      await this.#flush();
    }
    await this.#pass(SOON);
    for (const each of recipients) if (each.acknowledges) each.acknowledge(random.below(101) / 100);
    const index = random.below(recipients.length);
    if (random.oneIn(2)) this.#tell(`${index} leaves`, () => recipients[index]!.link?.clientCloses());
    await this.#settle();
    this.#store(index, 1); // if it has left, this takes its messages out of the journal
    await this.#flush();
    this.#connect(index, SOON);
    await this.#pass(SOON);
    if (recipients[index]!.acknowledges) recipients[index]!.acknowledge(1);
    await this.#settle();
    await this.#flush();
    if (random.oneIn(2)) await (random.oneIn(2) ? this.#crash() : this.#restart());
  }

  #connect(index: number, maxLatency = MAX_LATENCY): void {
    const recipient = this.recipients[index]!;
    this.story.push(`${index} connects`);
    const link = recipient.connect(this.random.below(maxLatency), () => this.time.now);
    const connection = new Connection(link, "a network", this.#context());
    link.events = connection.events;
    this.#connections.add(connection);
    link.clientSends(LOGINS[index]!);
    if (recipient.acknowledges) recipient.acknowledge(0);
  }

  #context(): ConnectionContext {
    const epoch = this.#epoch;
    return {
      privateKey: PRIVATE_KEY,
      publicKey: PUBLIC_KEY,
      allowReRegistration: false,
      requireProof: false,
      admission: new Admission(ADMISSION, 0),
      wrongTokenDelay: 0,
      slowClientBytes: SLOW_CLIENT_BYTES,
      lookSoon: () => {}, // it looks all the time
      isRegistered: () => true,
      register: () => Promise.resolve("new"),
      establish: () => Promise.resolve(true),
      openInbox: (id, nudge) => this.#mailbox.openInbox(id, nudge),
      forward: () => "queued",
      loggedIn: (id, connection) => {
        this.#online.get(id)?.close(4001, "logged in elsewhere");
        this.#online.set(id, connection);
        return true;
      },
      ended: (connection) => {
        if (epoch !== this.#epoch) return;
        this.#connections.delete(connection);
        if (this.#online.get(connection.id!) === connection) this.#online.delete(connection.id!);
      },
      count: () => {},
    };
  }

  async #pass(ms: number): Promise<void> {
    this.story.push(`${ms} ms pass`);
    await this.#settle(); // what takes no time comes before the first answer of a client
    const step = Math.max(TICK, ms / MAX_STEPS);
    for (let passed = 0; passed < ms; passed += step) {
      await this.time.advance(Math.min(step, ms - passed), () => this.#settle());
      for (const { link } of this.recipients) link?.flow(this.time.now);
      for (const connection of this.#connections) connection.tick(this.time.now);
      await this.#settle();
    }
  }

  async #flush(): Promise<void> {
    if (this.database.weather !== "fine") return;
    this.story.push("everything is on the disk");
    if (this.#mailbox.failure !== undefined || this.random.oneIn(2)) await this.#pass(RETRIED);
    await this.#mailbox.flush();
    for (const recipient of this.recipients) recipient.answered();
  }

  async #crash(): Promise<void> {
    const arrived = this.random.oneIn(2);
    this.story.push(`the gateway crashes; commits in progress ${arrived ? "reached the disk" : "are lost"}`);
    this.#epoch++;
    this.database.crash(arrived);
    this.time.forget();
    for (const recipient of this.recipients) {
      recipient.link?.abandon(this.random.oneIn(2));
      recipient.gatewayCrashed();
    }
    this.#connections.clear();
    this.#online.clear();
    await this.#start();
  }

  async #restart(): Promise<void> {
    const failures = this.random.oneIn(2) ? this.random.between(1, 3) : 0;
    this.story.push(`the gateway restarts; ${failures} commits fail`);
    this.database.release();
    this.database.failures = failures;
    for (const connection of this.#connections) connection.close(1001, "going away");
    await this.#mailbox[Symbol.asyncDispose]();
    const allWritten = this.database.failures === failures;
    this.database.failures = 0;
    for (const recipient of this.recipients) {
      if (allWritten) recipient.answered();
      else recipient.gatewayCrashed();
      recipient.link?.abandon(this.random.oneIn(2));
    }
    this.#connections.clear();
    this.#online.clear();
    await this.#start();
  }

  /** All clients connect again and stay. They must receive everything owed, and then the disk must be empty. */
  async #end(): Promise<void> {
    this.database.release();
    await this.#flush();
    for (const index of this.recipients.keys()) this.#connect(index);
    await this.#pass(MAX_LATENCY + ALL_TAKEN);
    for (let owed = this.#acknowledgeAll(); owed.length > 0;) {
      const received = this.#received;
      await this.#pass(ALL_TAKEN); // there was more than fits into an inbox
      const left = this.#acknowledgeAll();
      if (this.#received === received) throw new Error(`never received: ${owed.join("; ")}`);
      owed = left;
    }
    await this.#pass(ALL_CONFIRMED);
    await this.#flush();
    const { messages, bytes } = this.#mailbox.totals;
    if (messages !== 0 || bytes !== 0) throw new Error(`${messages} messages, ${bytes} bytes are never removed`);
    this.#fillAll();
    for (const connection of this.#connections) connection.close(1001, "going away");
    await this.#mailbox[Symbol.asyncDispose]();
    this.time.forget();
  }

  /** Clients acknowledge all that they have read. Returns what is still owed, for people. */
  #acknowledgeAll(): string[] {
    return this.recipients.flatMap((recipient, index) => {
      if (recipient.acknowledges) recipient.acknowledge(1);
      const owed = recipient.owedAt(this.time.now);
      return owed.length > 0 ? [`${owed.join(", ")} by ${index}`] : [];
    });
  }

  get #received(): number {
    return this.recipients.reduce((sum, { received }) => sum + received, 0);
  }

  /** Empty inboxes accept as many messages as the limit allows. */
  #fillAll(): void {
    const { inboxMessages } = this.#limits;
    if (inboxMessages === Infinity) return;
    for (const index of this.recipients.keys()) {
      const id = IDS[index]!;
      const taken = range(inboxMessages + 1).filter(() => this.#mailbox.store(id, new Uint8Array(4))).length;
      if (taken !== inboxMessages) throw new Error(`${index}'s empty inbox accepts ${taken} messages`);
    }
  }

  /** Waits until everything that needs no time has happened. */
  async #settle(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS;) {
      const before = this.#events();
      await turn();
      quiet = this.#events() === before ? quiet + 1 : 0;
    }
  }

  #events(): number {
    return this.recipients.reduce((sum, { link }) => sum + (link?.sent ?? 0), this.database.calls);
  }
}
