import { retryDelays } from "../timing/backoff.ts";
import { proveAddress } from "../protocol/proof.ts";
import { encodeBase58 } from "../encoding/base58.ts";
import { PeapError } from "./errors.ts";
import type { Identity } from "./identity.ts";
import { GatewayConnection } from "./gateway_connection.ts";
import { pause } from "../timing/pause.ts";
import { uniform } from "./random.ts";
import type { Receipts } from "./receipts.ts";

/** ms before the first attempt to reconnect */
const FIRST_RETRY_DELAY = 500;
/** The longest delay between attempts to reconnect, in ms. */
const LONGEST_RETRY_DELAY = 30_000;
/** A connection that lasted this long (ms) resets the delays between attempts. */
const STABLE_AFTER = 10_000;
/** ms during which acknowledgements are collected into one */
const ACKNOWLEDGEMENT_DELAY = 50;

/** What a client needs to find its gateway and log in there. */
export interface Login {
  /** Returns the WebSocket URL of the gateway's client listener. Throws a PeapError if it is unknown. */
  locate: () => Promise<string>;
  /** key pair of the client */
  identity: Identity;
  /** public key of the gateway, 32 bytes */
  gatewayKey: Uint8Array;
  /** base58; without it the client registers */
  token: string | undefined;
}

/** The callbacks of a link. */
export interface LinkEvents {
  /** A binary frame arrived. */
  frame(contents: Uint8Array): void;
  /** The link ended other than by `close`. */
  failed(error: PeapError): void;
}

/**
 * Keeps the client logged in at its gateway: one connection at a time, and a new one when it breaks. Acknowledges
 * frames if the gateway supports that.
 */
export class GatewayLink {
  readonly #login: Login;
  readonly #receipts: Receipts;
  readonly #events: LinkEvents;
  readonly #reconnects: boolean;
  readonly #closing = new AbortController();
  #connection: GatewayConnection | undefined;
  /** Resolved and replaced whenever `#connection`, `#isPaused` or `#failure` changes. */
  #changed = Promise.withResolvers<void>();
  #isPaused = false;
  #failure: PeapError | undefined;
  #acknowledges = false;
  #acknowledgedFrames = 0;
  #acknowledgement: ReturnType<typeof setTimeout> | undefined;
  #delays = newDelays();
  #running: Promise<void> = Promise.resolve();

  /** With `reconnects` false, the link fails when its first connection ends. */
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

  /** base58; for the next login */
  get token(): string {
    return this.#login.token!; // set by `open`
  }

  /** Whether there is a logged-in connection at the moment. */
  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  /**
   * Sends a packet to the gateway; resolves with whether the gateway accepted it. Waits for a connection if there is
   * none. If the connection breaks before the answer, the packet is sent again on the next one: at least once.
   *
   * @param firstHop unpadded node address: 7 or 19 bytes
   * @param packet 1372 bytes
   * @throws PeapError of kind `gateway`, `full` or `closed`, or the error that ended the link
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

  /** Call after frames arrived or were marked done: acknowledges them within `ACKNOWLEDGEMENT_DELAY`. */
  acknowledge(): void {
    if (this.#failure) return;
    this.#acknowledgement ??= setTimeout(() => this.#acknowledgeNow(), ACKNOWLEDGEMENT_DELAY);
  }

  /** Disconnects until `resume`, so that the gateway keeps new messages for this client. */
  pause(): void {
    this.#acknowledgeNow();
    this.#isPaused = true;
    void this.#connection?.close(); // `#keepUp` waits for its end
    this.#connection = undefined;
    this.#notify();
  }

  /** Reconnects after `pause`. */
  resume(): void {
    this.#isPaused = false;
    this.#notify();
  }

  /** Acknowledges everything done and ends the link. */
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
    if (this.#acknowledges) connection.acknowledge(0); // from now on, only acknowledgements confirm a delivery
    this.#connection = connection;
    this.#notify();
    return connection;
  }

  /** Registers or logs in; resolves with whether the gateway supports acknowledgements. */
  async #logIn(connection: GatewayConnection): Promise<boolean> {
    const { identity, token } = this.#login;
    const address = encodeBase58(identity.publicKey);
    if (token === undefined) {
      const answer = await connection.register(address, await this.#prove(connection));
      this.#login.token = answer.token;
      return answer.acknowledgements;
    }
    const { status, acknowledgements } = await connection.authenticate(address, token);
    if (!status) throw new PeapError("token", "The gateway does not accept this token for this client");
    return acknowledgements;
  }

  /** A proof of ownership of the address, in base58; undefined if the gateway offers no challenge. */
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
      if (performance.now() - since >= STABLE_AFTER) this.#delays = newDelays();
      current = await this.#reconnect();
    }
  }

  /** The next connection; undefined once the link has failed or was closed. */
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
      if (this.#isPaused) throw new PeapError("full", "Cannot send: take the received messages first");
      if (this.#connection) return this.#connection;
      await this.#changed.promise;
    }
  }

  #acknowledgeNow(): void {
    clearTimeout(this.#acknowledgement);
    this.#acknowledgement = undefined;
    if (!this.#connection) return; // frames stay done, and are acknowledged when they are pushed again
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
