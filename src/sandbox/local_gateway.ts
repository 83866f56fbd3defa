import type { Config } from "../config/config.ts";
import { encodeBase58 } from "../encoding/base58.ts";
import { Gateway } from "../gateway/gateway.ts";
import { STORAGE_KEY_SIZE } from "../mailbox/sealing.ts";
import type { Connect } from "../mixnet/mixnode_link.ts";
import { generateKeyPair } from "../sphinx/curve.ts";

/** A gateway of a local network. */
export interface LocalGateway extends AsyncDisposable {
  /** as it runs */
  readonly gateway: Gateway;
  /** base58 */
  readonly key: string;
  /** where it keeps its clients' messages */
  readonly inboxesDirectory: string;
}

/** Starts one with new keys. `connect` replaces TCP connections to mixnodes. */
export async function startLocalGateway(config: Config, connect?: Connect): Promise<LocalGateway> {
  const keys = generateKeyPair();
  const storageKey = crypto.getRandomValues(new Uint8Array(STORAGE_KEY_SIZE));
  const gateway = await Gateway.start(config, keys, storageKey, connect);
  return {
    gateway,
    key: encodeBase58(keys.publicKey),
    inboxesDirectory: config.clientsEndpoint.inboxesDirectory,
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}
