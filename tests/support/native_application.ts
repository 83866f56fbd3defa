/** ms for a client to accept its application, and ms between two attempts */
const OPEN_TIMEOUT = 5000;
const RETRY_INTERVAL = 50;

/** An application of a 0.7.0 native client, over its local WebSocket (spec §7). Ends with its scope. */
export class NativeApplication implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #closed = Promise.withResolvers<void>();
  /** Received frames that nobody has asked for yet. */
  readonly #frames: (string | Uint8Array)[] = [];
  #arrived = Promise.withResolvers<void>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      this.#frames.push(typeof data === "string" ? data : new Uint8Array(data));
      this.#wake();
    };
    socket.onclose = () => {
      this.#closed.resolve();
      this.#wake();
    };
  }

  /** `url` is ws://127.0.0.1:port. Retries, because a client reports that it is ready before it listens. */
  static async open(url: string): Promise<NativeApplication> {
    const deadline = performance.now() + OPEN_TIMEOUT;
    for (;;) {
      const socket = new WebSocket(url);
      const application = new NativeApplication(socket);
      const opened = Promise.withResolvers<void>();
      socket.onopen = () => opened.resolve();
      await Promise.race([opened.promise, application.#closed.promise]);
      if (socket.readyState === WebSocket.OPEN) return application;
      if (performance.now() > deadline) throw closed();
      await new Promise((resolve) => setTimeout(resolve, RETRY_INTERVAL));
    }
  }

  /** The client's address: `<client base58>@<gateway base58>`. Ask before messages arrive. */
  async address(): Promise<string> {
    this.#socket.send(JSON.stringify({ type: "selfAddress" }));
    const answer = JSON.parse(await this.#next() as string) as { type: string; address: string };
    if (answer.type !== "selfAddress") throw new Error(`The native client answered ${answer.type}`);
    return answer.address;
  }

  sendText(recipient: string, message: string): void {
    this.#socket.send(JSON.stringify({ type: "send", message, recipient }));
  }

  /** `recipient` is the client's key followed by its gateway's: 64 bytes. */
  sendBinary(recipient: Uint8Array, data: Uint8Array): void {
    const request = new Uint8Array(recipient.length + data.length);
    request.set(recipient);
    request.set(data, recipient.length);
    this.#socket.send(request);
  }

  /** The next message that the client received. The client decides whether it is text or bytes. */
  async received(): Promise<Uint8Array> {
    for (;;) {
      const frame = await this.#next();
      if (frame !== SENT) return typeof frame === "string" ? new TextEncoder().encode(frame) : frame;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.#closed.promise;
  }

  async #next(): Promise<string | Uint8Array> {
    while (this.#frames.length === 0) {
      if (this.#socket.readyState !== WebSocket.OPEN) throw closed();
      await this.#arrived.promise;
    }
    return this.#frames.shift()!;
  }

  #wake(): void {
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers();
  }
}

/** The client's answers to requests to send. */
const SENT = '{"type":"send"}';

function closed(): Error {
  return new Error("The native client closed the connection of its application");
}
