import type { CounterName } from "../counting/counter_table.ts";
import { pause } from "../timing/pause.ts";
import { encodeBase58 } from "../encoding/base58.ts";
import { logger } from "../logging/log.ts";
import { type ClientId, clientId } from "../mailbox/client_id.ts";
import type { Registration } from "../mailbox/ledger.ts";
import type { Inbox } from "../mailbox/message_store.ts";
import type { SocketAddress } from "../addresses/socket_address.ts";
import type { Admission, RegistrationLimit } from "./admission.ts";
import { MAX_MESSAGE_SIZE } from "./front/frame_guard.ts";
import { answer, type Credential, type LoginOptions } from "./messages.ts";
import { type Challenge, isProofOf, newChallenge, type OpenChallenge, proveGateway } from "../protocol/proof.ts";
import { Pushing, type PushingContext } from "./pushing.ts";
import { interpret } from "./session.ts";
import { deriveToken, isTokenOf } from "./token.ts";
import type { MessageSocket, SocketEvents, SocketRefusal } from "./websocket.ts";

const log = logger("nym_gateway::node::client_handling::websocket::connection_handler");

/**
 * The fate of a packet that a client wanted to send: `full` if the queue has no space for it, `refused` if its first
 * mixnode is not in the topology.
 */
export type Forwarding = "queued" | "full" | "refused";

/** What all connections share. Keys are X25519 keys of 32 bytes. */
export interface ConnectionContext extends PushingContext {
  /** the gateway's, from which clients' tokens are derived */
  readonly privateKey: Uint8Array;
  /** the gateway's, to which clients' proofs are bound */
  readonly publicKey: Uint8Array;
  /** whether a registered address may register again without a proof */
  readonly allowReRegistration: boolean;
  /** whether a client must prove that it has the private key of its address in order to register */
  readonly requireProof: boolean;
  /** limits on registrations and guesses, shared so that they hold across connections */
  readonly admission: Admission;
  /** ms before a wrong token or proof is answered */
  readonly wrongTokenDelay: number;
  /** whether the ledger knows the client */
  isRegistered(id: ClientId): boolean;
  /** registers the client; resolves once that is on the disk */
  register(id: ClientId): Promise<Registration>;
  /** the client has returned, registered or not; resolves once it is registered, with false if the ledger is full */
  establish(id: ClientId): Promise<boolean>;
  /**
   * reads the client's inbox from its start; `nudge` is called whenever it has more messages, `superseded` when the
   * client has logged in at another gateway. The caller closes it
   */
  openInbox(id: ClientId, nudge: () => void, superseded: () => void): Inbox;
  /** queues a packet for the mixnode at `to`; never waits */
  forward(to: SocketAddress, packet: Uint8Array): Forwarding;
  /**
   * The client is authenticated: from now on this connection gets its messages. Returns false if there is no place for
   * it, so that it is not logged in.
   */
  loggedIn(id: ClientId, connection: Connection): boolean;
  /** called once, when the connection handles no more frames; its socket may not be gone yet */
  ended(connection: Connection): void;
}

/** The most frames that wait while the client's login is written; a client that sends more is closed. */
const MAX_WAITING_FRAMES = 64;

/**
 * The most bytes of answers (thousands of them) that wait in memory for a client that does not read them, besides the
 * messages (pushing.ts) and what the operating system has taken.
 */
const MAX_UNREAD_ANSWERS = 131_072;
/** The most requests of a client that has not logged in. */
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

/** For a client whose frames are refused: the close frame, and the answer before it. */
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
  /** When it was accepted, in ms of performance.now(). */
  readonly openedAt: number = performance.now();
  #usefulAt = this.openedAt;
  #id: ClientId | undefined;
  /** set once it has logged in */
  #pushing: Pushing | undefined;
  #login: Promise<void> | undefined;
  /** frames that arrived during a login, at most MAX_WAITING_FRAMES; dropped when the connection ends */
  readonly #waiting: (string | Uint8Array)[] = [];
  #ended = false;
  #requests = 0;
  #challenge: OpenChallenge | undefined;
  #hasProvenItself = false;
  /** set once it has been refused; ends the delay before the answer */
  #refused: AbortController | undefined;

  /** `socket` must report to `events`, which may happen as soon as this returns. */
  constructor(
    private readonly socket: MessageSocket,
    /** the client's network, as limits count it */
    readonly network: string,
    private readonly context: ConnectionContext,
  ) {}

  /** Receives what the socket reports. */
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

  /** When it last sent a message, or answered one of our pings, in ms of performance.now(). */
  get usefulAt(): number {
    return this.#usefulAt;
  }

  /** The client that has logged in; undefined before. */
  get id(): ClientId | undefined {
    return this.#id;
  }

  /** Pushes a message that is not stored; returns false if there is no login yet or the client does not keep up. */
  pushUnstored(message: Uint8Array): boolean {
    return this.#pushing?.pushUnstored(message) ?? false;
  }

  /**
   * Must be called a few times a second as long as it returns true, and once a second otherwise, with `now` in ms of
   * performance.now(). Closes the connection of a silent client.
   */
  tick(now: number): boolean {
    if (this.#ended || this.#pushing === undefined) return true;
    this.#pushing.tick(now);
    if (!this.#pushing.isGone(now)) return this.#pushing.isUncertain;
    this.context.count("clients_silent");
    this.close(CloseCode.GOING_AWAY, "no answer to a ping", 0);
    return true;
  }

  /**
   * Ends the connection; messages not confirmed by now stay for the next login. The client has `farewell` ms to answer
   * the close frame, by default what the socket grants. `reason`: at most 123 bytes.
   */
  close(code: number, reason: string, farewell?: number): void {
    this.#end();
    this.socket.close(code, reason, farewell);
  }

  /** After the end of the connection: resolves when its login and its pushing have stopped. */
  async idle(): Promise<void> {
    await this.#login;
    await this.#pushing?.idle();
  }

  /** Resolves when nothing is left of it in the operating system either. */
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
        return this.#await(this.#challengeIt(action.asked));
      case "authenticate":
        return this.#await(this.#authenticate(action.address, action.credential, action));
      case "ping":
        return this.#reply(answer.pong());
      case "error":
        this.context.count("requests_malformed");
        return this.#reply(answer.error(action.message));
    }
  }

  /** A login takes time, because it is written to the disk before it is answered; a challenge waits for its turn. */
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

  /**
   * Repeats the challenge until it is answered, and proves the gateway's key once: a new key pair and a proof cost more
   * than anything else a stranger may ask for. A client whose network has asked for too many loses its connection, so
   * that it retries later.
   */
  async #challengeIt(asked: Challenge | undefined): Promise<void> {
    if (this.#challenge === undefined && !this.context.admission.challenge(this.network, performance.now())) {
      this.context.count("challengers_closed");
      return this.close(CloseCode.POLICY, "too many challenges for this network");
    }
    const mayProve = asked !== undefined && !this.#hasProvenItself;
    if (mayProve) this.#hasProvenItself = true;
    if (mayProve || this.#challenge === undefined) await this.context.admission.multiplication();
    if (this.#ended) return;
    this.#challenge ??= newChallenge();
    const { privateKey, publicKey } = this.context;
    const proof = mayProve ? proveGateway(privateKey, publicKey, asked, this.#challenge) : undefined;
    this.#reply(answer.challenge(this.#challenge, proof));
  }

  async #register(address: Uint8Array, proof: Uint8Array | undefined, options: LoginOptions): Promise<void> {
    const { context } = this;
    const id = clientId(address);
    if (proof !== undefined && !await this.#isProven(address, proof)) {
      return await this.#refuse("proofs_refused", answer.error("wrong proof"));
    }
    if (proof === undefined && context.requireProof) {
      context.count("registrations_refused_without_proof");
      return this.#reply(answer.error("registration requires a proof of the address's private key"));
    }
    if ((proof === undefined || !context.isRegistered(id)) && !this.#isAdmitted()) return;
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

  /** Whether this network may register another client now. If not, that is answered. */
  #isAdmitted(): boolean {
    const refusal = this.context.admission.register(this.network, performance.now());
    if (refusal === undefined) return true;
    this.context.count(refusal === "network" ? "registrations_limited_network" : "registrations_limited_total");
    this.#reply(answer.error(TOO_MANY[refusal]));
    return false;
  }

  #refuseAsFull(): void {
    this.context.count("registrations_limited_total");
    this.#reply(answer.error(TOO_MANY.total));
  }

  /** A challenge is valid for one answer. */
  async #isProven(address: Uint8Array, proof: Uint8Array): Promise<boolean> {
    const challenge = this.#challenge;
    this.#challenge = undefined;
    if (challenge === undefined) return false;
    await this.context.admission.multiplication();
    return isProofOf(challenge, address, this.context.publicKey, proof);
  }

  /** Delays the answer, to slow guessing down, and closes the connection if its network has guessed too often. */
  async #refuse(counter: CounterName, reply: string): Promise<void> {
    this.context.count(counter);
    const mayGoOn = this.context.admission.wrongToken(this.network, performance.now());
    await pause(this.context.wrongTokenDelay, (this.#refused ??= new AbortController()).signal);
    this.#reply(reply);
    if (mayGoOn || this.#ended) return;
    this.context.count("guessers_closed");
    this.close(CloseCode.POLICY, "too many wrong tokens from this network");
  }

  async #authenticate(address: Uint8Array, credential: Credential, options: LoginOptions): Promise<void> {
    const isRight = "token" in credential
      ? isTokenOf(this.context.privateKey, address, credential.token)
      : await this.#isProven(address, credential.proof);
    if (!isRight) return await this.#refuse("authentications_refused", answer.refused());
    const id = clientId(address);
    // Anyone can prove a new address, so that counts as a registration.
    if ("proof" in credential && !this.context.isRegistered(id) && !this.#isAdmitted()) return;
    // Tokens are derived, so the token of a client that the ledger no longer knows is still valid.
    if (!await this.context.establish(id)) return this.#refuseAsFull();
    this.context.count("authentications");
    this.#logIn(id, answer.authenticated(), options);
  }

  #logIn(id: ClientId, reply: string, { acknowledges, wantsNumbers }: LoginOptions): void {
    if (!this.#isOpen()) return; // the client left while its login was written
    if (!this.context.loggedIn(id, this)) return this.close(CloseCode.POLICY, "too many clients");
    this.#id = id;
    this.#reply(reply); // before any stored message
    if (!this.#isOpen()) return; // it reads no answers
    const superseded = () => this.close(CloseCode.SUPERSEDED, "logged in elsewhere");
    const reader = this.context.openInbox(id, () => this.#pushing!.nudge(), superseded);
    this.#pushing = new Pushing(this.socket, reader, this.context, wantsNumbers ?? false, (error) => {
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
