import type { SocketAddress } from "../../../src/addresses/socket_address.ts";
import { RawClient } from "../../support/raw_client.ts";
import { clientFrame, Opcode, WebSocketFrames } from "./websocket_frames.ts";

const READ_SIZE = 32_768;

/**
 * A client that costs as little as possible, because it shares the cores with the measured gateway. It only answers
 * pings and passes on received messages.
 */
export class LoadClient {
  readonly #raw: RawClient;
  readonly #ended: Promise<void>;
  readonly #answer = Promise.withResolvers<Record<string, unknown>>();

  private constructor(raw: RawClient, onMessages: (messages: Uint8Array[]) => void) {
    this.#raw = raw;
    this.#ended = this.#read(onMessages);
  }

  /**
   * Registers, or authenticates if there is a token; resolves with the token. `address`, `token`: base58. `onMessages`
   * is called with the messages of each read, which are valid during the call.
   */
  static async logIn(
    gateway: SocketAddress,
    address: string,
    token: string | undefined,
    onMessages: (messages: Uint8Array[]) => void,
  ): Promise<{ client: LoadClient; token: string }> {
    const client = new LoadClient(await RawClient.connect(gateway), onMessages);
    const request = token === undefined ? { type: "register", address } : { type: "authenticate", address, token };
    await client.#send(Opcode.TEXT, new TextEncoder().encode(JSON.stringify(request)));
    const answer = await client.#answer.promise;
    if (answer["status"] === true) return { client, token: token! };
    if (typeof answer["token"] === "string") return { client, token: answer["token"] };
    throw new Error(`a login failed: ${JSON.stringify(answer)}`);
  }

  /** Closes the connection properly. */
  async close(): Promise<void> {
    await this.#send(Opcode.CLOSE, Uint8Array.of(1000 >> 8, 1000 & 0xff)).catch(() => {}); // closed already
    await this.#ended;
  }

  async #read(onMessages: (messages: Uint8Array[]) => void): Promise<void> {
    const frames = new WebSocketFrames();
    const buffer = new Uint8Array(READ_SIZE);
    for (;;) {
      const length = await this.#raw.connection.read(buffer).catch(() => null);
      if (length === null) break;
      const messages: Uint8Array[] = [];
      for (const { opcode, payload } of frames.push(buffer.subarray(0, length))) {
        if (opcode === Opcode.BINARY) messages.push(payload);
        else if (opcode === Opcode.PING) await this.#send(Opcode.PONG, payload.slice());
        else if (opcode === Opcode.TEXT) this.#answer.resolve(JSON.parse(new TextDecoder().decode(payload)));
      }
      if (messages.length > 0) onMessages(messages);
    }
    this.#answer.reject(new Error("the gateway closed the connection before the login"));
    this.#answer.promise.catch(() => {}); // not awaited after the login
    this.#raw[Symbol.dispose]();
  }

  async #send(opcode: number, payload: Uint8Array): Promise<void> {
    const frame = clientFrame(opcode, payload);
    for (let at = 0; at < frame.length;) at += await this.#raw.connection.write(frame.subarray(at));
  }
}
