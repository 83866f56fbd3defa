import { formatSocketAddress, type SocketAddress } from "../../src/addresses/socket_address.ts";

/** The longest wait for a frame, in ms. Only failing tests wait that long. */
const PATIENCE = 10_000;

/** A client that returns every received frame, in order. */
export class TestClient {
  /** how the connection ended, once it has */
  readonly closed: Promise<CloseEvent>;
  readonly #socket: WebSocket;
  readonly #frames: (string | Uint8Array<ArrayBuffer>)[] = [];
  #arrived = Promise.withResolvers<void>();

  private constructor(socket: WebSocket, trust: Deno.HttpClient | undefined) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      this.#frames.push(typeof data === "string" ? data : new Uint8Array(data));
      this.#wake();
    };
    const closed = Promise.withResolvers<CloseEvent>();
    this.closed = closed.promise;
    socket.onclose = (event) => {
      trust?.close();
      closed.resolve(event);
      this.#wake();
    };
  }

  /** With TLS if there is a certificate to trust, in PEM. */
  static async connect(address: SocketAddress, trusted?: string): Promise<TestClient> {
    const trust = trusted === undefined ? undefined : Deno.createHttpClient({ caCerts: [trusted] });
    const url = `${trust === undefined ? "ws" : "wss"}://${formatSocketAddress(address)}`;
    const socket = new WebSocket(url, { client: trust } as unknown as string[]); // missing in the types
    const client = new TestClient(socket, trust);
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
    if (typeof frame !== "string") throw new Error("expected an answer, but received a message");
    return JSON.parse(frame);
  }

  /** The next frame, which must be binary. */
  async message(): Promise<Uint8Array<ArrayBuffer>> {
    const frame = await this.next();
    if (typeof frame === "string") throw new Error(`expected a message, but received ${frame}`);
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
      if (this.#socket.readyState === WebSocket.CLOSED) throw new Error("the connection ended without another frame");
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, end - Date.now());
      await Promise.race([this.#arrived.promise, late]);
      clearTimeout(timer);
      if (Date.now() >= end) throw new Error(`no frame arrived within ${PATIENCE} ms`);
    }
    return this.#frames.shift()!;
  }

  /** Received frames that have not been taken. */
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
