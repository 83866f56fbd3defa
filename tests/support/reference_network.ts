import type { GatewayNode, Topology } from "../../src/protocol/topology.ts";
import { fetchTopology } from "../../src/peap/mod.ts";
import { ReferenceProcess } from "./reference_process.ts";

/** The port of the 0.7.0 directory server, which is not configurable. */
const DIRECTORY_PORT = 8080;
const LAYERS = [1, 2, 3];
/** ms for nodes to start and announce themselves */
const START_TIMEOUT = 20_000;
/** ms between two polls of the topology */
const LOOK_INTERVAL = 50;

/** The folder of the 0.7.0 programs, if there is one. */
const PROGRAMS = Deno.env.get("NYM_REFERENCE");

/** A test that needs the 0.7.0 programs; skipped, with a note, without them. */
export function referenceTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: PROGRAMS ? name : `${name} (skipped: NYM_REFERENCE is not set)`, ignore: !PROGRAMS, fn });
}

/**
 * A network of the 0.7.0 programs on this machine: directory, a mixnode in each of three layers and, optionally, a
 * gateway. The directory's port is fixed, so only one can run at a time: `start` waits for others to end.
 */
export class ReferenceNetwork implements AsyncDisposable {
  /** URL */
  readonly directory = `http://127.0.0.1:${DIRECTORY_PORT}`;
  /** HOME of all programs */
  readonly home: string;
  readonly #programs: string;
  readonly #stack = new AsyncDisposableStack();

  private constructor(programs: string, home: string) {
    this.#programs = programs;
    this.home = home;
  }

  /** Resolves once the directory lists all nodes. Use it in a `referenceTest`. */
  static async start({ gateway }: { gateway: boolean }): Promise<ReferenceNetwork> {
    if (!PROGRAMS) throw new Error("Cannot start the 0.7.0 network: NYM_REFERENCE is not set");
    await using starting = new AsyncDisposableStack();
    const network = starting.use(new ReferenceNetwork(PROGRAMS, await Deno.makeTempDir()));
    await network.#start(gateway);
    starting.move();
    return network;
  }

  /** The 0.7.0 gateway as the directory lists it. */
  async gateway(): Promise<GatewayNode> {
    const { gatewayNodes: [node] } = await fetchTopology(this.directory);
    if (!node) throw new Error("The directory of the 0.7.0 network lists no gateway");
    return node;
  }

  /** The directory's topology, as soon as it is as expected; throws after 20 s. */
  async topology(isRight: (topology: Topology) => boolean): Promise<Topology> {
    const deadline = performance.now() + START_TIMEOUT;
    for (;;) {
      const topology = await fetchTopology(this.directory);
      if (isRight(topology)) return topology;
      if (performance.now() > deadline) throw new Error(`The topology is not as expected: ${JSON.stringify(topology)}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL));
    }
  }

  /**
   * Starts a 0.7.0 native client, which registers when its name is first used; resolves when it serves its application
   * on ws://127.0.0.1:`port`. It ends with its own scope, or otherwise with the network.
   *
   * It chooses any gateway in the directory: with a given one (`init --gateway`), 0.7.0 clients do not start.
   */
  async client(name: string, port: number): Promise<ReferenceProcess> {
    const options = ["--directory", this.directory, "--port", `${port}`];
    const client = await this.#run("nym-client", name, options);
    await client.printed("startup finished");
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
    await Deno.remove(this.home, { recursive: true });
  }

  async #start(gateway: boolean): Promise<void> {
    await this.#lock();
    assertFree(DIRECTORY_PORT);
    const directory = this.#stack.use(
      new ReferenceProcess("nym-directory", `${this.#programs}/nym-directory`, [], this.home),
    );
    await directory.printed("Listening", START_TIMEOUT);
    for (const layer of LAYERS) {
      const options = ["--host", "127.0.0.1", "--port", `${freePort()}`, "--layer", `${layer}`];
      await this.#run("nym-mixnode", `mix${layer}`, [...options, "--directory", this.directory]);
    }
    if (gateway) {
      const options = ["--mix-host", `127.0.0.1:${freePort()}`, "--clients-host", `127.0.0.1:${freePort()}`];
      await this.#run("nym-gateway", "gateway", [...options, "--directory", this.directory]);
    }
    await this.topology(({ mixNodes, gatewayNodes }) =>
      mixNodes.length === LAYERS.length && gatewayNodes.length === Number(gateway)
    );
  }

  /** Runs the node or client with that id, after initializing it if necessary. */
  async #run(program: string, id: string, options: string[]): Promise<ReferenceProcess> {
    const path = `${this.#programs}/${program}`;
    const marker = `${this.home}/${program}-${id}`;
    if (await isMissing(marker)) {
      await ReferenceProcess.complete(`${program} init`, path, ["init", "--id", id, ...options], this.home);
      await Deno.writeTextFile(marker, "");
    }
    return this.#stack.use(new ReferenceProcess(`${program} ${id}`, path, ["run", "--id", id], this.home));
  }

  /** Waits for the networks of other test runs on this machine. */
  async #lock(): Promise<void> {
    const folder = Deno.env.get("TMPDIR") ?? "/tmp";
    const file = this.#stack.use(
      await Deno.open(`${folder}/nym-reference-network.lock`, { create: true, write: true }),
    );
    await file.lock(true);
  }
}

/** A currently free port of 127.0.0.1. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

function assertFree(port: number): void {
  Deno.listen({ hostname: "127.0.0.1", port }).close();
}

async function isMissing(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}
