import type { Forwarding } from "../../src/clients/connection.ts";
import { type ClientLimits, ClientsServer } from "../../src/clients/server.ts";
import type { TlsIdentity } from "../../src/clients/front/tls_client.ts";
import { deriveToken } from "../../src/clients/token.ts";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { addressOf, type ClientId, clientIdToBase58 } from "../../src/mailbox/client_id.ts";
import { Ledger } from "../../src/mailbox/ledger.ts";
import { Mailbox } from "../../src/mailbox/mailbox.ts";
import { Counters } from "../../src/counting/counters.ts";
import { generateKeyPair, publicKeyOf } from "../../src/sphinx/curve.ts";
import type { SocketAddress } from "../../src/addresses/socket_address.ts";
import { client, numbered } from "../mailbox/messages.ts";
import { eventually } from "../support/eventually.ts";
import { RawClient } from "../support/raw_client.ts";
import { testSealer } from "../support/sealer.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { TestClient } from "../support/test_client.ts";

/** No test uses this client itself. */
const WITNESS = 255;

/** Limits that no test reaches unless it means to. */
export const LIMITS: ClientLimits = {
  clientConnections: 1000,
  clientConnectionsPerNetwork: 1000,
  connectionsBeforeLogin: 1000,
  connectionsBeforeLoginPerNetwork: 1000,
  loginDeadline: 10_000,
  framesPerSecond: 100_000,
  registrationsPerHour: 10_000,
  registrationsPerHourPerNetwork: 10_000,
  wrongTokensPerHourPerNetwork: 10_000,
  wrongTokenDelay: 1,
  slowClientBytes: 65_536,
  limitLoopback: true,
  trustedProxies: [],
};

/** A clients' server with a real mailbox and ledger, and a mixnet that records what it is sent. */
export class ClientsRig {
  readonly counters = new Counters();
  readonly forwarded: { to: SocketAddress; packet: Uint8Array }[] = [];
  /** the number of registrations begun */
  registering = 0;
  /** clients that registered long ago */
  readonly oldClients = new Set<ClientId>();
  /** the answer to each forwarded packet */
  forwarding: Forwarding = "queued";
  readonly #stack = new AsyncDisposableStack();

  private constructor(
    readonly privateKey: Uint8Array,
    readonly mailbox: Mailbox,
    readonly ledger: Ledger,
    readonly ledgerPath: string,
  ) {}

  server!: ClientsServer;

  static async start(
    { allowReRegistration = false, requireProof = false, privateKey = generateKeyPair().privateKey } = {},
    limits: Partial<ClientLimits> = {},
    identity: TlsIdentity | undefined = undefined,
  ): Promise<ClientsRig> {
    const folder = new TemporaryFolder();
    const mailbox = await Mailbox.open(folder.file("mailbox.kv"), testSealer());
    const ledgerPath = folder.file("ledger.kv");
    const rig = new ClientsRig(privateKey, mailbox, await Ledger.open(ledgerPath, testSealer()), ledgerPath);
    rig.#stack.use(folder);
    rig.#stack.use(rig.ledger);
    rig.#stack.use(mailbox);
    const context = {
      privateKey,
      publicKey: publicKeyOf(privateKey),
      allowReRegistration,
      requireProof,
      isRegistered: (id: ClientId) => rig.ledger.has(id),
      registeredAt: (id: ClientId) => rig.oldClients.has(id) ? 0 : rig.ledger.registeredAt(id),
      register: (id: ClientId) => {
        rig.registering++;
        return rig.ledger.add(id);
      },
      establish: (id: ClientId) => rig.ledger.establish(id),
      openInbox: (id: ClientId, nudge: () => void) => mailbox.openInbox(id, nudge),
      forward: (to: SocketAddress, packet: Uint8Array) => {
        rig.forwarded.push({ to, packet });
        return rig.forwarding;
      },
      count: rig.counters.add,
    };
    rig.server = rig.#stack.use(
      ClientsServer.listen({ host: "127.0.0.1", port: 0 }, context, { ...LIMITS, ...limits }, identity),
    );
    return rig;
  }

  /** Stores the messages with these numbers for the n-th client. */
  async store(n: number, numbers: number[], size = 40): Promise<void> {
    for (const number of numbers) this.mailbox.store(client(n), numbered(number, size));
    await this.mailbox.flush();
  }

  registration(n: number): { type: string; address: string } {
    return { type: "register", address: clientIdToBase58(client(n)) };
  }

  /** The n-th client's authentication request. */
  authentication(n: number): { type: string; address: string; token: string } {
    const token = encodeBase58(deriveToken(this.privateKey, addressOf(client(n))));
    return { type: "authenticate", address: clientIdToBase58(client(n)), token };
  }

  connect(): Promise<TestClient> {
    return TestClient.connect(this.server.address);
  }

  /** `headers`: additional header lines of the request. */
  connectRaw(...headers: string[]): Promise<RawClient> {
    return RawClient.connect(this.server.address, ...headers);
  }

  /** Connects and authenticates as the n-th client. `acknowledges`: it announces acknowledgements, and only they count. */
  async logIn(n: number, acknowledges = false): Promise<TestClient> {
    const connected = await this.connect();
    const request = { ...this.authentication(n), acknowledgements: acknowledges };
    const answer = await connected.request(request) as { status: boolean };
    if (!answer.status) throw new Error("the gateway refused the token");
    return connected;
  }

  /** Resolves once the server has pinged all clients connected now, because one that logs in last has answered. */
  async pinged(): Promise<void> {
    const { messages } = this.mailbox.totals;
    await using witness = await this.logIn(WITNESS);
    await this.store(WITNESS, [0]);
    await witness.message();
    await eventually("the witness is asked", () => this.mailbox.totals.messages <= messages);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
