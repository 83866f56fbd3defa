import { encodeBase58 } from "../encoding/base58.ts";
import { isProofOfGateway, newChallenge, proveAddress } from "../protocol/proof.ts";
import { retryDelays } from "../timing/backoff.ts";
import { pause } from "../timing/pause.ts";
import { onAbort } from "./abort.ts";
import { PeapError } from "./errors.ts";
import { GatewayConnection } from "./gateway_connection.ts";
import type { Identity } from "./identity.ts";
import { isMixedContent } from "./mixed_content.ts";
import { uniform } from "./random.ts";
import type { Receipts } from "./receipts.ts";
import type { Latest, Status } from "./status.ts";
import type { Surroundings } from "./surroundings.ts";

/** ms before the first attempt to reconnect */
const FIRST_RETRY_DELAY = 500;
/** The longest delay between attempts to reconnect, in ms. */
const LONGEST_RETRY_DELAY = 30_000;
/** A connection that lasted this long (ms) resets the delays between attempts. */
const STABLE_AFTER = 10_000;
/**
 * ms between two acknowledgements. They go on this schedule, and not when the application takes a message, so that they
 * do not show when it receives one.
 */
const ACKNOWLEDGE_EVERY = 1000;

/** What a client needs to find its gateway and log in there. */
export interface Login {
  /** Returns the WebSocket URL of the gateway's client listener. Throws a PeapError if it is unknown. */
  locate: () => string;
  /** key pair of the client */
  identity: Identity;
  /** public key of the gateway, 32 bytes */
  gatewayKey: Uint8Array;
  /** base58; without it the client registers, or logs in by proof */
  token: string | undefined;
  /** Whether to log in only where the gateway proves that it holds its key. */
  requireProof: boolean;
  /** Whether the client is known to have been registered at this gateway. */
  isRegistered: boolean;
  /** Whether the gateway has proven its key before. If so, it has to do so again. */
  isProven: boolean;
}

/** How a link behaves. */
export interface LinkSettings {
  /** Whether a broken connection is replaced by a new one. If not, the link fails when its first connection ends. */
  reconnects: boolean;
  /** Whether to send an acknowledgement on every beat, even if there is nothing new in it. */
  acknowledgesSteadily: boolean;
  /** what it runs in */
  surroundings: Surroundings;
}

/** The callbacks of a link. */
export interface LinkEvents {
  /** A binary frame arrived. */
  frame(contents: Uint8Array): void;
  /** The client is logged in, for the first time or again. */
  connected(): void;
  /** The first frames of this connection, this many, have been acknowledged. */
  acknowledged(frames: number): void;
  /** The link will not send until the application has taken messages. */
  paused(error: PeapError): void;
  /** The link ended, other than by `close`. */
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
  readonly #status: Latest<Status>;
  readonly #settings: LinkSettings;
  readonly #closing = new AbortController();
  #connection: GatewayConnection | undefined;
  /** Resolves when the pause is over, if there is one. */
  #pause: PromiseWithResolvers<void> | undefined;
  #failure: PeapError | undefined;
  #acknowledges = false;
  #acknowledgedFrames = 0;
  #cancelAcknowledgement = () => {};
  #delays = newDelays();
  /** ends the delay before the next attempt */
  #hurry = new AbortController();
  #running: Promise<void> = Promise.resolve();

  /** Does nothing before `open`. Sets `status` until the end. */
  constructor(login: Login, receipts: Receipts, events: LinkEvents, status: Latest<Status>, settings: LinkSettings) {
    this.#login = { ...login };
    this.#receipts = receipts;
    this.#events = events;
    this.#status = status;
    this.#settings = settings;
  }

  /**
   * Connects and logs in, for the first time.
   *
   * @throws PeapError of kind `gateway` with the gateway's reason, `token`, `proof`, `directory` or `connection`
   */
  async open(): Promise<void> {
    const connection = await this.#connect();
    const { networkEvents } = this.#settings.surroundings;
    const changed = () => this.reconnect();
    for (const event of ["online", "offline"] as const) {
      networkEvents?.addEventListener(event, changed);
      onAbort(this.#closing.signal, () => networkEvents?.removeEventListener(event, changed));
    }
    this.#running = this.#keepUp(connection);
  }

  /** base58, for the next login; undefined if the client has never needed one */
  get token(): string | undefined {
    return this.#login.token;
  }

  /** Whether the gateway has proven that it holds its key. */
  get isProven(): boolean {
    return this.#login.isProven;
  }

  /** Whether there is a logged-in connection at the moment. */
  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  /** Why nothing can be sent now or later: the link has ended, or is paused. Undefined if it is only disconnected. */
  get obstacle(): PeapError | undefined {
    return this.#failure ?? (this.#pause && full());
  }

  /**
   * Sends a packet to the gateway; resolves with whether the gateway accepted it.
   *
   * @param firstHop unpadded node address: 7 or 19 bytes
   * @param packet 1372 bytes
   * @throws PeapError of kind `gateway`, or `connection` if there is none or it breaks before the answer
   */
  async send(firstHop: Uint8Array, packet: Uint8Array): Promise<boolean> {
    if (!this.#connection) throw new PeapError("connection", "There is no connection to the gateway");
    return await this.#connection.send(firstHop, packet);
  }

  /** Disconnects until `resume`, so that the gateway keeps new messages for this client. */
  pause(): void {
    if (this.#pause) return;
    this.#acknowledgeNow();
    this.#pause = Promise.withResolvers();
    void this.#connection?.close(); // `#keepUp` waits for its end
    this.#connection = undefined;
    this.#status.set({ state: "full" });
    this.#events.paused(full());
  }

  /** Reconnects after `pause`. */
  resume(): void {
    this.#pause?.resolve();
    this.#pause = undefined;
  }

  /** Makes the next attempt to reconnect now. If there is a connection, checks whether it is still alive. */
  reconnect(): void {
    if (this.#connection) return this.#connection.check();
    this.#delays = newDelays();
    this.#hurry.abort();
  }

  /** Acknowledges everything done and ends the link. */
  async close(): Promise<void> {
    this.#acknowledgeNow();
    this.#failure ??= new PeapError("closed", "The client was closed");
    this.#status.end({ state: "closed" });
    this.resume();
    this.#closing.abort();
    this.#cancelAcknowledgement();
    await this.#connection?.close();
    await this.#running;
  }

  async #connect(): Promise<GatewayConnection> {
    const url = this.#login.locate();
    const { origin, clock } = this.#settings.surroundings;
    if (isMixedContent(url, origin)) throw mixedContent(url, origin);
    this.#receipts.connectionOpened(this.#acknowledges);
    const events = {
      frame: this.#events.frame,
      number: (number: number) => this.#receipts.numberIs(number),
    };
    const connection = await GatewayConnection.open(url, events, this.#closing.signal, clock);
    const stop = onAbort(this.#closing.signal, () => connection.giveUp("the client was closed"));
    try {
      this.#acknowledges = await this.#logIn(connection);
    } catch (error) {
      await connection.close();
      throw error;
    } finally {
      stop();
    }
    this.#login.isRegistered = true;
    this.#acknowledgedFrames = 0;
    if (this.#acknowledges) connection.acknowledge(0); // from now on, only acknowledgements confirm a delivery
    this.#connection = connection;
    connection.watch();
    this.#acknowledgeLater();
    this.#status.set({
      state: "connected",
      gateway: encodeBase58(this.#login.gatewayKey),
      proven: this.#login.isProven,
    });
    this.#events.connected();
    return connection;
  }

  /**
   * Registers or logs in; resolves with whether the gateway supports acknowledgements. The gateway proves its key before
   * anything secret is sent, and gets a proof rather than the token, so that a stranger who is listed as this gateway
   * gets neither.
   */
  async #logIn(connection: GatewayConnection): Promise<boolean> {
    const { identity, token, isRegistered } = this.#login;
    const address = encodeBase58(identity.publicKey);
    const proof = await this.#exchangeProofs(connection);
    if (this.#login.isProven ? !isRegistered : token === undefined) {
      const answer = await connection.register(address, proof);
      this.#login.token = answer.token;
      return answer.acknowledgements;
    }
    const credential = this.#login.isProven && proof !== undefined ? { proof } : { token: token! };
    const { status, acknowledgements } = await connection.authenticate(address, credential);
    if (!status) throw new PeapError("token", "The gateway does not accept this client's credentials");
    return acknowledgements;
  }

  /**
   * Has the gateway prove its key, if it can, and resolves with the proof of the client's address in base58; undefined if
   * the gateway offers no challenge.
   */
  async #exchangeProofs(connection: GatewayConnection): Promise<string | undefined> {
    const { identity, gatewayKey, requireProof } = this.#login;
    const own = newChallenge();
    const challenge = await connection.challenge(own);
    const isProven = challenge?.proof !== undefined && isProofOfGateway(own, gatewayKey, challenge, challenge.proof);
    if (challenge?.proof !== undefined && !isProven) {
      throw new PeapError("proof", `What answers as gateway ${encodeBase58(gatewayKey)} does not hold its key`);
    }
    if (!isProven && (requireProof || this.#login.isProven)) {
      const why = `Gateway ${encodeBase58(gatewayKey)} does not prove that it holds its key`;
      throw new PeapError("proof", why + (requireProof ? "" : ", as it did before"));
    }
    this.#login.isProven = isProven;
    const proof = challenge && proveAddress(identity.privateKey, identity.publicKey, challenge, gatewayKey);
    return proof && encodeBase58(proof);
  }

  async #keepUp(connection: GatewayConnection): Promise<void> {
    for (let current: GatewayConnection | undefined = connection; current;) {
      const since = this.#settings.surroundings.clock.now();
      const reason = await current.ended;
      const broke = this.#connection === current; // and was not paused
      if (broke) this.#connection = undefined;
      this.#cancelAcknowledgement();
      if (broke && (!this.#settings.reconnects || reason.kind === "superseded")) this.#fail(reason);
      if (this.#settings.surroundings.clock.now() - since >= STABLE_AFTER) this.#delays = newDelays();
      current = await this.#reconnect(reason);
    }
  }

  /** The next connection; undefined once the link has failed or was closed. */
  async #reconnect(reason: PeapError): Promise<GatewayConnection | undefined> {
    let cause = reason;
    while (!this.#failure) {
      await this.#pause?.promise;
      if (this.#failure) break;
      await this.#delay(cause);
      if (this.#failure || this.#pause) continue;
      try {
        const connection = await this.#connect();
        if (this.#failure) await connection.close();
        else return connection;
      } catch (error) {
        if (!(error instanceof PeapError)) throw error;
        cause = error;
        if (error.kind === "token" || error.kind === "proof") this.#fail(error);
      }
    }
    return undefined;
  }

  async #delay(cause: PeapError): Promise<void> {
    const { clock, isOnline } = this.#settings.surroundings;
    const delay = this.#delays.next().value;
    this.#status.set(isOnline() ? { state: "reconnecting", in: delay, cause } : { state: "offline" });
    this.#hurry = new AbortController();
    const stop = onAbort(this.#closing.signal, () => this.#hurry.abort());
    await pause(delay, this.#hurry.signal, clock);
    stop();
  }

  #acknowledgeLater(): void {
    this.#cancelAcknowledgement = this.#settings.surroundings.clock.after(ACKNOWLEDGE_EVERY, () => {
      this.#acknowledgeNow(this.#settings.acknowledgesSteadily);
      this.#acknowledgeLater();
    });
  }

  #acknowledgeNow(evenIfNothingIsNew = false): void {
    if (!this.#connection) return; // frames stay done, and are acknowledged when they are pushed again
    const frames = this.#receipts.acknowledge();
    if (!this.#acknowledges || frames === this.#acknowledgedFrames && !evenIfNothingIsNew) return;
    this.#connection.acknowledge(frames);
    this.#acknowledgedFrames = frames;
    this.#events.acknowledged(frames);
  }

  #fail(error: PeapError): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#status.end({ state: error.kind === "superseded" ? "superseded" : "failed", cause: error });
    this.#events.failed(error);
    this.resume();
  }
}

function newDelays(): Generator<number, never> {
  return retryDelays(FIRST_RETRY_DELAY, LONGEST_RETRY_DELAY, uniform);
}

function full(): PeapError {
  return new PeapError("full", "Cannot send: take the received messages first");
}

function mixedContent(url: string, origin: string | undefined): PeapError {
  const why =
    `Cannot connect to the gateway at ${url}: browsers do not let a page of ${origin} connect to ws; it needs wss`;
  return new PeapError("connection", why, { retryable: false });
}
