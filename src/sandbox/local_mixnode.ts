import type { MixnodeConfig } from "../config/config.ts";
import type { Connect } from "../mixnet/mixnode_link.ts";
import { Mixnode } from "../mixnode/mixnode.ts";
import { generateKeyPair, type KeyPair } from "../sphinx/curve.ts";

/** A mixnode of a local network. It can be switched off and on again, with the same keys, address and files. */
export class LocalMixnode implements AsyncDisposable {
  readonly #config: MixnodeConfig;
  readonly #keys: KeyPair;
  readonly #connect: Connect | undefined;
  #running: Mixnode | undefined;
  /** One change after the other. */
  #changed: Promise<void> = Promise.resolve();

  private constructor(config: MixnodeConfig, keys: KeyPair, connect: Connect | undefined) {
    this.#config = config;
    this.#keys = keys;
    this.#connect = connect;
  }

  /** Starts one with new keys. `connect` replaces TCP connections to the next nodes. */
  static async start(config: MixnodeConfig, connect?: Connect): Promise<LocalMixnode> {
    const local = new LocalMixnode(config, generateKeyPair(), connect);
    await local.switch(true);
    return local;
  }

  /** 1 for the first */
  get layer(): number {
    return this.#config.mixnode.layer;
  }

  /** where others connect to: `ip:port` */
  get host(): string {
    return this.#config.mixnode.announceAddress;
  }

  /** Undefined while it is off. */
  get running(): Mixnode | undefined {
    return this.#running;
  }

  /** Resolves once it is on or off. */
  switch(isOn: boolean): Promise<void> {
    const change = this.#changed.then(async () => {
      const running = this.#running;
      if ((running !== undefined) === isOn) return;
      this.#running = undefined;
      await running?.[Symbol.asyncDispose]();
      if (isOn) this.#running = await Mixnode.start(this.#config, this.#keys, this.#connect);
    });
    this.#changed = change.catch(() => {}); // the caller has the error
    return change;
  }

  /** Switches it off. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.switch(false);
  }
}
