import { encodeBase58 } from "../encoding/base58.ts";
import { buildPacket } from "../sphinx/build.ts";
import { type ClientAddress, formatAddress, parseAddress } from "./address.ts";
import { MixnetView } from "./directory.ts";
import { PeapError } from "./errors.ts";
import { fragments } from "./fragmentation.ts";
import { GatewayLink } from "./gateway_link.ts";
import type { Identity } from "./identity.ts";
import { Inbox, type Letter } from "./inbox.ts";
import { pause } from "../timing/pause.ts";
import { Reassembler } from "./reassembly.ts";
import { type Frame, Receipts } from "./receipts.ts";
import { drawGateway, drawRoute, findGateway } from "./route.ts";
import { atRandomTimes, coverMessage, isCoverMessage, MEAN_COVER_GAP, MEAN_REAL_GAP, RealStream } from "./traffic.ts";
import { Window } from "./window.ts";

/** ms that a mixnode holds a packet, on average (spec §7) */
const MEAN_HOP_DELAY = 200;

/**
 * The most packets of this client that are built but not yet taken by the gateway, 86 KiB, whatever the number and size
 * of its messages. It bounds the socket's buffer and the answers that are due.
 */
const SENDING_WINDOW = 64;

/** ms before each attempt to hand a packet to a gateway that has no room for it; each takes another way. */
const RETRY_DELAYS = [0, 100, 200, 400, 800, 1600];

export interface PeapOptions {
  /** URL of the directory server */
  directory: string;
  identity: Identity;
  /** base58; the one that this gateway gave this identity. Without it the client registers. */
  token?: string;
  /** base58; default: one drawn from the directory's */
  gateway?: string;
  /** ms, on average, that each mixnode holds each packet (200) */
  meanHopDelay?: number;
  /** Send messages to oneself at random times, `mean` ms apart (1000). Default: no. */
  coverTraffic?: boolean | { mean: number };
  /** Send packets at random times only, `mean` ms apart (500), with cover when there is nothing to send. Default: no. */
  poisson?: boolean | { mean: number };
  /** Connect again when the connection breaks (yes). */
  reconnect?: boolean;
}

/** A message as it came out of the mixnet, which does not say who sent it. */
export class ReceivedMessage {
  readonly data: Uint8Array;

  constructor(data: Uint8Array) {
    this.data = data;
  }

  /** The data read as UTF-8; what is not becomes U+FFFD. */
  text(): string {
    return new TextDecoder().decode(this.data);
  }
}

/**
 * A client of the mixnet: it has an address at a gateway, sends messages of any size through the mixnodes, and receives
 * those sent to it by iterating over itself. Runs wherever there are WebSocket, fetch and crypto.getRandomValues.
 *
 * A message counts as taken when the loop asks for the next one, ends, or the client is closed. A gateway that knows
 * acknowledgements keeps what was not taken and gives it again at the next login; a 0.7.0 gateway keeps nothing that it
 * once pushed.
 */
export class Peap implements AsyncIterable<ReceivedMessage>, AsyncDisposable {
  readonly #own: ClientAddress;
  readonly #meanHopDelay: number;
  readonly #mixnet: MixnetView;
  readonly #receipts = new Receipts();
  readonly #reassembler = new Reassembler<Frame>((frames) => this.#done(frames));
  readonly #inbox = new Inbox();
  /** Handed to the application, not yet taken: one for each of its loops. */
  readonly #handed = new Set<Letter>();
  readonly #window = new Window(SENDING_WINDOW);
  readonly #realStream: RealStream | undefined;
  readonly #closing = new AbortController();
  /** What runs beside the application's calls and ends by `#closing` or with the link. */
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
   * @throws PeapError of kind `directory`, `connection`, `token`, or `gateway` with the gateway's own words, such as
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

  /** Where others send messages for this client: `<client base58>@<gateway base58>` */
  get address(): string {
    return formatAddress(this.#own);
  }

  /** base58; with the identity it logs this client in another time */
  get token(): string {
    return this.#link.token;
  }

  /**
   * Sends a message: resolves when the gateway has taken all its packets. Whether it arrives nobody can tell but the
   * recipient. Calls may overlap; their packets share one window of 64.
   *
   * @param recipient `<client base58>@<gateway base58>`
   * @param data at most 16 MiB; text goes as UTF-8
   * @throws PeapError of kind `address`, `directory`, `gateway`, `connection`, `full` or `closed`; RangeError if too long
   */
  async send(recipient: string, data: Uint8Array | string): Promise<void> {
    const to = parseAddress(recipient);
    const message = typeof data === "string" ? new TextEncoder().encode(data) : data;
    const sending = new Set<Promise<void>>(); // at most as many as the window has places
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

  /** The messages, in the order in which they became complete; ends when the client is closed, throws if its link fails. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ReceivedMessage, void, void> {
    for (let letter = await this.#inbox.take(); letter; letter = await this.#inbox.take()) {
      if (this.#inbox.isHalfEmpty) this.#link.resume();
      this.#handed.add(letter);
      try {
        yield new ReceivedMessage(letter.data);
      } finally {
        this.#taken(letter);
      }
    }
  }

  /** Acknowledges what was handed out, and disconnects. Messages that nobody took stay with the gateway, if it can. */
  async close(): Promise<void> {
    for (const letter of this.#handed) this.#taken(letter);
    this.#inbox.end();
    this.#closing.abort();
    await this.#link.close();
    await Promise.all(this.#tasks);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #sendFragment(to: ClientAddress, fragment: Uint8Array): Promise<void> {
    for (const delay of RETRY_DELAYS) {
      await pause(delay, this.#closing.signal); // even 0 gives others a turn: building a packet takes milliseconds
      const { firstHop, packet } = await this.#buildPacket(to, fragment);
      await this.#realStream?.turn();
      if (await this.#link.send(firstHop, packet)) return;
    }
    throw new PeapError("gateway", "The gateway did not take the packet: too many wait for the mixnodes");
  }

  async #buildPacket(to: ClientAddress, plaintext: Uint8Array): Promise<{ firstHop: Uint8Array; packet: Uint8Array }> {
    const { firstHop, hops } = drawRoute(await this.#mixnet.current(), to.gateway, this.#meanHopDelay);
    try {
      return { firstHop, packet: buildPacket(hops, to.client, plaintext) };
    } catch (cause) { // all lengths are right: it is a key of low order, which anyone may post to a directory
      throw new PeapError("directory", "Cannot build a packet: a node on its way has an unusable key", { cause });
    }
  }

  #startTraffic(meanCoverGap: number | undefined): void {
    const { signal } = this.#closing;
    if (this.#realStream) this.#run(this.#realStream.run(signal));
    if (meanCoverGap !== undefined) {
      this.#run(atRandomTimes(meanCoverGap, () => this.#run(this.#sendCover()), signal));
    }
  }

  /** A cover message that can't be sent is not missed. */
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
      const letter = isNew ? this.#reassembler.add(contents, frame) : undefined;
      if (letter) this.#inbox.put(letter);
    }
    this.#link.acknowledge();
    if (this.#inbox.isFull) this.#link.pause();
  }

  #taken(letter: Letter): void {
    if (this.#handed.delete(letter)) this.#done(letter.origins);
  }

  #done(frames: Frame[]): void {
    for (const frame of frames) frame.done = true;
    this.#link.acknowledge();
  }
}

function meanGap(option: boolean | { mean: number } | undefined, standard: number): number | undefined {
  return typeof option === "object" ? option.mean : option ? standard : undefined;
}
