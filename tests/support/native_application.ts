/** ms that a client has to let its application in, and between two attempts */
const OPEN_TIMEOUT = 5000;
const RETRY_INTERVAL = 50;

/** An application of a 0.7.0 native client, over its local WebSocket (spec §7). It ends with its scope. */
export class NativeApplication implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #closed = Promise.withResolvers<void>();
  /** Frames that no one asked for yet. */
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

  /** `url` is ws://127.0.0.1:port. A client that has just said that it is ready may not listen yet: it is tried again. */
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

  /** The client's address: `<client base58>@<gateway base58>`. To be asked before messages arrive. */
  async address(): Promise<string> {
    this.#socket.send(JSON.stringify({ type: "selfAddress" }));
    const answer = JSON.parse(await this.#next() as string) as { type: string; address: string };
    if (answer.type !== "selfAddress") throw new Error(`The native client answered with ${answer.type}`);
    return answer.address;
  }

  sendText(recipient: string, message: string): void {
    this.#socket.send(JSON.stringify({ type: "send", message, recipient }));
  }

  /** `recipient` is the client's and its gateway's key: 64 bytes. */
  sendBinary(recipient: Uint8Array, data: Uint8Array): void {
    const request = new Uint8Array(recipient.length + data.length);
    request.set(recipient);
    request.set(data, recipient.length);
    this.#socket.send(request);
  }

  /** The next message that the client received. It comes as text or as bytes, as the client sees fit. */
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

/** How the client answers to what it was given to send. */
const SENT = '{"type":"send"}';

function closed(): Error {
  return new Error("The native client closed the connection of its application");
}
