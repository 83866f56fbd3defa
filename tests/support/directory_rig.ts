import { join } from "node:path";
import { defaultsOf, DIRECTORY, type DirectoryConfig } from "../../src/config/config.ts";
import { Directory } from "../../src/directory_server/directory.ts";
import type { Topology } from "../../src/protocol/topology.ts";
import { TemporaryFolder } from "./temporary_folder.ts";

/** A directory with a temporary home, open to nodes that prove nothing unless `change` says otherwise. */
export class DirectoryRig implements AsyncDisposable {
  readonly #folder = new TemporaryFolder();
  readonly config: DirectoryConfig;
  readonly signingKey: Uint8Array = crypto.getRandomValues(new Uint8Array(32));
  /** replaced by `restart` */
  directory!: Directory;

  private constructor(change: (config: DirectoryConfig) => unknown, private readonly now: () => number) {
    this.config = defaultsOf(DIRECTORY, "test", join(this.#folder.path, "directories"));
    this.config.directory.open = true;
    this.config.directory.listeningAddress = "127.0.0.1:0";
    this.config.operator.listeningAddress = "";
    change(this.config);
  }

  /** Starts one. `now` is a clock in ms since 1970. */
  static async start(change: (config: DirectoryConfig) => unknown = () => {}, now = Date.now): Promise<DirectoryRig> {
    const rig = new DirectoryRig(change, now);
    await rig.restart();
    return rig;
  }

  /** The base URL. */
  get url(): string {
    return this.directory.url;
  }

  /** The nodes that it lists now. */
  topology(): Topology {
    return this.directory.topology();
  }

  /** Starts it after {@linkcode stop}. */
  async restart(): Promise<void> {
    this.directory = await Directory.start(this.config, this.signingKey, this.now);
  }

  /** Stops it; its home stays. */
  async stop(): Promise<void> {
    await this.directory[Symbol.asyncDispose]();
  }

  /** Stops it and removes its home. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#folder[Symbol.dispose]();
  }
}
