import type { TemporaryFolder } from "../support/temporary_folder.ts";

/** Files in PEM with a certificate for localhost and 127.0.0.1, its own authority, and its key, made by openssl. */
export async function selfSigned(folder: TemporaryFolder, name: string, days = 30) {
  const files = { certificate: folder.file(`${name}.crt`), key: folder.file(`${name}.key`) };
  const args = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=gateway.test".split(" ");
  const { success, stderr } = await new Deno.Command("openssl", {
    args: [
      ...args,
      ...["-addext", "basicConstraints=critical,CA:FALSE"],
      ...["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
      ...["-days", `${days}`, "-keyout", files.key, "-out", files.certificate],
    ],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return files;
}
