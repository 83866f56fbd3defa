import type { Challenge } from "../protocol/proof.ts";
import { type GatewayAnswer, parseAnswer } from "./gateway_answers.ts";
import { PeapError } from "./errors.ts";

/** ms without a word from the gateway, while an answer is due, after which it is given up (spec §7) */
export const ANSWER_TIMEOUT = 1500;
/** ms until the WebSocket must be open */
const OPEN_TIMEOUT = 10_000;
/** ms until the gateway must have answered the closing of the WebSocket */
const CLOSE_TIMEOUT = 1500;

/** WebSocket close codes: a proper end, and the gateway's word for a newer login of the same client. */
const NORMAL_CLOSURE = 1000;
const SUPERSEDED = 4001;

/** Says with a login that what is taken will be acknowledged. A 0.7.0 gateway ignores it. */
const ACKNOWLEDGES = { acknowledgements: true };

interface Request {
  resolve(answer: GatewayAnswer): void;
  reject(error: PeapError): void;
}

/**
 * One WebSocket to a gateway (spec §5). Every request, a packet included, gets one answer, and answers come in the order
 * of requests: that is how they are paired.
 */
export class GatewayConnection {
  readonly #socket: WebSocket;
  readonly #onFrame: (contents: Uint8Array) => void;
  readonly #ended = Promise.withResolvers<PeapError>();
  /** Unanswered ones. Bounded by the callers, each of which waits for its answer. All are rejected at the end. */
  readonly #requests: Request[] = [];
  #silence: ReturnType<typeof setTimeout> | undefined;
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
   * @param onFrame gets the contents of every binary frame, in order, until the connection ends or is closed
   * @param signal gives up the opening
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
    const late = () => connection.#giveUp(`The gateway did not open the connection in ${OPEN_TIMEOUT} ms`);
    const aborted = () => connection.#giveUp("The client was closed");
    const timer = setTimeout(late, OPEN_TIMEOUT);
    signal.addEventListener("abort", aborted);
    const failed = connection.ended.then((reason) => Promise.reject(reason));
    await Promise.race([opened.promise, failed]).finally(() => {
      clearTimeout(timer);
      signal.removeEventListener("abort", aborted);
    });
    return connection;
  }

  /** Resolves, once the connection is no more, with what to tell those who wanted something of it. */
  get ended(): Promise<PeapError> {
    return this.#ended.promise;
  }

  /**
   * Asks for something to prove oneself with; undefined if the gateway does not know that, as one of 0.7.0.
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
   * Makes this client known to the gateway.
   *
   * @param address base58
   * @param proof base58; of the private key of the address. With it a client that is known already gets its token again.
   * @throws PeapError of kind `gateway` with the gateway's reason, or `connection`
   */
  async register(address: string, proof?: string): Promise<{ token: string; acknowledgements: boolean }> {
    const answer = await this.#request(JSON.stringify({ type: "register", address, proof, ...ACKNOWLEDGES }));
    if (answer.type !== "register") throw refusal(answer);
    return answer;
  }

  /**
   * Says who this client is. `status` is false if the token is not the one that this gateway gave for the address.
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
   * Hands a packet to the gateway; resolves when that has answered, with whether it took the packet: it does not when
   * too many wait for the same mixnode. As each caller waits for the answer, the socket's `bufferedAmount` is at most
   * theirs.
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

  /** Tells the gateway that so many frames of this connection were taken. It gives no answer to that. */
  acknowledge(frames: number): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type: "received", frames }));
  }

  /** Ends the connection, and waits for the gateway to agree, but not for long. From now on there are no more frames. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#socket.close(NORMAL_CLOSURE);
    const timer = setTimeout(() => this.#end("the gateway did not answer its closing"), CLOSE_TIMEOUT);
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
    if (this.#requests.length === 1) this.#awaitWord();
    return promise;
  }

  #received(data: unknown): void {
    if (typeof data === "string") this.#answered(data);
    this.#awaitWord();
    if (data instanceof ArrayBuffer && !this.#isClosing) this.#onFrame(new Uint8Array(data));
  }

  #answered(text: string): void {
    const answer = parseAnswer(text);
    const request = this.#requests.shift();
    if (answer && request) return request.resolve(answer);
    const why = answer?.type === "error" ? answer.message : "The gateway's answers do not fit what it was asked";
    request?.reject(new PeapError("connection", why));
    this.#giveUp(why);
  }

  /** Starts the time again in which the gateway has to say something, if it has something to say. */
  #awaitWord(): void {
    clearTimeout(this.#silence);
    if (this.#requests.length === 0) return;
    this.#silence = setTimeout(
      () => this.#giveUp(`The gateway gave no answer in ${ANSWER_TIMEOUT} ms`),
      ANSWER_TIMEOUT,
    );
  }

  /** A WebSocket to a dead peer takes its time to close: nobody should wait for it. */
  #giveUp(why: string): void {
    this.#socket.close();
    this.#end(why);
  }

  #end(why: string, kind: "superseded" | "connection" = "connection"): void {
    clearTimeout(this.#silence);
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
  return new PeapError("gateway", `The gateway's answer is of another kind: ${answer.type}`);
}
