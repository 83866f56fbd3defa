import type { CounterName } from "../counting/counter_table.ts";
import { pause } from "../timing/pause.ts";
import { encodeBase58 } from "../encoding/base58.ts";
import { logger } from "../logging/log.ts";
import { type ClientId, clientId } from "../mailbox/client_id.ts";
import type { Registration } from "../mailbox/ledger.ts";
import type { InboxReader } from "../mailbox/inbox_reader.ts";
import type { SocketAddress } from "../addresses/socket_address.ts";
import type { Admission, RegistrationLimit } from "./admission.ts";
import { MAX_MESSAGE_SIZE } from "./front/frame_guard.ts";
import { answer, type LoginOptions } from "./messages.ts";
import { isProofOf, newChallenge, type OpenChallenge } from "../protocol/proof.ts";
import { Pushing, type PushingContext } from "./pushing.ts";
import { interpret } from "./session.ts";
import { deriveToken, isTokenOf } from "./token.ts";
import type { MessageSocket, SocketEvents, SocketRefusal } from "./websocket.ts";

const log = logger("nym_gateway::node::client_handling::websocket::connection_handler");

/** What became of a packet that a client wanted to send. */
export type Forwarding = "queued" | "full" | "refused";

/** What connections have in common. */
export interface ConnectionContext extends PushingContext {
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly allowReRegistration: boolean;
  /** whether a client must prove that it has its address's private key in order to register */
  readonly requireProof: boolean;
  readonly admission: Admission;
  /** ms until a wrong token or proof is answered */
  readonly wrongTokenDelay: number;
  isRegistered(id: ClientId): boolean;
  /** resolves once it is on the disk */
  register(id: ClientId): Promise<Registration>;
  /** the client has come back, registered or not; false when there may be no more. Resolves once it is on the disk */
  establish(id: ClientId): Promise<boolean>;
  openInbox(id: ClientId, nudge: () => void): InboxReader;
  forward(to: SocketAddress, packet: Uint8Array): Forwarding;
  /**
   * The client has proven who it is: from now on it is this connection that gets its messages. false: there is no place
   * for it, so it is not logged in.
   */
  loggedIn(id: ClientId, connection: Connection): boolean;
  ended(connection: Connection): void;
}

/** Frames of the client that wait while its login is written; a client with more does not wait for answers. */
const MAX_WAITING_FRAMES = 64;

/**
 * A client that asks on and on has so many bytes of answers waiting in memory, or a little less, besides those of messages
 * (pushing.ts) and what the system has taken: thousands of answers.
 */
const MAX_UNREAD_ANSWERS = 131_072;
/** A client may make so many requests before it has logged in. */
const MAX_REQUESTS_BEFORE_LOGIN = 100;

const TOO_MANY: Readonly<Record<RegistrationLimit, string>> = {
  network: "too many registrations from this network, try again later",
  total: "too many registrations, try again later",
};

/** WebSocket close codes (RFC 6455 §7.4.1); 4000 and up are free for applications. */
export const CloseCode = {
  GOING_AWAY: 1001,
  PROTOCOL_ERROR: 1002,
  INVALID_TEXT: 1007,
  POLICY: 1008,
  TOO_BIG: 1009,
  FAILED: 1011,
  SUPERSEDED: 4001,
} as const;

const TOO_FAST = "too many requests a second";

/** What a client is told whose frames are refused, before and in the close frame. */
const REFUSALS: Readonly<Record<SocketRefusal, { code: number; reason: string; answer?: string }>> = {
  "malformed": { code: CloseCode.PROTOCOL_ERROR, reason: "not a frame of a WebSocket client" },
  "invalid text": { code: CloseCode.INVALID_TEXT, reason: "text that is not UTF-8" },
  "too big": {
    code: CloseCode.TOO_BIG,
    reason: "request too big",
    answer: answer.error(`a request may have ${MAX_MESSAGE_SIZE} bytes, this one has more`),
  },
  "flooding": { code: CloseCode.POLICY, reason: TOO_FAST, answer: answer.error(TOO_FAST) },
};

/** One client's connection, from its acceptance to its end. */
export class Connection {
  readonly openedAt = performance.now();
  #usefulAt = this.openedAt;
  #id: ClientId | undefined;
  /** once it has logged in */
  #pushing: Pushing | undefined;
  #login: Promise<void> | undefined;
  /** frames that came during a login; they end with the connection */
  readonly #waiting: (string | Uint8Array)[] = [];
  #ended = false;
  #requests = 0;
  #challenge: OpenChallenge | undefined;
  /** once it has been refused */
  #refused: AbortController | undefined;

  constructor(
    private readonly socket: MessageSocket,
    /** where it comes from, as limits count it */
    readonly network: string,
    private readonly context: ConnectionContext,
  ) {}

  /** What the socket is to report. */
  readonly events: SocketEvents = {
    message: (message) => this.#receive(message),
    ping: (payload) => {
      if (this.#ended) return;
      this.socket.pong(payload);
      this.#boundAnswers();
    },
    pong: (payload) => {
      const isAnswer = this.#pushing?.pong(payload) ?? false;
      if (isAnswer) this.#usefulAt = performance.now();
      return isAnswer;
    },
    refused: (why) => {
      if (this.#ended) return;
      if (why === "invalid text") this.context.count("requests_malformed");
      const { code, reason, answer } = REFUSALS[why];
      if (answer !== undefined) this.#reply(answer);
      this.close(code, reason);
    },
    ended: () => this.#end(),
  };

  /** When it last sent something, or showed that it had got something, in ms of performance.now(). */
  get usefulAt(): number {
    return this.#usefulAt;
  }

  /** The client that has logged in, if one has. */
  get id(): ClientId | undefined {
    return this.#id;
  }

  /** Pushes a message that is not stored, unless the client does not keep up. Says whether it did. */
  pushUnstored(message: Uint8Array): boolean {
    return this.#pushing?.pushUnstored(message) ?? false;
  }

  /** To be called a few times a second. */
  tick(now: number): void {
    if (this.#ended || this.#pushing === undefined) return;
    this.#pushing.tick(now);
    if (!this.#pushing.isGone(now)) return;
    this.context.count("clients_silent");
    this.close(CloseCode.GOING_AWAY, "no answer to a ping", 0);
  }

  /**
   * Ends the connection; what was not confirmed until now stays for the next login. The client may have `farewell` ms to
   * answer, by default as many as a socket grants.
   */
  close(code: number, reason: string, farewell?: number): void {
    this.#end();
    this.socket.close(code, reason, farewell);
  }

  /** Resolves when nothing goes on here any more, once the connection has ended. */
  async idle(): Promise<void> {
    await this.#login;
    await this.#pushing?.idle();
  }

  /** Resolves when the system too has nothing left of it. */
  get gone(): Promise<void> {
    return this.socket.gone;
  }

  #isOpen(): boolean {
    return !this.#ended && this.socket.isOpen;
  }

  /** Frames are handled one after the other. */
  #receive(frame: string | Uint8Array): void {
    if (this.#ended) return;
    this.#usefulAt = performance.now();
    if (this.#login === undefined) this.#handle(frame);
    else if (this.#waiting.push(frame) > MAX_WAITING_FRAMES) {
      this.close(CloseCode.POLICY, "too many requests before an answer");
    }
  }

  #handle(frame: string | Uint8Array): void {
    if (this.#id === undefined && ++this.#requests > MAX_REQUESTS_BEFORE_LOGIN) {
      return this.close(CloseCode.POLICY, "too many requests before a login");
    }
    const action = interpret(this.#id !== undefined, frame);
    switch (action.kind) {
      case "forward":
        return this.#forward(action.to, action.packet);
      case "received":
        return this.#pushing?.received(action.frames);
      case "register":
        return this.#await(this.#register(action.address, action.proof, action));
      case "challenge":
        return this.#challengeIt();
      case "authenticate":
        return this.#await(this.#authenticate(action.address, action.token, action));
      case "error":
        this.context.count("requests_malformed");
        return this.#reply(answer.error(action.message));
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

  /** Who asks again without an answer gets the same one: a new key pair takes longer than all else that a stranger may ask. */
  #challengeIt(): void {
    this.#challenge ??= newChallenge();
    this.#reply(answer.challenge(encodeBase58(this.#challenge.nonce), encodeBase58(this.#challenge.publicKey)));
  }

  async #register(address: Uint8Array, proof: Uint8Array | undefined, options: LoginOptions): Promise<void> {
    const { context } = this;
    const id = clientId(address);
    if (proof !== undefined && !this.#isProven(address, proof)) {
      return await this.#refuse("proofs_refused", answer.error("wrong proof"));
    }
    if (proof === undefined && context.requireProof) {
      context.count("registrations_refused_without_proof");
      return this.#reply(answer.error("registration requires a proof of the address's private key"));
    }
    if (proof === undefined || !context.isRegistered(id)) {
      const refusal = context.admission.register(this.network, performance.now());
      if (refusal === "network") context.count("registrations_limited_network");
      else if (refusal === "total") context.count("registrations_limited_total");
      if (refusal !== undefined) return this.#reply(answer.error(TOO_MANY[refusal]));
    }
    const registration = await context.register(id);
    if (registration === "full") return this.#refuseAsFull();
    if (registration === "known" && proof === undefined && !context.allowReRegistration) {
      context.count("registrations_refused");
      return this.#reply(answer.error("client is already registered"));
    }
    if (registration === "known") await context.establish(id);
    context.count("registrations");
    this.#logIn(id, answer.registered(encodeBase58(deriveToken(context.privateKey, address))), options);
  }

  #refuseAsFull(): void {
    this.context.count("registrations_limited_total");
    this.#reply(answer.error(TOO_MANY.total));
  }

  /** A challenge is good for one answer. */
  #isProven(address: Uint8Array, proof: Uint8Array): boolean {
    const challenge = this.#challenge;
    this.#challenge = undefined;
    return challenge !== undefined && isProofOf(challenge, address, this.context.publicKey, proof);
  }

  /** Guessing takes time, and a network that does it often loses its connections. */
  async #refuse(counter: CounterName, reply: string): Promise<void> {
    this.context.count(counter);
    const mayGoOn = this.context.admission.wrongToken(this.network, performance.now());
    await pause(this.context.wrongTokenDelay, (this.#refused ??= new AbortController()).signal);
    this.#reply(reply);
    if (mayGoOn || this.#ended) return;
    this.context.count("guessers_closed");
    this.close(CloseCode.POLICY, "too many wrong tokens from this network");
  }

  async #authenticate(address: Uint8Array, token: Uint8Array, options: LoginOptions): Promise<void> {
    if (!isTokenOf(this.context.privateKey, address, token)) {
      return await this.#refuse("authentications_refused", answer.refused());
    }
    const id = clientId(address);
    // Tokens are derived, so a client that the ledger does not know has left it, or the ledger was lost.
    if (!await this.context.establish(id)) return this.#refuseAsFull();
    this.context.count("authentications");
    this.#logIn(id, answer.authenticated(), options);
  }

  #logIn(id: ClientId, reply: string, { acknowledges }: LoginOptions): void {
    if (!this.#isOpen()) return; // it left while its login was written
    if (!this.context.loggedIn(id, this)) return this.close(CloseCode.POLICY, "too many clients");
    this.#reply(reply); // before any stored message
    this.#id = id;
    const reader = this.context.openInbox(id, () => this.#pushing!.nudge());
    this.#pushing = new Pushing(this.socket, reader, this.context, (error) => {
      log.error(`cannot read stored messages: ${error}`);
      this.close(CloseCode.FAILED, "cannot read stored messages");
    });
    if (acknowledges) this.#pushing.received(0);
    this.#pushing.nudge();
  }

  #forward(to: SocketAddress, packet: Uint8Array): void {
    const forwarding = this.context.forward(to, packet);
    if (forwarding === "refused") {
      this.#reply(answer.error("the packet's first mixnode is not in the current topology"));
    } else this.#reply(answer.sent(forwarding === "queued"));
  }

  #reply(text: string): void {
    if (!this.#isOpen()) return;
    this.socket.send(text);
    this.#boundAnswers();
  }

  #boundAnswers(): void {
    if (this.socket.bufferedAmount <= this.context.slowClientBytes + MAX_UNREAD_ANSWERS) return;
    this.context.count("client_answers_ignored");
    this.close(CloseCode.POLICY, "answers are not read");
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#refused?.abort();
    this.#pushing?.end();
    this.context.ended(this);
  }
}
