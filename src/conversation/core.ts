import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import {
  ADDRESS_SIZE,
  decodeAddress,
  decodeContents,
  decodeDatagram,
  encodeAddress,
  KIND,
  padded,
} from "./datagram.ts";
import { type Datagram, type Effects, noEffects, type ReportedMessage } from "./effects.ts";
import { ConversationError } from "./errors.ts";
import { type Invitation, TOKEN_SIZE } from "./invitation.ts";
import { generateKeyPair, KEY_SIZE, type RandomBytes } from "./key_pair.ts";
import { type HandshakeSecrets, readInitiation, readResponse, writeInitiation, writeResponse } from "./noise.ts";
import { Peer, peerId, type PeerRecord, type PendingMessage, SALT_SIZE, type Shared } from "./peer.ts";
import { initiatorRatchet, open, type RatchetSecrets, responderRatchet } from "./ratchet.ts";
import { safetyNumber } from "./safety_number.ts";
import { decodeRecord, encodeRecord, parseKey, type Self, SELF_KEY } from "./stored.ts";

/** The most invitations that nobody has used. The oldest gives way to a new one. */
const MAX_INVITATIONS = 32;
const PROLOGUE = utf8ToBytes("peap conversation 1");

/** What the core takes from outside. */
export interface CoreOptions {
  /** where this side receives: `<client base58>@<gateway base58>` */
  readonly address: string;
  /** ms; see `Shared` */
  readonly resendAfter: number;
  /** where keys come from */
  readonly random: RandomBytes;
}

/**
 * All conversations of a client, as a state machine: something happens, and it says what to store, what to send and what
 * to report. It does no I/O and has no clock; every call has the time, in ms of a clock that never goes back.
 *
 * Whoever runs it stores the writes before anything else, so that a crash at any moment loses nothing but datagrams. A
 * stranger's datagram changes nothing: only a token of an unused invitation makes this side remember anything.
 */
export class ConversationCore {
  readonly #shared: Shared;
  #self: Self;
  readonly #peers = new Map<string, Peer>();

  private constructor(self: Self, options: CoreOptions) {
    this.#self = self;
    this.#shared = { ...options, key: self.identity.publicKey };
  }

  /**
   * Restores what was stored, or begins with a new identity.
   *
   * @param stored all keys under `PREFIX`
   */
  static restore(
    stored: ReadonlyMap<string, Uint8Array>,
    options: CoreOptions,
    now: number,
  ): { core: ConversationCore; effects: Effects } {
    const effects = noEffects();
    const { address, random } = options;
    const bytes = stored.get(SELF_KEY);
    const self = bytes && decodeRecord<Self>(bytes);
    const core = new ConversationCore(self ?? { identity: generateKeyPair(random), address, invitations: [] }, options);
    core.#restorePeers(stored, now);
    if (self?.address !== address) {
      core.#updateSelf({ address }, effects);
      for (const peer of core.#peers.values()) peer.moved(now, effects);
    }
    for (const peer of core.#peers.values()) peer.resume(now, effects);
    return { core, effects };
  }

  /** This side's public identity key, in hex: how its peers know it. */
  get id(): string {
    return peerId(this.#shared.key);
  }

  /** The peers, in no order. */
  get peers(): Iterable<Peer> {
    return this.#peers.values();
  }

  /** When `tick` has something to do; Infinity if never. */
  get tickAt(): number {
    return Math.min(Infinity, ...[...this.#peers.values()].map(({ tickAt }) => tickAt));
  }

  /** A new invitation. */
  invite(): { invitation: Invitation; effects: Effects } {
    const effects = noEffects();
    const token = this.#shared.random(TOKEN_SIZE);
    this.#updateSelf({ invitations: [...this.#self.invitations, token].slice(-MAX_INVITATIONS) }, effects);
    return { invitation: { key: this.#shared.key, token, address: this.#shared.address }, effects };
  }

  /**
   * Starts a conversation with the inviter; its id.
   *
   * @throws ConversationError of kind `invitation` or `peer`
   */
  accept({ key, token, address }: Invitation, now: number): { peer: string; effects: Effects } {
    const id = peerId(key);
    if (id === this.id) throw new ConversationError("invitation", "This is an invitation of your own");
    if (this.#peers.has(id)) {
      throw new ConversationError("peer", "There is a conversation with this peer already; forget it to start another");
    }
    const effects = noEffects();
    const ownSalt = this.#shared.random(SALT_SIZE);
    let initiation;
    try {
      initiation = writeInitiation({
        own: this.#self.identity,
        ephemeral: generateKeyPair(this.#shared.random),
        responder: key,
        prologue: PROLOGUE,
        payload: padded(KIND.initiation, token, encodeAddress(this.#shared.address), ownSalt),
      });
    } catch (cause) {
      throw new ConversationError("invitation", "This invitation has no valid key", { cause });
    }
    const pairing = { pending: initiation.pending, initiation: initiation.message };
    const peer = this.#add({ ...blank(key, address, ownSalt), pairing }, now, effects);
    peer.initiate(now, effects);
    return { peer: id, effects };
  }

  /**
   * Sends a message, as soon as the conversation has started. Its id is the same on both sides.
   *
   * @throws ConversationError of kind `peer`, `length` or `full`
   */
  send(peer: string, data: Uint8Array, now: number): { id: string; effects: Effects } {
    const effects = noEffects();
    return { id: this.#peer(peer).send(data, now, effects), effects };
  }

  /**
   * The messages to a peer that have not arrived, as far as this side knows.
   *
   * @throws ConversationError of kind `peer`
   */
  pending(peer: string): PendingMessage[] {
    return this.#peer(peer).pending;
  }

  /** Something came from the mixnet. */
  received(bytes: Uint8Array, now: number): Effects {
    const effects = noEffects();
    const datagram = decodeDatagram(bytes);
    if (datagram?.kind === KIND.initiation) this.#initiated(datagram.rest, now, effects);
    if (datagram?.kind === KIND.response) this.#responded(datagram.rest, now, effects);
    if (datagram?.kind === KIND.message) this.#messageArrived(datagram.rest, now, effects);
    return effects;
  }

  /** The gateway has accepted a datagram, or it could not be sent. */
  sent({ peer, number }: Datagram, isAccepted: boolean, now: number): void {
    if (number !== undefined) this.#peers.get(peer)?.sent(number, isAccepted, now);
  }

  /** The bytes of a message that was reported; undefined if it has been taken, or its peer is forgotten. */
  read(message: ReportedMessage): Uint8Array | undefined {
    return this.#senderOf(message)?.read(message.first, message.last);
  }

  /** The application has taken a message. What it has not taken is reported again after a restart. */
  taken(message: ReportedMessage): Effects {
    const effects = noEffects();
    this.#senderOf(message)?.taken(message.first, message.last, effects);
    return effects;
  }

  /** Does what is due; to be called at `tickAt`. */
  tick(now: number): Effects {
    const effects = noEffects();
    for (const peer of this.#peers.values()) if (now >= peer.tickAt) peer.tick(now, effects);
    return effects;
  }

  /** Ends a conversation and removes everything about it. */
  forget(peer: string): Effects {
    const effects = noEffects();
    this.#peer(peer).forget(effects);
    this.#peers.delete(peer);
    return effects;
  }

  /** 60 digits for both sides to compare. */
  safetyNumber(peer: string): string {
    const party = (key: Uint8Array) => ({ identifier: key, key });
    return safetyNumber(party(this.#shared.key), party(this.#peer(peer).record.key));
  }

  #peer(id: string): Peer {
    const peer = this.#peers.get(id);
    if (!peer) throw new ConversationError("peer", "There is no conversation with this peer");
    return peer;
  }

  /** The peer; undefined if it was forgotten, even if it has paired again since. */
  #senderOf({ peer, id, first }: ReportedMessage): Peer | undefined {
    const sender = this.#peers.get(peer);
    return sender?.idOfReceived(first) === id ? sender : undefined;
  }

  #restorePeers(stored: ReadonlyMap<string, Uint8Array>, now: number): void {
    const parsed = [...stored].flatMap(([key, bytes]) => {
      const entry = parseKey(key);
      return entry ? [{ entry, bytes }] : [];
    });
    for (const { entry, bytes } of parsed) {
      if (entry.kind === "peer") this.#peers.set(entry.peer, Peer.stored(bytes, this.#shared, now));
    }
    const segments = parsed.flatMap(({ entry, bytes }) => entry.kind === "peer" ? [] : [{ ...entry, bytes }]);
    segments.sort((a, b) => a.number - b.number);
    for (const { kind, peer, number, bytes } of segments) this.#peers.get(peer)?.restore(kind, number, bytes);
  }

  #add(record: PeerRecord, now: number, effects: Effects): Peer {
    const peer = new Peer(record, this.#shared, now);
    this.#peers.set(peer.id, peer);
    peer.update({}, effects);
    return peer;
  }

  #updateSelf(change: Partial<Self>, effects: Effects): void {
    this.#self = { ...this.#self, ...change };
    effects.writes.set(SELF_KEY, encodeRecord(this.#self));
  }

  #initiated(rest: Uint8Array, now: number, effects: Effects): void {
    const initiation = readInitiation(this.#self.identity, PROLOGUE, rest);
    if (!initiation) return;
    const id = peerId(initiation.peer);
    const hash = sha256(rest);
    const known = this.#peers.get(id);
    const answered = known?.record.response;
    if (answered && sameBytes(answered.initiation, hash)) return known.respond(effects); // the response was lost
    const token = initiation.payload.subarray(0, TOKEN_SIZE);
    const isInvited = this.#self.invitations.some((each) => sameBytes(each, token));
    if (!isInvited || id === this.id) return;
    // Both may have accepted an invitation of the other: the one with the lower key remains the initiator.
    if (known && (!known.record.pairing || this.id < id)) return;

    const { random } = this.#shared;
    const ratchetKey = generateKeyPair(random);
    const ownSalt = known?.record.ownSalt ?? random(SALT_SIZE);
    const payload = padded(KIND.response, ratchetKey.publicKey, ownSalt);
    const { message, secrets } = writeResponse(initiation, generateKeyPair(random), payload);
    this.#updateSelf({ invitations: this.#self.invitations.filter((each) => !sameBytes(each, token)) }, effects);
    const address = decodeAddress(initiation.payload.subarray(TOKEN_SIZE));
    const peerSalt = saltAt(TOKEN_SIZE + ADDRESS_SIZE, initiation.payload);
    const peer = known ?? this.#add(blank(initiation.peer, address, ownSalt), now, effects);
    const ratchet = responderRatchet(ratchetSecrets(secrets), ratchetKey);
    const response = { initiation: hash, bytes: message };
    peer.update({ address, ownSalt, peerSalt, pairing: undefined, ratchet, response }, effects);
    peer.respond(effects);
  }

  #responded(rest: Uint8Array, now: number, effects: Effects): void {
    for (const peer of this.#peers.values()) {
      const { pairing } = peer.record;
      const response = pairing && readResponse(this.#self.identity, pairing.pending, rest);
      if (!response) continue;
      const peerKey = response.payload.slice(0, KEY_SIZE);
      const ratchet = initiatorRatchet(ratchetSecrets(response.secrets), peerKey, this.#shared.random);
      return peer.begin(ratchet, saltAt(KEY_SIZE, response.payload), now, effects);
    }
  }

  #messageArrived(rest: Uint8Array, now: number, effects: Effects): void {
    for (const peer of this.#peers.values()) {
      const opened = peer.record.ratchet && open(peer.record.ratchet, rest, this.#shared.random);
      if (!opened) continue;
      const contents = decodeContents(opened.plaintext);
      if (contents) peer.arrived(contents, opened.ratchet, now, effects);
      return;
    }
  }
}

/** A peer of which nothing is known but this. */
function blank(key: Uint8Array, address: string, ownSalt: Uint8Array): PeerRecord {
  return {
    key,
    address,
    ownSalt,
    peerSalt: undefined,
    pairing: undefined,
    response: undefined,
    ratchet: undefined,
    isConfirmed: false,
    nextOut: 0,
    nextIn: 0,
  };
}

function saltAt(offset: number, payload: Uint8Array): Uint8Array {
  return payload.slice(offset, offset + SALT_SIZE);
}

/** The ratchet's first secrets are derived from the handshake's keys, and bound to the whole handshake by its hash. */
function ratchetSecrets({ keys, hash }: HandshakeSecrets): RatchetSecrets {
  const secrets = hkdf(sha256, concatBytes(...keys), hash, utf8ToBytes("peap conversation, ratchet"), 3 * KEY_SIZE);
  return {
    rootKey: secrets.slice(0, KEY_SIZE),
    initiatorHeader: secrets.slice(KEY_SIZE, 2 * KEY_SIZE),
    responderHeader: secrets.slice(2 * KEY_SIZE),
    associatedData: hash,
  };
}

/** In a time that depends on the sizes only. */
function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.reduce((difference, byte, i) => difference | (byte ^ b[i]!), 0) === 0;
}
