import { encodeBase58 } from "../encoding/base58.ts";
import { onAbort } from "./abort.ts";
import { type ClientAddress, formatAddress, parseAddress } from "./address.ts";
import {
  type Credentials,
  encodePrivateKey,
  identityOfCredentials,
  loadCredentials,
  saveCredentials,
} from "./credentials.ts";
import { MixnetView } from "./directory.ts";
import { PeapError } from "./errors.ts";
import { GatewayLink } from "./gateway_link.ts";
import { generateIdentity, type Identity } from "./identity.ts";
import { type Delivery, Inbox } from "./inbox.ts";
import { bytesOf, type MessageData } from "./message_bytes.ts";
import { messageId } from "./message_id.ts";
import { isMixedContent } from "./mixed_content.ts";
import type { Mixnet } from "./mixnet.ts";
import { type PeapOptions, readOptions, type Settings } from "./options.ts";
import { OutgoingMessage } from "./outbox.ts";
import { PacketBuilder } from "./packets.ts";
import { Reassembler } from "./reassembly.ts";
import { ReceivedMessage } from "./received_message.ts";
import { type Frame, Receipts } from "./receipts.ts";
import { drawGateways, findGateway } from "./route.ts";
import { checkSendOptions, type SendOptions } from "./send_options.ts";
import { Sender } from "./sender.ts";
import { Latest, type Status } from "./status.ts";
import { isCoverMessage } from "./traffic.ts";

/** Who a client is, and where. */
interface Account {
  identity: Identity;
  /** public key of the gateway, base58 */
  gateway: string;
  /** of an earlier client with the same address, if there was one */
  credentials: Credentials | undefined;
}

/**
 * A client of the mixnet: it has an address at a gateway, sends messages of any size through the mixnodes, and receives
 * messages when it is iterated. Runs wherever WebSocket, fetch and crypto.getRandomValues exist.
 *
 * A message counts as taken when the loop asks for the next one or ends, or when the client is closed. A gateway with
 * acknowledgements keeps the messages that were not taken and pushes them again at the next login; a 0.7.0 gateway
 * keeps no message that it has pushed.
 */
export class Peap implements AsyncIterable<ReceivedMessage>, AsyncDisposable {
  readonly #own: ClientAddress;
  readonly #account: Account;
  readonly #settings: Settings;
  readonly #mixnet: MixnetView;
  readonly #receipts = new Receipts();
  readonly #reassembler: Reassembler<Frame>;
  readonly #inbox = new Inbox();
  /** Handed to the application but not yet taken: one for each of its loops. */
  readonly #handed = new Set<Delivery>();
  readonly #status = new Latest<Status>({ state: "connecting" });
  readonly #closing = new AbortController();
  readonly #link: GatewayLink;
  readonly #sender: Sender;
  /** as in the store, if there is one; undefined until the client is connected */
  #stored: Credentials | undefined;
  #refreshing: Promise<void> = Promise.resolve();

  private constructor(settings: Settings, mixnet: MixnetView, account: Account) {
    const { identity, gateway, credentials } = account;
    const { clock } = settings.surroundings;
    this.#own = parseAddress(`${encodeBase58(identity.publicKey)}@${gateway}`);
    this.#account = account;
    this.#settings = settings;
    this.#mixnet = mixnet;
    this.#reassembler = new Reassembler((frames) => this.#done(frames), () => clock.now());
    const login = {
      locate: () => findGateway(mixnet.current, gateway).clientListener,
      identity,
      gatewayKey: this.#own.gateway,
      token: credentials?.token,
      requireProof: settings.requireProof,
      isRegistered: credentials !== undefined,
      isProven: credentials?.proven ?? false,
    };
    const events = {
      frame: (contents: Uint8Array) => this.#received(contents),
      connected: () => {
        this.#sender.wake();
        this.#reassembler.connected();
        if (this.#stored?.proven === false && this.#link.isProven) this.#store().catch(() => {}); // or the next time
      },
      acknowledged: (frames: number) => settings.trace({ type: "acknowledged", frames }),
      paused: (error: PeapError) => this.#sender.dropAll(error),
      failed: (error: PeapError) => {
        this.#inbox.end(error);
        this.#sender.dropAll(error);
      },
    };
    this.#link = new GatewayLink(login, this.#receipts, events, this.#status, {
      reconnects: settings.reconnect,
      acknowledgesSteadily: settings.traffic !== "none",
      surroundings: settings.surroundings,
    });
    const builder = new PacketBuilder(() => mixnet.current, settings.meanHopDelay, settings.kernel);
    this.#sender = new Sender(this.#own, builder, this.#link, settings, this.#closing.signal);
  }

  /**
   * Connects to a gateway and registers there, or logs in with credentials. If the gateway is not given and one fails,
   * others of the directory are tried.
   *
   * @throws PeapError of kind `directory`, `connection`, `token`, `proof`, or `gateway` with the gateway's own text, such
   *   as `client is already registered`; TypeError or RangeError for bad options, naming them; the signal's reason
   */
  static async connect(options: PeapOptions): Promise<Peap> {
    const settings = readOptions(options);
    if (settings.signal?.aborted) throw settings.signal.reason;
    const credentials = settings.credentials ?? (settings.store && await loadCredentials(settings.store));
    const mixnet = await MixnetView.open(settings);
    const identity = credentials ? identityOfCredentials(credentials) : settings.identity ?? generateIdentity();
    const chosen = credentials?.gateway ?? settings.gateway;
    const gateways = chosen === undefined ? usableGateways(mixnet.current, settings.surroundings.origin) : [chosen];
    const failures: PeapError[] = [];
    for (const gateway of gateways) {
      const peap = new Peap(settings, mixnet, { identity, gateway, credentials });
      try {
        await peap.#open();
        return peap;
      } catch (error) {
        await peap.close();
        if (settings.signal?.aborted) throw settings.signal.reason;
        if (!(error instanceof PeapError)) throw error;
        failures.push(error);
      }
    }
    throw combined(failures);
  }

  /** The address at which others reach this client: `<client base58>@<gateway base58>` */
  get address(): string {
    return formatAddress(this.#own);
  }

  /**
   * What `connect` needs to come back to this address, to be kept secret. It contains the gateway's token only where the
   * gateway cannot prove its key; elsewhere the client logs in by proof.
   */
  get credentials(): Credentials {
    const { isProven, token } = this.#link;
    return {
      version: 1,
      privateKey: encodePrivateKey(this.#account.identity),
      gateway: this.#account.gateway,
      ...(isProven || token === undefined ? {} : { token }),
      proven: isProven,
    };
  }

  /** How the client stands with its gateway at the moment. */
  get state(): Status {
    return this.#status.value;
  }

  /** The same as it changes: the current status, then each new one, up to the last. Slow readers skip some. */
  status(): AsyncIterable<Status> {
    return this.#status;
  }

  /**
   * Makes the next attempt to reconnect now, if the client is disconnected; otherwise checks whether the connection is
   * alive. The `online` and `offline` events of browsers do this too.
   */
  reconnect(): void {
    this.#link.reconnect();
  }

  /**
   * Sends a message; resolves when the gateway has accepted all its packets. Only the recipient knows whether it
   * arrives. Calls may overlap: messages take turns, so that a short one does not wait for a long one.
   *
   * @param recipient `<client base58>@<gateway base58>`
   * @param data at most 16 MiB, copied at once; text is sent as UTF-8
   * @throws PeapError of kind `address`, `directory`, `gateway`, `connection`, `full` or `closed`; RangeError if too
   *   long; TypeError if it is neither text nor bytes; the signal's reason
   */
  async send(recipient: string, data: MessageData, options: SendOptions = {}): Promise<void> {
    const to = parseAddress(recipient);
    checkSendOptions(options);
    const { signal, onProgress } = options;
    const message = new OutgoingMessage(to, bytesOf(data), onProgress);
    if (signal?.aborted) throw signal.reason;
    if (this.#link.obstacle) throw this.#link.obstacle;
    const stop = onAbort(signal, () => this.#sender.drop(message, signal!.reason));
    this.#sender.add(message);
    await message.sent.finally(stop);
  }

  /**
   * The messages, in the order in which they became complete. Ends when the client is closed; throws if its link fails.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<ReceivedMessage, void, void> {
    for (let delivery = await this.#inbox.take(); delivery; delivery = await this.#inbox.take()) {
      if (this.#inbox.isHalfEmpty) this.#link.resume();
      this.#handed.add(delivery);
      try {
        yield new ReceivedMessage(delivery.data, delivery.id);
      } finally {
        this.#taken(delivery);
      }
    }
  }

  /** Acknowledges the messages handed out and disconnects. A gateway with acknowledgements keeps the others. */
  async close(): Promise<void> {
    for (const delivery of this.#handed) this.#taken(delivery);
    this.#inbox.end();
    this.#closing.abort();
    await this.#link.close();
    this.#sender.dropAll(this.#link.obstacle);
    await this.#sender.idle();
    await this.#refreshing;
  }

  /** Same as `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #open(): Promise<void> {
    const { signal } = this.#settings;
    const stop = onAbort(signal, () => void this.close());
    try {
      await this.#link.open();
      await this.#store();
      if (signal?.aborted) throw signal.reason;
    } finally {
      stop();
    }
    this.#refreshing = this.#mixnet.keepFresh(this.#closing.signal);
    this.#sender.start();
  }

  async #store(): Promise<void> {
    const { store } = this.#settings;
    const { credentials } = this;
    if (store) await saveCredentials(store, credentials);
    this.#stored = credentials;
  }

  #received(contents: Uint8Array): void {
    const { trace } = this.#settings;
    if (isCoverMessage(contents)) {
      trace({ type: "frame-received", carries: "cover" });
      return this.#receipts.coverArrived();
    }
    trace({ type: "frame-received", carries: "message" });
    const { frame, isNew } = this.#receipts.arrived(contents);
    const message = isNew ? this.#reassembler.add(contents, frame) : undefined;
    if (!message) return;
    const id = messageId(message.origins);
    trace({ type: "message-received", id, fragments: message.origins.length });
    this.#inbox.put({ ...message, id });
    if (this.#inbox.isFull) this.#link.pause();
  }

  #taken(delivery: Delivery): void {
    if (this.#handed.delete(delivery)) this.#done(delivery.origins);
  }

  #done(frames: Frame[]): void {
    for (const frame of frames) frame.done = true;
  }
}

/**
 * Public keys of the gateways that can be connected to from here, in random order.
 *
 * @throws PeapError of kind `directory` if there is none
 */
function usableGateways(mixnet: Mixnet, origin: string | undefined): string[] {
  const gateways = drawGateways(mixnet);
  const usable = gateways.filter(({ clientListener }) => !isMixedContent(clientListener, origin));
  if (usable.length > 0) return usable.map(({ pubKey }) => pubKey);
  throw new PeapError(
    "directory",
    gateways.length === 0
      ? "The directory knows no gateway of version 0.7"
      : `None of ${gateways.length} gateways could be used: browsers do not let a page of ${origin} connect to ws; it needs wss`,
  );
}

function combined(failures: PeapError[]): PeapError {
  const last = failures.at(-1)!;
  if (failures.length === 1) return last;
  const why = `None of ${failures.length} gateways could be used. The last: ${last.message}`;
  return new PeapError(last.kind, why, { cause: new AggregateError(failures) });
}
