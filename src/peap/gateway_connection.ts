import type { Challenge } from "../protocol/proof.ts";
import { type GatewayAnswer, parseAnswer } from "./gateway_answers.ts";
import { PeapError } from "./errors.ts";

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

/** Sent with a login: this client will acknowledge what it receives. A 0.7.0 gateway ignores it. */
const ACKNOWLEDGES = { acknowledgements: true };

interface Request {
  resolve(answer: GatewayAnswer): void;
  reject(error: PeapError): void;
}

/**
 * One WebSocket to a gateway (spec §5). Every request, including a packet, gets one answer. Answers come in the order
 * of the requests, which is how they are matched.
 */
export class GatewayConnection {
  readonly #socket: WebSocket;
  readonly #onFrame: (contents: Uint8Array) => void;
  readonly #ended = Promise.withResolvers<PeapError>();
  /** Unanswered requests. Bounded by the callers, each of which awaits its answer. All are rejected at the end. */
  readonly #requests: Request[] = [];
  #answerTimer: ReturnType<typeof setTimeout> | undefined;
  #isClosing = false;

  private constructor(socket: WebSocket, onFrame: (contents: Uint8Array) => void) {
    this.#socket = socket;
    this.#onFrame = onFrame;
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => this.#received(data);
    socket.onclose = ({ code, reason }) => this.#end(reason, code === SUPERSEDED ? "superseded" : "connection");
  }

  /**
   * Opens a WebSocket to a gateway's client listener.
   *
   * @param onFrame called with the contents of every binary frame, in order, until the connection ends or is closed
   * @param signal cancels opening
   * @throws PeapError of kind `connection`
   */
  static async open(
    url: string,
    onFrame: (contents: Uint8Array) => void,
    signal: AbortSignal,
  ): Promise<GatewayConnection> {
    const socket = openSocket(url);
    const connection = new GatewayConnection(socket, onFrame);
    const opened = Promise.withResolvers<void>();
    socket.onopen = () => opened.resolve();
    const timedOut = () => connection.#giveUp(`The gateway did not open the connection in ${OPEN_TIMEOUT} ms`);
    const aborted = () => connection.#giveUp("The client was closed");
    const timer = setTimeout(timedOut, OPEN_TIMEOUT);
    signal.addEventListener("abort", aborted);
    const failed = connection.ended.then((reason) => Promise.reject(reason));
    await Promise.race([opened.promise, failed]).finally(() => {
      clearTimeout(timer);
      signal.removeEventListener("abort", aborted);
    });
    return connection;
  }

  /** Resolves when the connection has ended, with the error for everything still waiting on it. */
  get ended(): Promise<PeapError> {
    return this.#ended.promise;
  }

  /**
   * Requests a challenge, to prove ownership of an address; undefined if the gateway has none, as with 0.7.0.
   *
   * @throws PeapError of kind `gateway` or `connection`
   */
  async challenge(): Promise<Challenge | undefined> {
    const answer = await this.#request(JSON.stringify({ type: "challenge" }));
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
    const answer = await this.#request(JSON.stringify({ type: "register", address, proof, ...ACKNOWLEDGES }));
    if (answer.type !== "register") throw refusal(answer);
    return answer;
  }

  /**
   * Logs this client in. `status` is false if the token is not the one that this gateway issued for the address.
   *
   * @param address base58
   * @param token base58
   * @throws PeapError of kind `gateway` with the gateway's reason, or `connection`
   */
  async authenticate(address: string, token: string): Promise<{ status: boolean; acknowledgements: boolean }> {
    const answer = await this.#request(JSON.stringify({ type: "authenticate", address, token, ...ACKNOWLEDGES }));
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
    const request = new Uint8Array(firstHop.length + packet.length);
    request.set(firstHop);
    request.set(packet, firstHop.length);
    const answer = await this.#request(request);
    if (answer.type !== "send") throw refusal(answer);
    return answer.status;
  }

  /** Acknowledges the first `frames` frames of this connection. The gateway does not answer. */
  acknowledge(frames: number): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type: "received", frames }));
  }

  /**
   * Stops delivering frames, then closes the connection and waits up to `CLOSE_TIMEOUT` for the gateway's close frame.
   */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#socket.close(NORMAL_CLOSURE);
    const timer = setTimeout(() => this.#end("The gateway did not answer the close frame"), CLOSE_TIMEOUT);
    await this.ended;
    clearTimeout(timer);
  }

  #request(message: string | Uint8Array<ArrayBuffer>): Promise<GatewayAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<GatewayAnswer>();
    if (this.#socket.readyState !== WebSocket.OPEN) {
      return Promise.reject(new PeapError("connection", "The connection to the gateway is closed"));
    }
    this.#requests.push({ resolve, reject });
    this.#socket.send(message);
    if (this.#requests.length === 1) this.#restartAnswerTimer();
    return promise;
  }

  #received(data: unknown): void {
    if (typeof data === "string") this.#answered(data);
    this.#restartAnswerTimer();
    if (data instanceof ArrayBuffer && !this.#isClosing) this.#onFrame(new Uint8Array(data));
  }

  #answered(text: string): void {
    const answer = parseAnswer(text);
    const request = this.#requests.shift();
    if (answer && request) return request.resolve(answer);
    const why = answer?.type === "error" ? answer.message : "The gateway's answer does not match the request";
    request?.reject(new PeapError("connection", why));
    this.#giveUp(why);
  }

  /** Restarts the timer for the gateway's next word if an answer is due. */
  #restartAnswerTimer(): void {
    clearTimeout(this.#answerTimer);
    if (this.#requests.length === 0) return;
    this.#answerTimer = setTimeout(
      () => this.#giveUp(`The gateway gave no answer in ${ANSWER_TIMEOUT} ms`),
      ANSWER_TIMEOUT,
    );
  }

  /** Does not wait for the close frame: with a dead peer that would take long. */
  #giveUp(why: string): void {
    this.#socket.close();
    this.#end(why);
  }

  #end(why: string, kind: "superseded" | "connection" = "connection"): void {
    clearTimeout(this.#answerTimer);
    this.#socket.onmessage = null;
    const error = new PeapError(kind, why === "" ? "The connection to the gateway broke" : why);
    for (const { reject } of this.#requests.splice(0)) reject(error);
    this.#ended.resolve(error);
  }
}

function openSocket(url: string): WebSocket {
  try {
    return new WebSocket(url);
  } catch (cause) {
    throw new PeapError("connection", `Cannot connect to the gateway: ${url} is not a WebSocket address`, { cause });
  }
}

function refusal(answer: GatewayAnswer): PeapError {
  if (answer.type === "error") return new PeapError("gateway", answer.message);
  return new PeapError("gateway", `The gateway's answer is of an unexpected type: ${answer.type}`);
}
