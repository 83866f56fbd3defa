import { Network } from "../sandbox/network.ts";
import { portsFrom } from "../sandbox/ports.ts";
import { bundlePage } from "./bundle.ts";
import { ClientRelay } from "./client_relay.ts";
import { placesOf } from "./places.ts";
import { ChatServer } from "./server.ts";
import { Wire } from "./wire.ts";

const SIZE = { mixnodes: 3, gateways: 2 };

/** How to run it. */
export interface ChatOptions {
  /** of the page; 0 for any */
  readonly port: number;
  /** of packets at each mixnode, in ms */
  readonly meanHopDelay: number;
}

/** A local mixnet, watched, and a page that shows it and chats through it. */
export class Chat implements AsyncDisposable {
  private constructor(
    private readonly parts: AsyncDisposableStack,
    /** the mixnet */
    readonly network: Network,
    /** of a new window */
    readonly url: string,
  ) {}

  /** Resolves when the page is served. Throws as `Network.start` does, and Deno.errors.AddrInUse. */
  static async start({ port, meanHopDelay }: ChatOptions, signal: AbortSignal): Promise<Chat> {
    const wire = new Wire();
    const ports = portsFrom(0, SIZE);
    const places = placesOf(ports);
    const names = new Map(places.map(({ id, host }) => [host, id]));
    const nameOf = (host: string) => names.get(host) ?? host;
    await using starting = new AsyncDisposableStack();
    const bundling = bundlePage();
    bundling.catch(() => {}); // awaited below, unless the network fails first
    const network = starting.use(
      await Network.start(ports, signal, { connectFrom: (host) => wire.connectFrom(nameOf(host), nameOf) }),
    );
    const relays = new Map(network.gateways.map(({ gateway, key }) => {
      const name = nameOf(`${gateway.mixnetAddress.host}:${gateway.mixnetAddress.port}`);
      return [key, starting.use(new ClientRelay(gateway.clientsAddress, name, wire))];
    }));
    const scripts = await bundling;
    const server = starting.use(new ChatServer({ network, wire, relays, places, scripts, meanHopDelay, port }));
    return new Chat(starting.move(), network, server.url);
  }

  /** Stops everything and removes its files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.parts.disposeAsync();
  }
}
