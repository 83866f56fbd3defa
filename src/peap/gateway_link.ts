import { retryDelays } from "../timing/backoff.ts";
import { proveAddress } from "../protocol/proof.ts";
import { encodeBase58 } from "../encoding/base58.ts";
import { PeapError } from "./errors.ts";
import type { Identity } from "./identity.ts";
import { GatewayConnection } from "./gateway_connection.ts";
import { pause } from "../timing/pause.ts";
import { uniform } from "./random.ts";
import type { Receipts } from "./receipts.ts";

/** ms before the first and, at most, before a further attempt to connect again */
const FIRST_RETRY_DELAY = 500;
const LONGEST_RETRY_DELAY = 30_000;
/** ms after which a connection counts as a good one: when it breaks, the delays start from the first again. */
const GOOD_CONNECTION = 10_000;
/** ms in which acknowledgements are gathered into one */
const ACKNOWLEDGEMENT_DELAY = 50;

/** How a client shows itself to its gateway. */
export interface Login {
  /** Finds the gateway: the WebSocket URL of its client listener. */
  locate: () => Promise<string>;
  identity: Identity;
  /** 32 bytes */
  gatewayKey: Uint8Array;
  /** base58; without one the client registers */
  token: string | undefined;
}

/** What a link is told to do with what it meets. */
export interface LinkEvents {
  /** A binary frame came. */
  frame(contents: Uint8Array): void;
  /** The link ended, and not by its `close`. */
  failed(error: PeapError): void;
}

/**
 * The client's tie to its gateway: a connection at a time, logged in, and a new one when it breaks. Acknowledges frames
 * when the gateway knows how to take that.
 */
export class GatewayLink {
  readonly #login: Login;
  readonly #receipts: Receipts;
  readonly #events: LinkEvents;
  readonly #reconnects: boolean;
  readonly #closing = new AbortController();
  #connection: GatewayConnection | undefined;
  /** Resolved and replaced whenever one of the other fields becomes another. */
  #changed = Promise.withResolvers<void>();
  #isPaused = false;
  #failure: PeapError | undefined;
  #acknowledges = false;
  #acknowledgedFrames = 0;
  #acknowledgement: ReturnType<typeof setTimeout> | undefined;
  #delays = newDelays();
  #running: Promise<void> = Promise.resolve();

  constructor(login: Login, receipts: Receipts, events: LinkEvents, reconnects: boolean) {
    this.#login = { ...login };
    this.#receipts = receipts;
    this.#events = events;
    this.#reconnects = reconnects;
  }

  /**
   * Connects and logs in, for the first time.
   *
   * @throws PeapError of kind `gateway` with the gateway's reason, `token`, `directory` or `connection`
   */
  async open(): Promise<void> {
    this.#running = this.#keepUp(await this.#connect());
  }

  /** base58; what to log in with another time */
  get token(): string {
    return this.#login.token!; // there is one once it is open
  }

  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  /**
   * Hands a packet to the gateway; resolves with whether it took it, once it has answered. While there is no connection
   * this waits for one. A packet whose answer was lost with the connection goes out again on the next one: possibly
   * twice, but not never.
   *
   * @param firstHop unpadded node address: 7 or 19 bytes
   * @param packet 1372 bytes
   * @throws PeapError of kind `gateway`, `full`, `closed`, or what the link failed of
   */
  async send(firstHop: Uint8Array, packet: Uint8Array): Promise<boolean> {
    for (;;) {
      const connection = await this.#connected();
      try {
        return await connection.send(firstHop, packet);
      } catch (error) {
        if (!this.#reconnects || !(error instanceof PeapError) || error.kind !== "connection") throw error;
        this.#lost(connection);
      }
    }
  }

  /** To be called when frames came or are done: tells the gateway of them, soon. */
  acknowledge(): void {
    if (this.#failure) return;
    this.#acknowledgement ??= setTimeout(() => this.#acknowledgeNow(), ACKNOWLEDGEMENT_DELAY);
  }

  /** Disconnects, so that the gateway keeps what comes for this client, until `resume`. */
  pause(): void {
    this.#acknowledgeNow();
    this.#isPaused = true;
    void this.#connection?.close(); // `#keepUp` waits for its end
    this.#connection = undefined;
    this.#notify();
  }

  /** Connects again if it was paused. */
  resume(): void {
    this.#isPaused = false;
    this.#notify();
  }

  /** Acknowledges what is done, and ends the link. */
  async close(): Promise<void> {
    this.#acknowledgeNow();
    this.#failure ??= new PeapError("closed", "The client was closed");
    this.#notify();
    this.#closing.abort();
    await this.#connection?.close();
    await this.#running;
  }

  async #connect(): Promise<GatewayConnection> {
    const url = await this.#login.locate();
    this.#receipts.connectionOpened(this.#acknowledges);
    const connection = await GatewayConnection.open(url, this.#events.frame, this.#closing.signal);
    try {
      this.#acknowledges = await this.#logIn(connection);
    } catch (error) {
      await connection.close();
      throw error;
    }
    this.#acknowledgedFrames = 0;
    if (this.#acknowledges) connection.acknowledge(0); // from now on deliveries are confirmed by this alone
    this.#connection = connection;
    this.#notify();
    return connection;
  }

  /** Whether the gateway knows acknowledgements. */
  async #logIn(connection: GatewayConnection): Promise<boolean> {
    const { identity, token } = this.#login;
    const address = encodeBase58(identity.publicKey);
    if (token === undefined) {
      const answer = await connection.register(address, await this.#prove(connection));
      this.#login.token = answer.token;
      return answer.acknowledgements;
    }
    const { status, acknowledgements } = await connection.authenticate(address, token);
    if (!status) throw new PeapError("token", "The gateway does not know this token for this client");
    return acknowledgements;
  }

  /** A proof that the address is this client's, in base58, if the gateway takes one. */
  async #prove(connection: GatewayConnection): Promise<string | undefined> {
    const { identity, gatewayKey } = this.#login;
    const challenge = await connection.challenge();
    const proof = challenge && proveAddress(identity.privateKey, identity.publicKey, challenge, gatewayKey);
    return proof && encodeBase58(proof);
  }

  async #keepUp(connection: GatewayConnection): Promise<void> {
    for (let current: GatewayConnection | undefined = connection; current;) {
      const since = performance.now();
      const reason = await current.ended;
      const broke = this.#connection === current; // and was not paused
      this.#lost(current);
      if (broke && (!this.#reconnects || reason.kind === "superseded")) this.#fail(reason);
      if (performance.now() - since >= GOOD_CONNECTION) this.#delays = newDelays();
      current = await this.#reconnect();
    }
  }

  /** The next connection; undefined if there won't be one. */
  async #reconnect(): Promise<GatewayConnection | undefined> {
    while (!this.#failure) {
      while (this.#isPaused && !this.#failure) await this.#changed.promise;
      await pause(this.#delays.next().value, this.#closing.signal);
      if (this.#failure || this.#isPaused) continue;
      try {
        const connection = await this.#connect();
        if (this.#failure) await connection.close();
        else return connection;
      } catch (error) {
        if (!(error instanceof PeapError)) throw error;
        if (error.kind === "token") this.#fail(error);
      }
    }
    return undefined;
  }

  async #connected(): Promise<GatewayConnection> {
    for (;;) {
      if (this.#failure) throw this.#failure;
      if (this.#isPaused) throw new PeapError("full", "Cannot send: received messages have to be taken first");
      if (this.#connection) return this.#connection;
      await this.#changed.promise;
    }
  }

  #acknowledgeNow(): void {
    clearTimeout(this.#acknowledgement);
    this.#acknowledgement = undefined;
    if (!this.#connection) return; // what is done stays so, and is acknowledged when it comes again
    const frames = this.#receipts.acknowledge();
    if (this.#acknowledges && frames > this.#acknowledgedFrames) this.#connection.acknowledge(frames);
    this.#acknowledgedFrames = frames;
  }

  #lost(connection: GatewayConnection): void {
    if (this.#connection === connection) this.#connection = undefined;
  }

  #fail(error: PeapError): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#events.failed(error);
    this.#notify();
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

function newDelays(): Generator<number, never> {
  return retryDelays(FIRST_RETRY_DELAY, LONGEST_RETRY_DELAY, uniform);
}
