import { decode32, encodeBase58 } from "../encoding/base58.ts";
import { isCanonicalScalar } from "../sphinx/curve.ts";
import { type Identity, identityOf } from "./identity.ts";
import type { Store } from "./store.ts";

/**
 * All that a client needs to come back to its address: a plain object of strings, to be kept secret. JSON and structured
 * clone preserve it.
 */
export interface Credentials {
  /** of this form */
  readonly version: 1;
  /** of the identity, 32 bytes in base58 */
  readonly privateKey: string;
  /** public key of the gateway, 32 bytes in base58 */
  readonly gateway: string;
  /** 32 bytes in base58, issued by the gateway; absent where the client logs in by proof */
  readonly token?: string;
  /** Whether the gateway has proven that it holds its key. If so, it must do so at every login. */
  readonly proven?: boolean;
}

/** Key of the credentials in a `Store`. */
const STORE_KEY = "peap/credentials";

/** The identity that the credentials belong to. */
export function identityOfCredentials({ privateKey }: Credentials): Identity {
  return identityOf(decode32(privateKey)!);
}

/** The private key in the form that `Credentials` have. */
export function encodePrivateKey({ privateKey }: Identity): string {
  return encodeBase58(privateKey);
}

/** Whether a value is well-formed credentials. */
export function isCredentials(value: unknown): value is Credentials {
  if (typeof value !== "object" || value === null) return false;
  const { version, privateKey, gateway, token, proven } = value as Record<string, unknown>;
  const key = decode32(privateKey);
  return version === 1 && key !== undefined && isCanonicalScalar(key) && decode32(gateway) !== undefined &&
    (token === undefined || typeof token === "string") && (proven === undefined || typeof proven === "boolean");
}

/**
 * The credentials in the store; undefined if it has none.
 *
 * @throws TypeError if what it has is something else
 */
export async function loadCredentials(store: Store): Promise<Credentials | undefined> {
  const bytes = await store.get(STORE_KEY);
  if (bytes === undefined) return undefined;
  const credentials: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (!isCredentials(credentials)) throw new TypeError(`The store has no valid credentials at ${STORE_KEY}`);
  return credentials;
}

/** Stores the credentials. */
export async function saveCredentials(store: Store, credentials: Credentials): Promise<void> {
  await store.write(new Map([[STORE_KEY, new TextEncoder().encode(JSON.stringify(credentials))]]));
}
