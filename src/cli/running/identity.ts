import { hostOf } from "../../config/addresses.ts";
import { encodeBase58 } from "../../encoding/base58.ts";
import type { KeyPair } from "../../sphinx/curve.ts";
import { printText } from "../output/output.ts";

/** Addresses that other machines can't reach, or that name no particular machine. */
const SPECIAL_HOSTS = ["localhost", "127.0.0.1", "0.0.0.0", "::1"];

/** An address that a node listens on, and the one that it announces for it, each `host:port`. */
export interface Endpoint {
  /** of this machine */
  readonly listeningAddress: string;
  /** for others */
  readonly announceAddress: string;
}

/** Prints a node's public key, and a note for each of its endpoints that others may not reach, as 0.7.0 did. */
export function printIdentity({ publicKey }: KeyPair, endpoints: readonly Endpoint[]): void {
  printText(`Public key: ${encodeBase58(publicKey)}\n`);
  for (const { listeningAddress, announceAddress } of endpoints) {
    const host = hostOf(listeningAddress);
    if (SPECIAL_HOSTS.includes(host) && SPECIAL_HOSTS.includes(hostOf(announceAddress))) printText(bindingNote(host));
  }
}

function bindingNote(host: string): string {
  return `
##### NOTE #####

You are trying to bind to ${host} - you might not be accessible to other nodes
You can ignore this warning if you're running setup on a local network${" "}
or have set a custom 'announce-host'


`;
}
