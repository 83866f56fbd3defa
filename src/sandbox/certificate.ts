import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import type { CertificateFiles } from "../tls/certificate.ts";

const DAYS = 30;

/** Makes a certificate for localhost and 127.0.0.1, signed by itself, in `folder`. Throws an Error if openssl cannot. */
export async function makeCertificate(folder: string): Promise<CertificateFiles> {
  const files = { certificate: join(folder, "certificate.pem"), key: join(folder, "key.pem") };
  const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  args.push("-subj", "/CN=local mixnet", "-days", `${DAYS}`, "-addext", "basicConstraints=critical,CA:FALSE");
  args.push("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", files.key, "-out", files.certificate);
  try {
    const { success, stderr } = await new Deno.Command("openssl", { args }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound ? "openssl is not installed" : (cause as Error).message;
    throw new Error(`Cannot make a certificate: ${reason}`, { cause });
  }
  return files;
}

/** The SHA-256 of a certificate's public key, base64: Chromium can be started to accept it. */
export async function fingerprintOf({ certificate }: CertificateFiles): Promise<string> {
  const { publicKey } = new X509Certificate(await Deno.readTextFile(certificate));
  const key = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", key)).toBase64();
}
