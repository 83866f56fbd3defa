import { formatSocketAddress, type SocketAddress } from "../../src/addresses/socket_address.ts";

/** Longest wait (ms) for a frame: only a test that fails waits so long. */
const PATIENCE = 10_000;

/** A client of a gateway that shows every frame it gets, in order. */
export class TestClient {
  /** how the connection ended, once it has */
  readonly closed: Promise<CloseEvent>;
  readonly #socket: WebSocket;
  readonly #frames: (string | Uint8Array<ArrayBuffer>)[] = [];
  #arrived = Promise.withResolvers<void>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      this.#frames.push(typeof data === "string" ? data : new Uint8Array(data));
      this.#wake();
    };
    const closed = Promise.withResolvers<CloseEvent>();
    this.closed = closed.promise;
    socket.onclose = (event) => {
      closed.resolve(event);
      this.#wake();
    };
  }

  static async connect(address: SocketAddress): Promise<TestClient> {
    const socket = new WebSocket(`ws://${formatSocketAddress(address)}`);
    const client = new TestClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = (event) => reject(new Error((event as ErrorEvent).message));
    });
    socket.onerror = null;
    return client;
  }

  send(frame: string | Uint8Array): void {
    this.#socket.send(frame as string | Uint8Array<ArrayBuffer>);
  }

  /** Sends a control message; resolves with the next text frame's JSON. */
  async request(message: unknown): Promise<unknown> {
    this.send(JSON.stringify(message));
    return await this.answer();
  }

  /** The JSON of the next frame, which must be text. */
  async answer(): Promise<unknown> {
    const frame = await this.next();
    if (typeof frame !== "string") throw new Error("a message came where an answer was expected");
    return JSON.parse(frame);
  }

  /** The next frame, which must be binary. */
  async message(): Promise<Uint8Array<ArrayBuffer>> {
    const frame = await this.next();
    if (typeof frame === "string") throw new Error(`${frame} came where a message was expected`);
    return frame;
  }

  async messages(count: number): Promise<Uint8Array<ArrayBuffer>[]> {
    const messages = [];
    while (messages.length < count) messages.push(await this.message());
    return messages;
  }

  async next(): Promise<string | Uint8Array<ArrayBuffer>> {
    const end = Date.now() + PATIENCE;
    while (this.#frames.length === 0) {
      if (this.#socket.readyState === WebSocket.CLOSED) throw new Error("the connection ended without a further frame");
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, end - Date.now());
      await Promise.race([this.#arrived.promise, late]);
      clearTimeout(timer);
      if (Date.now() >= end) throw new Error(`no frame came within ${PATIENCE} ms`);
    }
    return this.#frames.shift()!;
  }

  /** What has come and was not asked for. */
  get unread(): readonly (string | Uint8Array)[] {
    return this.#frames;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.closed;
  }

  #wake(): void {
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers();
  }
}
