import { encodeBase58 } from "../../src/encoding/base58.ts";
import { parseSocketAddress } from "../../src/addresses/socket_address.ts";
import { pause } from "../../src/timing/pause.ts";
import { randomClientAddress } from "../support/packets.ts";
import type { Random } from "../support/random.ts";
import { RawClient } from "../support/raw_client.ts";

/** the longest time that a client stays or is away, in ms */
const STAY = 20_000;
const ABSENCE = 10_000;
/** ms between two acknowledgements */
const SAYING = 1000;
/** One visit in this many reads a byte and vanishes. */
const VANISHING = 6;

/** A client that connects and disconnects, and checks that nothing is missing or out of order. */
export class ChurningClient {
  readonly address = randomClientAddress();
  sent = 0;
  /** all messages up to this number have arrived */
  through = 0;
  again = 0;
  visits = 0;
  /** the first problem, if any */
  fault: string | undefined;
  online = false;
  #token: string | undefined;

  constructor(
    private readonly gateway: string,
    private readonly random: Random,
    private readonly acknowledges: boolean,
  ) {}

  /** Registers, so that its messages are stored. */
  async register(): Promise<void> {
    await this.#visit(new AbortController().signal, () => Promise.resolve());
  }

  /** Connects and disconnects until `signal` is aborted. */
  async live(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(this.random.below(ABSENCE), signal);
      if (this.random.oneIn(VANISHING)) await this.#vanish(signal);
      else await this.#visit(signal, () => pause(this.random.below(STAY), signal));
    }
  }

  /** Connects for the last time and stays until it has everything, at most `ms`. */
  async collect(ms: number): Promise<void> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), ms);
    await this.#visit(late.signal, async () => {
      while (this.through < this.sent && !late.signal.aborted) await pause(20, late.signal);
    });
    clearTimeout(timer);
  }

  async #visit(signal: AbortSignal, stay: () => Promise<void>): Promise<void> {
    this.visits++;
    const socket = new WebSocket(`ws://${this.gateway}`);
    socket.binaryType = "arraybuffer";
    const closed = new Promise<void>((resolve) => socket.onclose = () => resolve());
    const answered = Promise.withResolvers<Record<string, unknown>>();
    let frames = 0;
    let last = 0;
    socket.onopen = () => socket.send(this.#login());
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") return answered.resolve(JSON.parse(data));
      frames++;
      last = this.#take(new DataView(data).getUint32(0), last);
    };
    const answer = await Promise.race([answered.promise, closed.then(() => undefined)]);
    if (answer === undefined) {
      await pause(1000, signal);
      return;
    }
    if (typeof answer["token"] === "string") this.#token = answer["token"];
    else if (answer["status"] !== true) this.fault ??= `a login was answered with ${JSON.stringify(answer)}`;
    this.online = true;
    const speaking = setInterval(() => {
      if (!this.acknowledges || socket.readyState !== WebSocket.OPEN) return;
      socket.send(JSON.stringify({ type: "received", frames }));
    }, SAYING);
    await Promise.race([stay(), closed]);
    clearInterval(speaking);
    this.online = false;
    socket.close();
    await closed;
  }

  /** Connects, reads almost nothing, and resets the connection. */
  async #vanish(signal: AbortSignal): Promise<void> {
    this.visits++;
    try {
      using raw = await RawClient.connect(parseSocketAddress(this.gateway)!);
      await raw.send(JSON.parse(this.#login()));
      await raw.frameArrived();
      await pause(this.random.below(1000), signal);
    } catch {
      await pause(1000, signal); // it could not connect; the next visit shows whether that lasts
    }
  }

  #login(): string {
    const address = encodeBase58(this.address);
    const login = this.#token === undefined
      ? { type: "register", address }
      : { type: "authenticate", address, token: this.#token };
    return JSON.stringify({ ...login, acknowledgements: this.acknowledges });
  }

  #take(number: number, last: number): number {
    if (number <= last) this.fault ??= `${number} arrived after ${last} on one connection`;
    if (number > this.through + 1) {
      this.fault ??= `${number - this.through - 1} messages after ${this.through} are missing`;
    }
    if (number > this.through) this.through = number;
    else this.again++;
    return number;
  }
}
