/// <reference lib="dom" />
import { computed } from "@preact/signals";
import { ConversationError, Conversations, type PendingMessage } from "../../conversation/mod.ts";
import { IndexedDbStore, type TraceEvent, type Traffic } from "../../peap/mod.ts";
import { SharedPeap } from "../../tabs/mod.ts";
import type { ChatSettings } from "../places.ts";
import { advanced, ChatLog, type Entry } from "./chat_log.ts";
import { clientScript, type Report } from "./client_script.ts";
import { type Followed, followed } from "./html.ts";
import { type Content, decodeLetter, encodeLetter, type Letter } from "./letter.ts";
import { Line, type LineState } from "./line.ts";

/** Mean ms between packets of the stream that carries messages, and between cover packets: twice as fast as usual. */
const MEAN_GAPS = { meanSendGap: 250, meanCoverGap: 1000 };
/** A packet without a receipt is sent again after this many mean delays, and this long (ms): two ways there and back. */
const RESEND_AFTER = { delays: 12, ms: 1000 };
/** ms between two updates of what is pending */
const BEAT = 150;
/** ms that a packet may take on its way beyond its delays */
const TRANSIT = 150;

/** The other side of the conversation. */
export interface Partner {
  /** as the conversation knows it */
  readonly id: string;
  /** Whether the conversation has started on both sides. */
  readonly isPaired: boolean;
}

/** Everything of this window that is not to be seen: its client, its conversation, and what they say. */
export class Session {
  /** the chat, the oldest entry first */
  readonly entries: Followed<readonly Entry[]> = followed<readonly Entry[]>([]);
  /** what is pending of own entries, by their ids */
  readonly pending: Followed<ReadonlyMap<string, PendingMessage>> = followed<ReadonlyMap<string, PendingMessage>>(
    new Map(),
  );
  /** how the line to the mixnet stands */
  readonly line: Followed<LineState> = followed<LineState>("connecting");
  /** this window's cover */
  readonly traffic: Followed<Traffic> = followed<Traffic>("loop");
  /** whether the user wants this window to be on line */
  readonly isOn: Followed<boolean> = followed<boolean>(true);
  /** undefined as long as nobody has come */
  readonly partner: Followed<Partner | undefined> = followed<Partner | undefined>(undefined);
  /** "" as long as it is not known */
  readonly partnerName: Followed<string> = followed<string>("");
  /** a link for the other window */
  readonly invitation: Followed<string | undefined> = followed<string | undefined>(undefined);
  /** what went wrong, for people */
  readonly problem: Followed<string | undefined> = followed<string | undefined>(undefined);
  /** whether messages can be sent */
  readonly isReady: Readonly<Followed<boolean>>;
  readonly #settings: ChatSettings;
  readonly #name: string;
  readonly #trace: (event: TraceEvent, at: number) => void;
  readonly #log: ChatLog;
  #line: Line | undefined;
  #conversations: Conversations | undefined;
  /** when the last packet with a part of a message is through its delays */
  #through = 0;
  /** for each pending message: the attempt that was seen last, and when its packets are through */
  readonly #journeys = new Map<string, { attempts: number; through: number }>();

  /** `name`: of the one who sits here; `trace` gets what the client reports, and when that was on the page's clock (ms). */
  constructor(settings: ChatSettings, name: string, trace: (event: TraceEvent, at: number) => void) {
    this.#settings = settings;
    this.#name = name;
    this.#trace = trace;
    this.#log = new ChatLog(`${databaseOf(settings)}-log`);
    this.isReady = computed(() => this.partner.value?.isPaired === true);
  }

  /** Connects, accepts `invitation` if there is one, and goes on until the page ends. */
  async run(invitation: string | undefined): Promise<void> {
    this.entries.value = await this.#log.load();
    const database = databaseOf(this.#settings);
    const store = await IndexedDbStore.open(database);
    const { meanHopDelay, window } = this.#settings;
    const directory = `${location.origin}/w/${window}`;
    const traceChannel = crypto.randomUUID();
    new BroadcastChannel(traceChannel).onmessage = ({ data }) => {
      const { event, at }: Report = data;
      this.#traced(event, at - performance.timeOrigin);
    };
    // Each page has a worker of its own, which ends with it: two windows are two people.
    const connect = (traffic: Traffic) => {
      const options = { directory, traffic, meanHopDelay, ...MEAN_GAPS, database, traceChannel };
      return SharedPeap.connect({ script: clientScript(options) });
    };
    this.#line = await Line.open(connect, this.traffic.value, (state) => this.line.value = state);
    const resendAfter = RESEND_AFTER.delays * meanHopDelay + RESEND_AFTER.ms;
    this.#conversations = await Conversations.open(this.#line, { store, resendAfter });
    setInterval(() => this.#update(), BEAT);
    await this.#meet(invitation);
    for (const entry of this.entries.value) if (isUnsent(entry)) await this.#post(entry, await contentOf(entry));
    for await (const event of this.#conversations) {
      if (event.type === "message") await this.#received(decodeLetter(event.data));
      else this.#update();
    }
  }

  /** Sends a text or a picture. */
  async send(content: Content): Promise<void> {
    if (!this.#conversations || !this.partner.value) return;
    const entry = { ...entryOf(crypto.randomUUID(), content), isOwn: true, packets: 0, state: "sealed" } as const;
    await this.#put(entry);
    await this.#post(entry, content);
  }

  /** Sets the cover, and whether this window is on line. */
  async set(traffic: Traffic, isOn: boolean): Promise<void> {
    this.traffic.value = traffic;
    this.isOn.value = isOn;
    await this.#line?.set(isOn ? traffic : undefined);
  }

  /** 60 digits, to be compared with those of the other window. */
  get safetyNumber(): string {
    const { value: partner } = this.partner;
    return partner && this.#conversations ? this.#conversations.safetyNumber(partner.id) : "";
  }

  async #meet(invitation: string | undefined): Promise<void> {
    const conversations = this.#conversations!;
    if (conversations.peers.length === 0) {
      try {
        if (invitation !== undefined) await this.#greet(await conversations.accept(invitation));
      } catch (error) {
        if (!(error instanceof ConversationError)) throw error;
        this.problem.value = error.message;
      }
    }
    if (conversations.peers.length === 0) this.invitation.value = await conversations.invite(`${location.origin}/`);
    this.#update();
  }

  /**
   * Gives a line to the conversation. If the page ends between that and the note of it, the next one does so again, and the
   * other window knows the line.
   */
  async #post(entry: Entry, content: Content): Promise<void> {
    const letter = encodeLetter({ ...content, line: entry.id });
    try {
      const message = await this.#conversations!.send(this.partner.value!.id, letter);
      await this.#put({ ...entry, message });
      this.#update();
    } catch (error) {
      if (!(error instanceof ConversationError)) throw error;
      this.problem.value = error.message;
      this.entries.value = this.entries.value.filter(({ id }) => id !== entry.id);
      await this.#log.remove(entry);
    }
  }

  async #greet(peer: string): Promise<void> {
    await this.#conversations!.send(peer, encodeLetter({ kind: "name", name: this.#name }));
  }

  async #received(letter: Letter | undefined): Promise<void> {
    this.#update();
    if (letter?.kind === "name") {
      const isNew = this.partnerName.value === "";
      this.partnerName.value = letter.name;
      localStorage.setItem(`${databaseOf(this.#settings)}-partner`, letter.name);
      if (isNew && this.invitation.value !== undefined) await this.#greet(this.partner.value!.id);
    } else if (letter && !this.entries.value.some(({ id }) => id === letter.line)) {
      await this.#put({ ...entryOf(letter.line, letter), isOwn: false, packets: 0, state: "read" });
    }
  }

  async #put(entry: Entry): Promise<void> {
    const others = this.entries.value.filter(({ id }) => id !== entry.id);
    this.entries.value = others.length === this.entries.value.length
      ? [...others, entry]
      : this.entries.value.map((each) => each.id === entry.id ? entry : each);
    await this.#log.put(entry);
  }

  #traced(event: TraceEvent, at: number): void {
    if (event.type === "packet-sent" && event.carries === "message") {
      const delays = event.hops.reduce((sum, { delay }) => sum + delay, 0);
      this.#through = Math.max(this.#through, at + delays + TRANSIT);
    }
    this.#trace(event, at);
  }

  /** Asks the conversation how far everything is. */
  #update(): void {
    const conversations = this.#conversations!;
    const [peer] = conversations.peers;
    const { value: before } = this.partner;
    if (peer?.id !== before?.id || peer?.isPaired !== before?.isPaired) this.partner.value = peer;
    if (!peer) return;
    this.partnerName.value ||= localStorage.getItem(`${databaseOf(this.#settings)}-partner`) ?? "";
    const pending = new Map(conversations.pending(peer.id).map((message) => [message.id, message]));
    if (pending.size > 0 || this.pending.value.size > 0) this.pending.value = pending;
    for (const entry of this.entries.value) {
      const message = pending.get(entry.message ?? "");
      const next = advanced(entry, message, this.#isTravelling(message));
      if (next !== entry) void this.#put(next);
    }
  }

  #isTravelling(message: PendingMessage | undefined): boolean {
    if (!message || message.sent < message.packets) return false;
    const { id, attempts } = message;
    let journey = this.#journeys.get(id);
    if (journey?.attempts !== attempts) this.#journeys.set(id, journey = { attempts, through: this.#through });
    return performance.now() < journey.through;
  }
}

function entryOf(id: string, content: Content): Pick<Entry, "id" | "at" | "text" | "picture"> {
  const at = Date.now();
  return content.kind === "text"
    ? { id, at, text: content.text }
    : { id, at, picture: new Blob([content.bytes], { type: content.type }) };
}

async function contentOf({ text, picture }: Entry): Promise<Content> {
  if (!picture) return { kind: "text", text: text ?? "" };
  return { kind: "picture", type: picture.type, bytes: new Uint8Array(await picture.arrayBuffer()) };
}

/** Whether the conversation may not have this line: the page ended too early. */
function isUnsent({ isOwn, message }: Entry): boolean {
  return isOwn && message === undefined;
}

/** One window has one, and each run of the command others: addresses are valid in one network only. */
function databaseOf({ run, window }: ChatSettings): string {
  return `chat-${run}-${window}`;
}
