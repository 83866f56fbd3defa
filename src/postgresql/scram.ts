import { hmac } from "@noble/hashes/hmac.js";
import { pbkdf2Async } from "@noble/hashes/pbkdf2.js";
import { sha256 } from "@noble/hashes/sha2.js";

const ITERATIONS = 4096; // as the server's own
const SALT_SIZE = 16;

/**
 * What a server keeps of a password for SCRAM-SHA-256 (RFC 5803), so that the password itself is never sent to it, nor
 * gets into its log. Like the driver, it takes the password's UTF-8 as it is.
 */
export async function scramVerifier(
  password: string,
  salt: Uint8Array = crypto.getRandomValues(new Uint8Array(SALT_SIZE)),
): Promise<string> {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const salted = await pbkdf2Async(sha256, bytes(password), salt, { c: ITERATIONS, dkLen: sha256.outputLen });
  const storedKey = sha256(hmac(sha256, salted, bytes("Client Key")));
  const serverKey = hmac(sha256, salted, bytes("Server Key"));
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toBase64()}$${storedKey.toBase64()}:${serverKey.toBase64()}`;
}
