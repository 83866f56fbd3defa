import { setImmediate } from "node:timers";
import { encodeBase58 } from "../encoding/base58.ts";
import { logger } from "../log.ts";
import { type ClientId, clientId } from "../mailbox/client_id.ts";
import type { InboxReader } from "../mailbox/inbox_reader.ts";
import type { SocketAddress } from "../sphinx/node_address.ts";
import { Delivery } from "./delivery.ts";
import { answer } from "./messages.ts";
import { interpret } from "./session.ts";
import { deriveToken, isTokenOf } from "./token.ts";

const log = logger("nym_gateway::node::client_handling::websocket::connection_handler");

/** What became of a packet that a client wanted to send. */
export type Forwarding = "queued" | "full" | "refused";

/** What connections have in common. */
export interface ConnectionContext {
  readonly privateKey: Uint8Array;
  readonly allowReRegistration: boolean;
  isRegistered(id: ClientId): boolean;
  /** false when the client is registered already; resolves once it is on the disk */
  register(id: ClientId): Promise<boolean>;
  openInbox(id: ClientId, nudge: () => void): InboxReader;
  forward(to: SocketAddress, packet: Uint8Array): Forwarding;
  /** The client has proven who it is: from now on it is this connection that gets its messages. */
  loggedIn(id: ClientId, connection: Connection): void;
  ended(connection: Connection): void;
  count(name: string, n?: number): void;
}

/** The socket is given no more once it buffers this many bytes. */
const MAX_BUFFERED = 256 * 1024;
/** What the socket buffers is asked for after this many bytes. */
const LOOK_EVERY = 32 * 1024;
/** While the client does not read, the socket is looked at again after 1, 2, 4 … ms, up to this many. */
const MAX_STALL_DELAY = 250;
/** Frames of the client that wait while its login is written; a client with more does not wait for answers. */
const MAX_WAITING_FRAMES = 64;

/** WebSocket close codes (RFC 6455 §7.4.1); 4000 and up are free for applications. */
export const CloseCode = { GOING_AWAY: 1001, POLICY: 1008, TOO_BIG: 1009, FAILED: 1011, SUPERSEDED: 4001 } as const;

/** Deno's words for an end of the stream that came without a close frame, after all was read. */
const END_OF_STREAM = "Unexpected EOF";

/** One client's WebSocket, from the upgrade to its end. */
export class Connection {
  readonly openedAt = performance.now();
  readonly #delivery = new Delivery();
  #id: ClientId | undefined;
  #reader: InboxReader | undefined;
  #login: Promise<void> | undefined;
  /** frames that came during a login; they end with the connection */
  readonly #waiting: (string | Uint8Array)[] = [];
  #pumping: Promise<void> | undefined;
  #nudged = false;
  #endOfStream = false;
  #ended = false;

  constructor(private readonly socket: WebSocket, private readonly context: ConnectionContext) {
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => this.#receive(typeof data === "string" ? data : new Uint8Array(data));
    socket.onerror = (event) => this.#endOfStream = (event as ErrorEvent).message === END_OF_STREAM;
    socket.onclose = ({ wasClean }) => this.#end(wasClean || this.#endOfStream);
  }

  /** The client that has logged in, if one has. */
  get id(): ClientId | undefined {
    return this.#id;
  }

  /** Pushes a message that is not stored, unless the client does not keep up. Says whether it did. */
  pushUnstored(message: Uint8Array): boolean {
    if (this.#reader === undefined || !this.#isOpen() || this.socket.bufferedAmount > MAX_BUFFERED) return false;
    this.#send(message);
    return true;
  }

  /** To be called a few times a second: time alone confirms deliveries too. */
  tick(now: number): void {
    // Not by us (that is the end at once): a ping was not answered. Nor does such a socket say what it buffers.
    if (this.socket.readyState === WebSocket.CLOSING) this.#end(false);
    else if (this.#delivery.open) this.#confirm(this.#delivery.observe(this.socket.bufferedAmount, now));
  }

  /** Ends the connection; what was not confirmed until now stays for the next login. */
  close(code: number, reason: string): void {
    this.#end(false);
    // A socket that is still connecting (its upgrade was just answered) cannot be given a reason.
    if (this.socket.readyState === WebSocket.OPEN) this.socket.close(code, reason);
    else if (this.socket.readyState === WebSocket.CONNECTING) {
      this.socket.onopen = () => this.socket.close(code, reason);
    }
  }

  /** Resolves when nothing goes on any more, once the connection has ended. */
  async idle(): Promise<void> {
    await this.#login;
    await this.#pumping;
  }

  #isOpen(): boolean {
    return !this.#ended && this.socket.readyState === WebSocket.OPEN;
  }

  /** Frames are handled one after the other. */
  #receive(frame: string | Uint8Array): void {
    if (this.#ended) return;
    this.#confirm(this.#delivery.alive(performance.now()));
    if (this.#login === undefined) this.#handle(frame);
    else if (this.#waiting.push(frame) > MAX_WAITING_FRAMES) {
      this.close(CloseCode.POLICY, "too many requests before an answer");
    }
  }

  #handle(frame: string | Uint8Array): void {
    const action = interpret(this.#id !== undefined, frame);
    switch (action.kind) {
      case "forward":
        return this.#forward(action.to, action.packet);
      case "received":
        return this.#confirm(this.#delivery.received(action.frames));
      case "register":
        return this.#await(this.#register(action.address));
      case "authenticate":
        return this.#await(this.#authenticate(action.address, action.token));
      case "error":
        this.context.count("requests_malformed");
        return this.#reply(answer.error(action.message));
      case "close":
        this.context.count("requests_too_big");
        this.#reply(answer.error(action.message));
        return this.close(CloseCode.TOO_BIG, "request too big");
    }
  }

  /** A login takes time, as it is written before it is answered. */
  #await(login: Promise<void>): void {
    this.#login = login.catch((error) => {
      log.error(`a client's login failed: ${error}`);
      this.#reply(answer.error("unexpected failure"));
    }).then(() => {
      this.#login = undefined;
      while (this.#waiting.length > 0 && this.#login === undefined && !this.#ended) {
        this.#handle(this.#waiting.shift()!);
      }
    });
  }

  async #register(address: Uint8Array): Promise<void> {
    const id = clientId(address);
    const isNew = await this.context.register(id);
    if (!isNew && !this.context.allowReRegistration) {
      this.context.count("registrations_refused");
      this.#reply(answer.error("client is already registered"));
      return;
    }
    this.context.count("registrations");
    this.#logIn(id, answer.registered(encodeBase58(deriveToken(this.context.privateKey, address))));
  }

  async #authenticate(address: Uint8Array, token: Uint8Array): Promise<void> {
    if (!isTokenOf(this.context.privateKey, address, token)) {
      this.context.count("authentications_refused");
      this.#reply(answer.refused());
      return;
    }
    const id = clientId(address);
    // Tokens are derived, so a ledger that does not know the client is one that was lost or is another gateway's.
    if (!this.context.isRegistered(id)) await this.context.register(id);
    this.context.count("authentications");
    this.#logIn(id, answer.authenticated());
  }

  #logIn(id: ClientId, reply: string): void {
    if (!this.#isOpen()) return; // it left while its login was written
    this.#reply(reply); // before any stored message
    this.#id = id;
    this.context.loggedIn(id, this);
    this.#reader = this.context.openInbox(id, () => this.#pump());
    this.#pump();
  }

  #forward(to: SocketAddress, packet: Uint8Array): void {
    const forwarding = this.context.forward(to, packet);
    if (forwarding === "refused") {
      this.#reply(answer.error("the packet's first mixnode is not in the current topology"));
    } else this.#reply(answer.sent(forwarding === "queued"));
  }

  /** Pushes what the inbox holds, at the pace at which the client reads. */
  #pump(): void {
    this.#nudged = true;
    this.#pumping ??= this.#push().catch((error) => {
      log.error(`cannot read stored messages: ${error}`);
      this.close(CloseCode.FAILED, "cannot read stored messages");
    });
  }

  async #push(): Promise<void> {
    const reader = this.#reader!;
    let sent = 0;
    while (this.#nudged) {
      this.#nudged = false;
      for (let messages = await reader.next(); messages.length > 0; messages = await reader.next()) {
        for (const { message, sequence } of messages) {
          if (sent >= LOOK_EVERY) {
            if (this.socket.bufferedAmount > MAX_BUFFERED) await this.#drained();
            sent = 0;
          }
          if (!this.#isOpen()) return;
          this.#send(message, sequence);
          sent += message.length + 2;
        }
        this.context.count("messages_pushed", messages.length);
        await new Promise((resolve) => setImmediate(resolve)); // others have their turn, and the socket is flushed
      }
    }
    this.#pumping = undefined; // in the very turn in which there is no nudge, so that the next one starts it again
  }

  async #drained(): Promise<void> {
    for (let delay = 1; this.#isOpen() && this.socket.bufferedAmount > MAX_BUFFERED / 2; delay *= 2) {
      // At first by turns of the event loop, as a timer would leave a fast reader idle.
      if (delay <= 16) await new Promise((resolve) => setImmediate(resolve));
      else await new Promise((resolve) => setTimeout(resolve, Math.min(delay / 16, MAX_STALL_DELAY)));
    }
  }

  #send(message: Uint8Array, sequence?: number): void {
    this.socket.send(message as Uint8Array<ArrayBuffer>);
    this.#delivery.push(message.length, sequence);
  }

  #reply(text: string): void {
    if (this.#isOpen()) this.socket.send(text);
  }

  #confirm(sequence: number | undefined): void {
    if (sequence !== undefined) this.#reader?.confirm(sequence);
  }

  #end(properly: boolean): void {
    if (this.#ended) return;
    if (properly) this.#confirm(this.#delivery.ended(performance.now()));
    this.#ended = true;
    this.#reader?.close();
    this.context.ended(this);
  }
}
