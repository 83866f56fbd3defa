import { type Challenge, newChallenge, proveGateway } from "../../src/protocol/proof.ts";
import { decodeBase58, encodeBase58 } from "../../src/encoding/base58.ts";
import { PACKET_SIZE } from "../../src/sphinx/constants.ts";
import { generateKeyPair } from "../../src/sphinx/curve.ts";
import { formatSocketAddress } from "../../src/addresses/socket_address.ts";
import { decodeNodeAddress } from "../../src/sphinx/node_address.ts";
import { unwrap } from "../../src/sphinx/unwrap.ts";

const COMMON = { version: "0.7.0", location: "here", lastSeen: 0 };
const LAYERS = [1, 2, 3];
const GATEWAY_MIX_ADDRESS = "10.0.0.9:1789";
const TOKEN = "token1";

/** What the gateway answers; tests override it. Undefined: it does not answer, and ignores the packet. */
export interface Answers {
  challenge: (asked: Challenge) => object;
  register: () => object;
  authenticate: (credential: { token?: string; proof?: string }) => object;
  ping: () => object | undefined;
  packet: () => object | undefined;
}

interface Client {
  /** Stored messages. */
  inbox: Uint8Array[];
  socket: WebSocket | undefined;
  /** Frames pushed over this socket, including cover. */
  pushed: Uint8Array[];
  /** The number of each stored message that has been pushed, over any socket. */
  numbers: Map<Uint8Array, number>;
  /** The number that the client on this socket expects next. */
  next: number | undefined;
  /** The last frame count that the client acknowledged on this socket. */
  acknowledged: number | undefined;
}

/**
 * Directory, mixnodes and one gateway in a single server. It accepts packets as a gateway does, unwraps all their
 * layers at once, and keeps the messages for their recipients.
 */
export class FakeNetwork implements AsyncDisposable {
  readonly directory: string;
  readonly gatewayKey: string;
  readonly answers: Answers;
  /** The requests of the clients' logins. */
  readonly logins: { type: string; address: string; token?: string; proof?: string }[] = [];
  /** Packets received. */
  packets = 0;
  /** The directory's answer; a string is sent as it is. */
  topology: unknown;
  /** Requests for the topology. */
  fetches = 0;
  readonly #acknowledgements: boolean;
  /** Private keys, by the node's socket address. */
  readonly #keys = new Map<string, Uint8Array>();
  /** By the client part of the address, in base58. */
  readonly #clients = new Map<string, Client>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #changed = Promise.withResolvers<void>();

  /**
   * @param acknowledgements whether the gateway has this project's extensions, and pushes unacknowledged messages again.
   *   Otherwise it is a 0.7.0 gateway, which keeps no message that it has pushed.
   */
  constructor(acknowledgements: boolean, answers: Partial<Answers> = {}) {
    this.#acknowledgements = acknowledgements;
    this.answers = {
      challenge: (asked) => acknowledgements ? this.prove(asked) : { type: "error", message: "malformed request" },
      register: () => ({ type: "register", token: TOKEN, acknowledgements }),
      authenticate: ({ token, proof }) => {
        return {
          type: "authenticate",
          status: token === TOKEN || proof !== undefined && acknowledgements,
          acknowledgements,
        };
      },
      ping: () => acknowledgements ? { type: "pong" } : { type: "error", message: "invalid request" },
      packet: () => ({ type: "send", status: true }),
      ...answers,
    };
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#serve(request),
    );
    const server = `127.0.0.1:${this.#server.addr.port}`;
    this.directory = `http://${server}`;
    const mixNodes = LAYERS.map((layer) => {
      const host = `10.0.0.${layer}:1789`;
      return { ...COMMON, host, layer, pubKey: this.#newKey(host) };
    });
    this.gatewayKey = this.#newKey(GATEWAY_MIX_ADDRESS);
    const listeners = { clientListener: `ws://${server}`, mixnetListener: GATEWAY_MIX_ADDRESS };
    this.topology = { mixNodes, gatewayNodes: [{ ...COMMON, ...listeners, pubKey: this.gatewayKey }] };
  }

  /** A challenge that proves the key of the gateway, whose answer is not checked. */
  prove(asked: Challenge): object {
    const { nonce, publicKey } = newChallenge();
    const key = this.#keys.get(GATEWAY_MIX_ADDRESS)!;
    const proof = proveGateway(key, decodeBase58(this.gatewayKey)!, asked, { nonce, publicKey })!;
    return {
      type: "challenge",
      nonce: encodeBase58(nonce),
      publicKey: encodeBase58(publicKey),
      proof: encodeBase58(proof),
    };
  }

  /** Stores a message for the client with that address, as if it had arrived from the mixnet. */
  store(address: string, message: Uint8Array): void {
    const client = this.client(address);
    client.inbox.push(message);
    this.#drain(client);
    this.#wake();
  }

  /** Pushes a frame without storing it. */
  push(address: string, contents: Uint8Array): void {
    const { socket, pushed } = this.client(address);
    socket!.send(contents as Uint8Array<ArrayBuffer>);
    pushed.push(contents);
  }

  /** The gateway's record of the client with that address. */
  client(address: string): Client {
    const name = address.split("@")[0]!;
    const client = this.#clients.get(name) ?? {
      inbox: [],
      socket: undefined,
      pushed: [],
      numbers: new Map(),
      next: undefined,
      acknowledged: undefined,
    };
    this.#clients.set(name, client);
    return client;
  }

  /** Ends the client's connection from the gateway's side. */
  disconnect(address: string, code = 1011): void {
    const client = this.client(address);
    client.socket!.close(code, "closed by the test");
    client.socket = undefined;
  }

  /** Resolves once the condition holds. It is checked after every event here. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await this.#changed.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.#clients.values()) socket?.close();
    await this.#server.shutdown();
  }

  #newKey(host: string): string {
    const { privateKey, publicKey } = generateKeyPair();
    this.#keys.set(host, privateKey);
    return encodeBase58(publicKey);
  }

  #serve(request: Request): Response {
    if (request.headers.get("upgrade") !== "websocket") {
      this.fetches++;
      this.#wake();
      return typeof this.topology === "string" ? new Response(this.topology) : Response.json(this.topology);
    }
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.binaryType = "arraybuffer";
    let client: Client | undefined;
    socket.onmessage = ({ data }) => {
      if (typeof data !== "string") this.#forward(socket, new Uint8Array(data));
      else if (client) this.#heard(client, JSON.parse(data));
      else client = this.#logIn(socket, JSON.parse(data));
      this.#wake();
    };
    socket.onclose = () => {
      if (client?.socket === socket) client.socket = undefined;
      this.#wake();
    };
    return response;
  }

  #logIn(
    socket: WebSocket,
    request: Record<string, string> & { type: string; address: string; token?: string; proof?: string },
  ): Client | undefined {
    if (request.type === "challenge") {
      const asked = { nonce: decodeBase58(request["nonce"]!)!, publicKey: decodeBase58(request["publicKey"]!)! };
      socket.send(JSON.stringify(this.answers.challenge(asked)));
      return undefined;
    }
    this.logins.push(request);
    const answer = request.type === "register" ? this.answers.register() : this.answers.authenticate(request);
    socket.send(JSON.stringify(answer));
    if ("message" in answer || "status" in answer && !answer.status) return undefined;
    const client = Object.assign(this.client(request.address), {
      socket,
      pushed: [],
      next: undefined,
      acknowledged: undefined,
    });
    this.#drain(client);
    return client;
  }

  #drain(client: Client): void {
    if (!client.socket) return;
    const pushed = new Set(client.pushed);
    for (const message of client.inbox.filter((message) => !pushed.has(message))) {
      const number = client.numbers.get(message) ?? client.numbers.size;
      client.numbers.set(message, number);
      this.#sayNumber(client, number);
      client.socket.send(message as Uint8Array<ArrayBuffer>);
      client.pushed.push(message);
    }
    if (!this.#acknowledgements) client.inbox = [];
  }

  #sayNumber(client: Client, number: number): void {
    if (this.#acknowledgements && client.next !== number) {
      client.socket!.send(JSON.stringify({ type: "number", number }));
    }
    client.next = number + 1;
  }

  #heard(client: Client, request: { type: string; frames: number }): void {
    if (request.type === "received") return this.#confirm(client, request.frames);
    const answer = this.answers.ping();
    if (answer) client.socket?.send(JSON.stringify(answer));
  }

  #confirm(client: Client, frames: number): void {
    client.acknowledged = frames;
    const confirmed = new Set(client.pushed.slice(0, frames));
    client.inbox = client.inbox.filter((message) => !confirmed.has(message));
  }

  #forward(socket: WebSocket, request: Uint8Array): void {
    this.packets++;
    const answer = this.answers.packet();
    if (!answer) return;
    socket.send(JSON.stringify(answer));
    let hop = request.subarray(0, -PACKET_SIZE);
    let packet = request.subarray(-PACKET_SIZE);
    for (;;) {
      const unwrapped = unwrap(packet, this.#keys.get(formatSocketAddress(decodeNodeAddress(hop)!))!);
      if (unwrapped.kind === "dropped") throw new Error(`cannot unwrap a packet: ${unwrapped.reason}`);
      if (unwrapped.kind === "message") return this.store(encodeBase58(unwrapped.destination), unwrapped.message);
      hop = unwrapped.nextAddress;
      packet = unwrapped.packet;
    }
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
