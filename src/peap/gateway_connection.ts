import { concatBytes } from "@noble/hashes/utils.js";
import { encodeBase58 } from "../encoding/base58.ts";
import type { Challenge } from "../protocol/proof.ts";
import { type Clock, systemClock } from "../timing/clock.ts";
import { onAbort } from "./abort.ts";
import { PeapError, type PeapErrorKind } from "./errors.ts";
import { type GatewayAnswer, parseAnswer } from "./gateway_answers.ts";
import { Silence } from "./silence.ts";

/** ms that the gateway may be silent while an answer is due, before the connection is abandoned (spec §7) */
export const ANSWER_TIMEOUT = 1500;
/** ms to wait for the WebSocket to open */
const OPEN_TIMEOUT = 10_000;
/** ms to wait for the gateway's answer to a close frame */
const CLOSE_TIMEOUT = 1500;

/** WebSocket close code: a regular end. */
const NORMAL_CLOSURE = 1000;
/** WebSocket close code of this gateway: the same client has logged in again. */
const SUPERSEDED = 4001;

/** Sent with a login: this client acknowledges what it receives, and wants messages' numbers. 0.7.0 gateways ignore it. */
const EXTENSIONS = { acknowledgements: true, numbers: true };

/** A gateway's challenge to the client, with the proof that answers the client's own challenge, if it has one. */
export interface GatewayChallenge extends Challenge {
  /** 32 bytes, unless it is wrong */
  proof: Uint8Array | undefined;
}

/** What a connection reports, in the order in which it came, until it ends or is closed. */
export interface ConnectionEvents {
  /** A binary frame arrived. */
  frame(contents: Uint8Array): void;
  /** The next stored message has this number in the client's inbox. */
  number(number: number): void;
}

interface Request {
  /** whether the answer is due within `ANSWER_TIMEOUT` */
  isUrgent: boolean;
  resolve(answer: GatewayAnswer): void;
  reject(error: PeapError): void;
}

/**
 * One WebSocket to a gateway (spec §5). Every request, including a packet, gets one answer. Answers come in the order
 * of the requests, which is how they are matched.
 */
export class GatewayConnection {
  readonly #socket: WebSocket;
  readonly #events: ConnectionEvents;
  readonly #clock: Clock;
  readonly #silence: Silence;
  readonly #ended = Promise.withResolvers<PeapError>();
  /** Unanswered requests. Bounded by the callers, each of which awaits its answer. All are rejected at the end. */
  readonly #requests: Request[] = [];
  #cancelAnswerTimer = () => {};
  #cancelWatch = () => {};
  #isClosing = false;
  /** what the runtime says about a failure; browsers say nothing */
  #cause: unknown;

  private constructor(url: string, events: ConnectionEvents, clock: Clock) {
    this.#socket = openSocket(url);
    this.#events = events;
    this.#clock = clock;
    this.#silence = new Silence(clock.now());
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onmessage = ({ data }) => this.#received(data);
    this.#socket.onerror = (event) => this.#cause = (event as Partial<ErrorEvent>).error;
    this.#socket.onclose = ({ code, reason }) => this.#end(reason, code === SUPERSEDED ? "superseded" : "connection");
  }

  /**
   * Opens a WebSocket to a gateway's client listener.
   *
   * @param signal cancels opening
   * @throws PeapError of kind `connection`
   */
  static async open(
    url: string,
    events: ConnectionEvents,
    signal: AbortSignal,
    clock: Clock = systemClock,
  ): Promise<GatewayConnection> {
    const connection = new GatewayConnection(url, events, clock);
    const opened = Promise.withResolvers<void>();
    connection.#socket.onopen = () => opened.resolve();
    const expired = () => connection.giveUp(`the gateway did not open the connection in ${OPEN_TIMEOUT} ms`);
    const cancel = clock.after(OPEN_TIMEOUT, expired);
    const stop = onAbort(signal, () => connection.giveUp("the client was closed"));
    const failed = connection.ended.then(({ kind, message, cause }) => {
      throw new PeapError(kind, `Cannot connect to the gateway at ${url}: ${message}`, { cause });
    });
    await Promise.race([opened.promise, failed]).finally(() => {
      cancel();
      stop();
    });
    return connection;
  }

  /** Resolves when the connection has ended, with the error for everything still waiting on it. */
  get ended(): Promise<PeapError> {
    return this.#ended.promise;
  }

  /**
   * Asks the gateway to prove its key, and for a challenge to this client in turn; undefined if it knows neither, as with
   * 0.7.0.
   *
   * @throws PeapError of kind `gateway` or `connection`
   */
  async challenge({ nonce, publicKey }: Challenge): Promise<GatewayChallenge | undefined> {
    const question = { type: "challenge", nonce: encodeBase58(nonce), publicKey: encodeBase58(publicKey) };
    const answer = await this.#request(JSON.stringify(question));
    if (answer.type === "error") return undefined;
    if (answer.type !== "challenge") throw refusal(answer);
    return answer;
  }

  /**
   * Registers this client with the gateway.
   *
   * @param address base58
   * @param proof base58; proves ownership of the address, so that a client that is already registered gets its token
   *   again
   * @throws PeapError of kind `gateway` with the gateway's reason, or `connection`
   */
  async register(address: string, proof?: string): Promise<{ token: string; acknowledgements: boolean }> {
    const answer = await this.#request(JSON.stringify({ type: "register", address, proof, ...EXTENSIONS }));
    if (answer.type !== "register") throw refusal(answer);
    return answer;
  }

  /**
   * Logs this client in. `status` is false if the gateway does not accept the token, or the proof.
   *
   * @param address base58
   * @param credential base58; gateways of 0.7.0 know only tokens
   * @throws PeapError of kind `gateway` with the gateway's reason, or `connection`
   */
  async authenticate(
    address: string,
    credential: { token: string } | { proof: string },
  ): Promise<{ status: boolean; acknowledgements: boolean }> {
    const answer = await this.#request(JSON.stringify({ type: "authenticate", address, ...credential, ...EXTENSIONS }));
    if (answer.type !== "authenticate") throw refusal(answer);
    return answer;
  }

  /**
   * Sends a packet to the gateway; resolves with whether the gateway accepted it. It refuses when too many packets are
   * queued for the same mixnode. Every caller awaits its answer, which bounds the socket's `bufferedAmount`.
   *
   * @param firstHop unpadded node address: 7 or 19 bytes
   * @param packet 1372 bytes
   * @throws PeapError of kind `gateway` with the gateway's reason, or `connection`
   */
  async send(firstHop: Uint8Array, packet: Uint8Array): Promise<boolean> {
    const answer = await this.#request(concatBytes(firstHop, packet));
    if (answer.type !== "send") throw refusal(answer);
    return answer.status;
  }

  /** Acknowledges the first `frames` frames of this connection. The gateway does not answer. */
  acknowledge(frames: number): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type: "received", frames }));
  }

  /** After the login: from now on, ends the connection if the gateway stays silent (silence.ts). */
  watch(): void {
    const { act, again } = this.#silence.look(this.#clock.now());
    if (act === "end") return this.giveUp("the gateway has fallen silent");
    if (act === "ask") this.check(false);
    this.#cancelWatch = this.#clock.after(again, () => this.watch());
  }

  /**
   * Checks whether the gateway is still there, by a text that any gateway answers after the login, a 0.7.0 one with an
   * error. If no answer is heard in time, the connection ends: in `ANSWER_TIMEOUT` if it is urgent, else by the watch.
   */
  check(isUrgent = true): void {
    this.#request(JSON.stringify({ type: "ping" }), isUrgent).catch(() => {}); // then the connection has ended
  }

  /**
   * Stops delivering frames, then closes the connection and waits up to `CLOSE_TIMEOUT` for the gateway's close frame.
   */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#socket.close(NORMAL_CLOSURE);
    const cancel = this.#clock.after(CLOSE_TIMEOUT, () => this.#end("the gateway did not answer the close frame"));
    await this.ended;
    cancel();
  }

  /** Ends the connection without waiting for a close frame: with a dead peer that would take long. */
  giveUp(why: string): void {
    this.#socket.close();
    this.#end(why);
  }

  #request(message: string | Uint8Array<ArrayBuffer>, isUrgent = true): Promise<GatewayAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<GatewayAnswer>();
    if (this.#socket.readyState !== WebSocket.OPEN) {
      return Promise.reject(new PeapError("connection", "The connection to the gateway is closed"));
    }
    const isFirst = !this.#isAnswerDue();
    this.#requests.push({ isUrgent, resolve, reject });
    this.#socket.send(message);
    if (isFirst) this.#restartAnswerTimer();
    return promise;
  }

  #received(data: unknown): void {
    this.#silence.heard(this.#clock.now());
    if (typeof data === "string") this.#answered(data);
    this.#restartAnswerTimer();
    if (data instanceof ArrayBuffer && !this.#isClosing) this.#events.frame(new Uint8Array(data));
  }

  #answered(text: string): void {
    const answer = parseAnswer(text);
    if (answer?.type === "number") return this.#events.number(answer.number);
    const request = this.#requests.shift();
    if (answer && request) return request.resolve(answer);
    const why = answer?.type === "error" ? answer.message : "the gateway's answer does not match the request";
    request?.reject(new PeapError("connection", why));
    this.giveUp(why);
  }

  #isAnswerDue(): boolean {
    return this.#requests.some(({ isUrgent }) => isUrgent);
  }

  /** Restarts the timer for the gateway's next word if an answer is due. */
  #restartAnswerTimer(): void {
    this.#cancelAnswerTimer();
    if (!this.#isAnswerDue()) return;
    const expired = () => this.giveUp(`the gateway gave no answer in ${ANSWER_TIMEOUT} ms`);
    this.#cancelAnswerTimer = this.#clock.after(ANSWER_TIMEOUT, expired);
  }

  #end(why: string, kind: PeapErrorKind = "connection"): void {
    this.#cancelAnswerTimer();
    this.#cancelWatch();
    this.#socket.onmessage = null;
    const options = this.#cause === undefined ? {} : { cause: this.#cause };
    const error = new PeapError(kind, why === "" ? "the connection broke" : why, options);
    for (const { reject } of this.#requests.splice(0)) reject(error);
    this.#ended.resolve(error);
  }
}

function openSocket(url: string): WebSocket {
  try {
    return new WebSocket(url);
  } catch (cause) {
    const why = `Cannot connect to the gateway: ${url} is not a WebSocket address that can be used here`;
    throw new PeapError("connection", why, { cause, retryable: false });
  }
}

function refusal(answer: GatewayAnswer): PeapError {
  const what = answer.type === "error" ? answer.message : `its answer is of an unexpected type: ${answer.type}`;
  return new PeapError("gateway", `The gateway refused: ${what}`);
}
