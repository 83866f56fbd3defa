import { assert, assertEquals } from "@std/assert";
import { ClientRelay } from "../../src/chat/client_relay.ts";
import { placesOf } from "../../src/chat/places.ts";
import { ChatServer } from "../../src/chat/server.ts";
import { type Sighting, Wire } from "../../src/chat/wire.ts";
import { setLogLevel } from "../../src/logging/log.ts";
import { Peap } from "../../src/peap/mod.ts";
import { Network } from "../../src/sandbox/network.ts";
import { portsFrom } from "../../src/sandbox/ports.ts";
import { eventually } from "../support/eventually.ts";
import { quietPort } from "../support/quiet_port.ts";

setLogLevel("error");

/** What the server's stream says, until disposed. */
class Stream implements AsyncDisposable {
  readonly sightings: Sighting[] = [];
  state: { off: string[]; windows: Record<string, string> } | undefined;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #reading: Promise<void>;

  private constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.getReader();
    this.#reading = this.#read();
  }

  static async open(url: string): Promise<Stream> {
    return new Stream((await fetch(url)).body!);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.cancel();
    await this.#reading;
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let text = "";
    for (let part = await this.#reader.read(); part.value; part = await this.#reader.read()) {
      text += decoder.decode(part.value, { stream: true });
      const events = text.split("\n\n");
      text = events.pop()!;
      for (const event of events) {
        const [, type, data] = /^event: (\w+)\ndata: (.*)$/.exec(event)!;
        if (type === "wire") this.sightings.push(...JSON.parse(data!));
        else this.state = JSON.parse(data!);
      }
    }
  }
}

Deno.test("the server's stream has every packet on every wire, and no more; its page's switches work", async () => {
  const ports = portsFrom(quietPort(9), { mixnodes: 2, gateways: 1 });
  const places = placesOf(ports);
  const nameOf = (host: string) => places.find((place) => place.host === host)!.id;
  const wire = new Wire();
  await using network = await Network.start(ports, new AbortController().signal, {
    connectFrom: (host) => wire.connectFrom(nameOf(host), nameOf),
  });
  await using relay = new ClientRelay(network.gateway.clientsAddress, "g1", wire);
  const relays = new Map([[network.gatewayKey, relay]]);
  const options = { network, wire, relays, places, scripts: { page: "", client: "" }, meanHopDelay: 1, port: 0 };
  await using server = new ChatServer(options);
  await using stream = await Stream.open(`${server.url}wire`);
  await eventually("the stream begins", () => stream.state !== undefined);

  const routes: string[][] = [];
  {
    await using client = await Peap.connect({
      directory: `${server.url}w/7`,
      traffic: "none",
      meanHopDelay: 1,
      trace: (event) => {
        if (event.type === "packet-sent") {
          routes.push([
            "w7",
            "g1",
            ...event.hops.map(({ host }) => nameOf(host)),
            "w7",
          ]);
        }
      },
    });
    await client.send(client.address, new Uint8Array(900));
    for await (const { data } of client) {
      assertEquals(data.length, 900);
      break;
    }
    await eventually("the window is shown", () => stream.state!.windows["w7"] === "g1");
  }
  assertEquals(routes.length, 1);
  const expected = routes.flatMap((route) => route.slice(1).map((to, i) => `${route[i]} ${to}`)).sort();
  const passed = () => stream.sightings.filter(([, , , bytes]) => bytes > 600).map(([, from, to]) => `${from} ${to}`);
  await eventually("all has passed", () => passed().length >= expected.length);
  assertEquals(passed().sort(), expected);
  const between = stream.sightings.filter(([, from, to]) => !`${from}${to}`.includes("w"));
  assertEquals(new Set(between.map(([, , , bytes]) => bytes)), new Set([1373]));
  await eventually("the window is gone", () => stream.state!.windows["w7"] === undefined);

  const { origin } = new URL(server.url);
  const put = async (id: string, body: string, headers: Record<string, string>) => {
    const response = await fetch(`${server.url}mixnodes/${id}`, { method: "PUT", body, headers });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await put("m2", "off", { origin: "https://elsewhere.example" }), 403);
  assertEquals(await put("g1", "off", { origin }), 404);
  assertEquals(network.mixnodes.length, 6);
  assertEquals(await put("m2", "off", { origin }), 204);
  await eventually("it is shown", () => stream.state!.off.includes("m2"));
  assertEquals([network.mixnodes.length, network.localMixnodes[1]!.running], [5, undefined]);
  assertEquals(await put("m2", "on", { origin }), 204);
  assertEquals(network.mixnodes.length, 6);
  assertEquals(network.localMixnodes[1]!.running!.address.port, ports.mixnodes[1]);
});

Deno.test("the server answers only by its own address, and gives each window a number", async () => {
  const network = undefined as unknown as Network; // of which these answers need nothing
  const scripts = { page: "1", client: "2" };
  const options = { network, wire: new Wire(), relays: new Map(), places: [], scripts, meanHopDelay: 1, port: 0 };
  await using server = new ChatServer(options);
  const { port } = new URL(server.url);
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
    const head = Object.entries({ host: `127.0.0.1:${port}`, connection: "close", ...headers });
    const request = `GET ${path} HTTP/1.1\r\n${head.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
    await connection.write(new TextEncoder().encode(request));
    return await new Response(connection.readable).text();
  };
  assert((await ask("/", { host: "rebound.example" })).startsWith("HTTP/1.1 421 "));
  for (const number of [1, 2]) assert((await ask("/")).includes(`location: /w/${number}\r\n`));
  const page = await ask("/w/5");
  assert(page.includes(`"window":5`) && page.includes("script-src 'self'"));
  assert((await ask("/")).includes("location: /w/6\r\n"));
  for (const number of ["0", "9".repeat(22), "9".repeat(400)]) {
    assert((await ask(`/w/${number}`)).startsWith("HTTP/1.1 404 "), number);
  }
  assert((await ask("/")).includes("location: /w/7\r\n"));
  assert((await ask("/w/999999")).includes(`"window":999999`));
  assert((await ask("/")).includes("location: /w/1\r\n"));
});
