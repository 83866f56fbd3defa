import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { configPath, defaultConfig } from "../../config/config.ts";
import { writeConfig, writePrivate } from "../../config/files.ts";
import { saveKeyPair } from "../../config/key_files.ts";
import { storageKeyText } from "../../config/storage_key_file.ts";
import type { KeyPair } from "../../sphinx/curve.ts";
import { HOST } from "../network.ts";
import { until } from "../until.ts";
import { Service } from "./service.ts";

/** ms until a gateway must be up */
const START_TIMEOUT = 60_000;

/** Where one of the gateways listens. */
export interface GatewayPorts {
  /** for mixnodes */
  readonly mixnet: number;
  /** for clients */
  readonly clients: number;
  /** for the balancer's checks */
  readonly operator: number;
}

/** What all gateways of a cluster have in common. */
export interface Shared {
  /** by which mixnodes and clients know them */
  readonly keys: KeyPair;
  /** with which the mail is sealed */
  readonly storageKey: Uint8Array;
  /** where clients and mixnodes reach them: the load balancer, `host:port` */
  readonly announced: { readonly mixnet: string; readonly clients: string };
  /** URL of the directory */
  readonly directory: string;
  /** the database: its URL, and the file with its password */
  readonly database: { readonly url: string; readonly passwordFile: string };
}

/** One of several gateways with the same keys, in a process of its own. */
export class ClusterGateway implements AsyncDisposable {
  private constructor(readonly name: string, private readonly service: Service) {}

  /** Makes its home in `folder` and starts it there; resolves when it listens. */
  static async start(
    name: string,
    folder: string,
    ports: GatewayPorts,
    shared: Shared,
    signal: AbortSignal,
  ): Promise<ClusterGateway> {
    const homes = join(folder, "gateways");
    const config = defaultConfig(name, homes);
    const { gateway, mixnetEndpoint, clientsEndpoint, storage, limits, operator } = config;
    Object.assign(gateway, { location: "local", presenceDirectoryServer: shared.directory });
    mixnetEndpoint.listeningAddress = `${HOST}:${ports.mixnet}`;
    mixnetEndpoint.announceAddress = shared.announced.mixnet;
    clientsEndpoint.listeningAddress = `${HOST}:${ports.clients}`;
    clientsEndpoint.announceAddress = `ws://${shared.announced.clients}`;
    Object.assign(storage, { kind: "postgresql", tls: "off", ...shared.database });
    limits.trustedProxies = [HOST];
    operator.listeningAddress = `${HOST}:${ports.operator}`;
    writeConfig(configPath(name, homes), config);
    saveKeyPair(gateway, shared.keys);
    writePrivate(gateway.storageKeyFile, storageKeyText(shared.storageKey));

    await using starting = new AsyncDisposableStack();
    const service = starting.use(new Service(name, commandOf(name), { NYM_HOME: folder, RUST_LOG: "error" }));
    let isUp = false;
    const look = () => {
      service.mustRun();
      if (!isUp) void isAlive(ports.operator).then((alive) => isUp ||= alive);
      return isUp;
    };
    await until(look, START_TIMEOUT, () => `${name} is not up`, signal);
    starting.move();
    return new ClusterGateway(name, service);
  }

  /** Kills it, as the loss of its machine does. */
  async kill(): Promise<void> {
    await this.service.kill();
  }

  /** Kills it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.service[Symbol.asyncDispose]();
  }
}

function commandOf(name: string): [string, ...string[]] {
  const variables = "HOME,USERPROFILE,NYM_HOME,RUST_LOG,JOURNAL_STREAM,NYM_GATEWAY_STORAGE_KEY_FILE," +
    "CREDENTIALS_DIRECTORY,PGAPPNAME,NOTIFY_SOCKET,WATCHDOG_USEC";
  return [
    Deno.execPath(),
    "run",
    "--no-code-cache",
    "--unstable-lazy-dynamic-imports",
    "--allow-net",
    "--allow-read",
    "--allow-write",
    `--allow-env=${variables}`,
    "--allow-sys=statfs,systemMemoryInfo",
    "--v8-flags=--experimental-wasm-wide-arithmetic,--max-semi-space-size=8",
    fileURLToPath(new URL("../../../main.ts", import.meta.url)),
    "run",
    "--id",
    name,
  ];
}

async function isAlive(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://${HOST}:${port}/healthz`, { signal: AbortSignal.timeout(1000) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}
