import { assertEquals } from "@std/assert";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { frame } from "../../src/mixnet/frames.ts";
import { Server, type ServerOptions } from "../../src/postgresql/server.ts";
import { ClusterGateway, type GatewayPorts, type Shared } from "../../src/sandbox/cluster/gateways.ts";
import { generateKeyPair } from "../../src/sphinx/curve.ts";
import { numbered, numberOf, range } from "../mailbox/messages.ts";
import { eventually } from "../support/eventually.ts";
import { NO_DIRECTORY } from "../support/gateway_rig.ts";
import { packetFor, randomClientAddress } from "../support/packets.ts";
import { quietPort } from "../support/quiet_port.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { TestClient } from "../support/test_client.ts";

const HOST = "127.0.0.1";
/** How often it moves while mail comes in. */
const MOVES = 4;

/**
 * A client that speaks only what 0.7.0 does: what it has read shows in its answers to pings. It moves between gateways with
 * mail waiting and mail coming in at both, and one of them is killed.
 */
export async function nativeClientMoves(options: ServerOptions): Promise<void> {
  using folder = new TemporaryFolder();
  const first = quietPort(6);
  const [here, there] = [first, first + 3].map((port) => ({ mixnet: port, clients: port + 1, operator: port + 2 })) as [
    GatewayPorts,
    GatewayPorts,
  ];
  const shared = sharedBy(here, options, folder);
  const { signal } = new AbortController();
  await using parts = new AsyncDisposableStack();
  const started = await Promise.all(
    [here, there].map(async (ports, i) =>
      parts.use(await ClusterGateway.start(`gw${i}`, folder.path, ports, shared, signal))
    ),
  );

  const address = randomClientAddress();
  const seen = new Set<number>();
  let sent = 0;
  const send = async (...to: GatewayPorts[]) => {
    for (const { mixnet: port } of to) {
      using connection = await Deno.connect({ hostname: HOST, port });
      const packets = range(8, sent).map((n) => packetFor(shared.keys.publicKey, address, numbered(n)));
      sent += packets.length;
      await connection.write(frame(...packets));
    }
  };
  const connect = ({ clients: port }: GatewayPorts) => TestClient.connect({ host: HOST, port });
  const registering = await connect(here);
  const answer = await registering.request({ type: "register", address: encodeBase58(address) });
  await registering[Symbol.asyncDispose]();
  const logIn = async (to: GatewayPorts) => {
    const { token } = answer as { token: string };
    const session = new Session(await connect(to), seen);
    await session.client.request({ type: "authenticate", address: encodeBase58(address), token });
    return session;
  };

  let session = await logIn(there); // so that both know it
  await session.client[Symbol.asyncDispose]();
  await send(here, there);
  session = await logIn(there);
  await session.reads(() => seen.size === sent);
  for (const move of range(MOVES)) {
    await send(here, there);
    const older = session;
    session = await logIn(move % 2 === 0 ? here : there);
    await send(here, there);
    await older.ends();
    await session.reads(() => seen.size === sent);
  }

  session = await logIn(here);
  await send(here, there);
  await session.reads(() => seen.size === sent); // what one has read and not committed would be lost with it
  await started[0]!.kill();
  await send(there);
  await session.ends();
  session = await logIn(there);
  await send(there);
  await session.reads(() => seen.size === sent);

  await using server = new Server(options);
  const stored = async () => {
    const [row] = await server.run((sql) => sql<{ n: string }[]>`select sum(messages) as n from nym_gateway.inboxes`);
    return Number(row!.n);
  };
  await eventually("it has answered the pings", async () => await stored() === 0, 120_000);
  await session.client[Symbol.asyncDispose]();
  assertEquals(seen.size, 8 * (2 + 4 * MOVES + 2 + 2));
}

/** A login, and what it has read. */
class Session {
  readonly #own = new Set<number>();

  constructor(readonly client: TestClient, private readonly seen: Set<number>) {}

  /** Reads until that holds. */
  async reads(isEnough: () => boolean): Promise<void> {
    while (!isEnough()) this.#take(await this.client.message());
  }

  /** Waits until the gateway has ended it. */
  async ends(): Promise<void> {
    await this.client.closed;
    for (const each of this.client.unread) this.#take(each as Uint8Array);
  }

  #take(message: Uint8Array): void {
    const n = numberOf(message);
    assertEquals(this.#own.has(n), false, "none comes twice in a session");
    this.#own.add(n);
    this.seen.add(n);
  }
}

function sharedBy({ mixnet, clients }: GatewayPorts, options: ServerOptions, folder: TemporaryFolder): Shared {
  const passwordFile = folder.file("password");
  Deno.writeTextFileSync(passwordFile, "\n", { mode: 0o600 });
  const { user, database, hosts: [{ host, port } = { host: "", port: 0 }] } = options;
  return {
    keys: generateKeyPair(),
    storageKey: crypto.getRandomValues(new Uint8Array(32)),
    announced: { mixnet: `${HOST}:${mixnet}`, clients: `${HOST}:${clients}` },
    directory: NO_DIRECTORY,
    database: { url: `postgres://${user}@${encodeURIComponent(host)}:${port}/${database}`, passwordFile },
  };
}
