import { encodeBase58 } from "../encoding/base58.ts";
import { buildPacket } from "../sphinx/build.ts";
import { type ClientAddress, formatAddress, parseAddress } from "./address.ts";
import { MixnetView } from "./directory.ts";
import { PeapError } from "./errors.ts";
import { fragments } from "./fragmentation.ts";
import { GatewayLink } from "./gateway_link.ts";
import type { Identity } from "./identity.ts";
import { type Delivery, Inbox } from "./inbox.ts";
import { pause } from "../timing/pause.ts";
import { Reassembler } from "./reassembly.ts";
import { type Frame, Receipts } from "./receipts.ts";
import { drawGateway, drawRoute, findGateway } from "./route.ts";
import { atRandomTimes, coverMessage, isCoverMessage, MEAN_COVER_GAP, MEAN_REAL_GAP, RealStream } from "./traffic.ts";
import { Window } from "./window.ts";

/** mean delay of a packet at each mixnode, in ms (spec §7) */
const MEAN_HOP_DELAY = 200;

/**
 * The most packets of this client in flight, built but not yet accepted by the gateway: 86 KiB, whatever the number and
 * size of its messages. Bounds the socket's buffer and the answers that are due.
 */
const SENDING_WINDOW = 64;

/** ms before each attempt to send a packet that the gateway has no room for. Each attempt takes a new route. */
const RETRY_DELAYS = [0, 100, 200, 400, 800, 1600];

/** How to connect, and which traffic to send. */
export interface PeapOptions {
  /** URL of the directory server, without `/api` */
  directory: string;
  /** from `generateIdentity`, or from `identityOf` with a stored private key */
  identity: Identity;
  /** base58; issued by this gateway for this identity. Without it the client registers. */
  token?: string;
  /** public key of the gateway, base58. Default: a random gateway from the directory. */
  gateway?: string;
  /** Mean delay of each packet at each mixnode, in ms. Default: 200. */
  meanHopDelay?: number;
  /** Send cover messages to oneself at random times, `mean` ms apart on average (1000). Default: false. */
  coverTraffic?: boolean | { mean: number };
  /**
   * Send packets at random times only, `mean` ms apart on average (500), with cover if there is none. Default: false.
   */
  poisson?: boolean | { mean: number };
  /** Reconnect when the connection breaks. Default: true. */
  reconnect?: boolean;
}

/** A message from the mixnet, which does not reveal its sender. */
export class ReceivedMessage {
  /** the message as it was sent, at most 16 MiB from a sender with this library */
  readonly data: Uint8Array;

  /** Wraps the data of a message. */
  constructor(data: Uint8Array) {
    this.data = data;
  }

  /** The data decoded as UTF-8; invalid bytes become U+FFFD. */
  text(): string {
    return new TextDecoder().decode(this.data);
  }
}

/**
 * A client of the mixnet: it has an address at a gateway, sends messages of any size through the mixnodes, and receives
 * messages when it is iterated. Runs wherever WebSocket, fetch and crypto.getRandomValues exist.
 *
 * A message counts as taken when the loop asks for the next one or ends, or when the client is closed. A gateway with
 * acknowledgements keeps the messages that were not taken and pushes them again at the next login; a 0.7.0 gateway
 * keeps no message that it has pushed.
 */
export class Peap implements AsyncIterable<ReceivedMessage>, AsyncDisposable {
  readonly #own: ClientAddress;
  readonly #meanHopDelay: number;
  readonly #mixnet: MixnetView;
  readonly #receipts = new Receipts();
  readonly #reassembler = new Reassembler<Frame>((frames) => this.#done(frames));
  readonly #inbox = new Inbox();
  /** Handed to the application but not yet taken: one for each of its loops. */
  readonly #handed = new Set<Delivery>();
  readonly #window = new Window(SENDING_WINDOW);
  readonly #realStream: RealStream | undefined;
  readonly #closing = new AbortController();
  /** Background work. Ends on `#closing` or with the link. */
  readonly #tasks = new Set<Promise<void>>();
  readonly #link: GatewayLink;

  private constructor(options: PeapOptions, mixnet: MixnetView, gateway: string) {
    this.#own = parseAddress(`${encodeBase58(options.identity.publicKey)}@${gateway}`);
    this.#meanHopDelay = options.meanHopDelay ?? MEAN_HOP_DELAY;
    this.#mixnet = mixnet;
    const mean = meanGap(options.poisson, MEAN_REAL_GAP);
    if (mean !== undefined) this.#realStream = new RealStream(mean, () => this.#run(this.#sendCover()));
    const login = {
      locate: async () => findGateway(await mixnet.current(), gateway).clientListener,
      identity: options.identity,
      gatewayKey: this.#own.gateway,
      token: options.token,
    };
    const events = {
      frame: (contents: Uint8Array) => this.#received(contents),
      failed: (error: PeapError) => this.#inbox.end(error),
    };
    this.#link = new GatewayLink(login, this.#receipts, events, options.reconnect ?? true);
  }

  /**
   * Connects to a gateway and registers there, or logs in with a token.
   *
   * @throws PeapError of kind `directory`, `connection`, `token`, or `gateway` with the gateway's own text, such as
   *   `client is already registered`
   */
  static async connect(options: PeapOptions): Promise<Peap> {
    const mixnet = new MixnetView(options.directory);
    const gateway = options.gateway ?? drawGateway(await mixnet.current()).pubKey;
    const peap = new Peap(options, mixnet, gateway);
    await peap.#link.open();
    peap.#startTraffic(meanGap(options.coverTraffic, MEAN_COVER_GAP));
    return peap;
  }

  /** The address at which others reach this client: `<client base58>@<gateway base58>` */
  get address(): string {
    return formatAddress(this.#own);
  }

  /** base58; logs this client in later, together with its identity */
  get token(): string {
    return this.#link.token;
  }

  /**
   * Sends a message; resolves when the gateway has accepted all its packets. Only the recipient knows whether it
   * arrives. Calls may overlap; they share one window of 64 packets.
   *
   * @param recipient `<client base58>@<gateway base58>`
   * @param data at most 16 MiB; text is sent as UTF-8
   * @throws PeapError of kind `address`, `directory`, `gateway`, `connection`, `full` or `closed`; RangeError if too
   *   long
   */
  async send(recipient: string, data: Uint8Array | string): Promise<void> {
    const to = parseAddress(recipient);
    const message = typeof data === "string" ? new TextEncoder().encode(data) : data;
    const sending = new Set<Promise<void>>(); // bounded by the window
    let failure: { error: unknown } | undefined;
    for (const fragment of fragments(message)) {
      await this.#window.enter();
      const sent = failure ? Promise.resolve() : this.#sendFragment(to, fragment);
      const settled = sent.catch((error: unknown) => void (failure ??= { error })).finally(() => {
        this.#window.leave();
        sending.delete(settled);
      });
      sending.add(settled);
      if (failure) break;
    }
    await Promise.all(sending);
    if (failure) throw failure.error;
  }

  /**
   * The messages, in the order in which they became complete. Ends when the client is closed; throws if its link fails.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<ReceivedMessage, void, void> {
    for (let delivery = await this.#inbox.take(); delivery; delivery = await this.#inbox.take()) {
      if (this.#inbox.isHalfEmpty) this.#link.resume();
      this.#handed.add(delivery);
      try {
        yield new ReceivedMessage(delivery.data);
      } finally {
        this.#taken(delivery);
      }
    }
  }

  /** Acknowledges the messages handed out and disconnects. A gateway with acknowledgements keeps the others. */
  async close(): Promise<void> {
    for (const delivery of this.#handed) this.#taken(delivery);
    this.#inbox.end();
    this.#closing.abort();
    await this.#link.close();
    await Promise.all(this.#tasks);
  }

  /** Same as `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #sendFragment(to: ClientAddress, fragment: Uint8Array): Promise<void> {
    for (const delay of RETRY_DELAYS) {
      await pause(delay, this.#closing.signal); // even with 0, others get a turn: building a packet takes milliseconds
      const { firstHop, packet } = await this.#buildPacket(to, fragment);
      await this.#realStream?.turn();
      if (await this.#link.send(firstHop, packet)) return;
    }
    throw new PeapError("gateway", "The gateway did not accept the packet: too many are queued for the mixnodes");
  }

  async #buildPacket(to: ClientAddress, plaintext: Uint8Array): Promise<{ firstHop: Uint8Array; packet: Uint8Array }> {
    const { firstHop, hops } = drawRoute(await this.#mixnet.current(), to.gateway, this.#meanHopDelay);
    try {
      return { firstHop, packet: buildPacket(hops, to.client, plaintext) };
    } catch (cause) { // all lengths are right, so it is a key of low order: anyone may post to a directory
      throw new PeapError("directory", "Cannot build a packet: a node on its route has an unusable key", { cause });
    }
  }

  #startTraffic(meanCoverGap: number | undefined): void {
    const { signal } = this.#closing;
    if (this.#realStream) this.#run(this.#realStream.run(signal));
    if (meanCoverGap !== undefined) {
      this.#run(atRandomTimes(meanCoverGap, () => this.#run(this.#sendCover()), signal));
    }
  }

  /** A cover message that cannot be sent is skipped. */
  async #sendCover(): Promise<void> {
    if (!this.#link.isConnected) return;
    try {
      const { firstHop, packet } = await this.#buildPacket(this.#own, coverMessage());
      await this.#link.send(firstHop, packet);
    } catch (error) {
      if (!(error instanceof PeapError)) throw error;
    }
  }

  #run(task: Promise<void>): void {
    const running = task.finally(() => this.#tasks.delete(running));
    this.#tasks.add(running);
  }

  #received(contents: Uint8Array): void {
    if (isCoverMessage(contents)) {
      this.#receipts.coverArrived();
    } else {
      const { frame, isNew } = this.#receipts.arrived(contents);
      const delivery = isNew ? this.#reassembler.add(contents, frame) : undefined;
      if (delivery) this.#inbox.put(delivery);
    }
    this.#link.acknowledge();
    if (this.#inbox.isFull) this.#link.pause();
  }

  #taken(delivery: Delivery): void {
    if (this.#handed.delete(delivery)) this.#done(delivery.origins);
  }

  #done(frames: Frame[]): void {
    for (const frame of frames) frame.done = true;
    this.#link.acknowledge();
  }
}

function meanGap(option: boolean | { mean: number } | undefined, defaultMean: number): number | undefined {
  return typeof option === "object" ? option.mean : option ? defaultMean : undefined;
}
