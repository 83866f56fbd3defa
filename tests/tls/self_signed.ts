import type { TemporaryFolder } from "../support/temporary_folder.ts";

const EC = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1";

/** Creates PEM files with a self-signed certificate for localhost and 127.0.0.1, and its key, with openssl. */
export async function selfSigned(folder: TemporaryFolder, name: string, days = 30, newKey = EC) {
  const files = { certificate: folder.file(`${name}.crt`), key: folder.file(`${name}.key`) };
  await openssl(`req -x509 ${newKey} -nodes -subj /CN=gateway.test -addext basicConstraints=critical,CA:FALSE
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -days ${days} -keyout ${files.key} -out ${files.certificate}`);
  return files;
}

/** Certificates in PEM, each issued by the next, and the path of the first one's key. */
export async function issuedChain(folder: TemporaryFolder): Promise<{ certificates: string[]; key: string }> {
  const [root, intermediate, own] = ["root", "intermediate", "own"].map((name) => folder.file(name));
  await openssl(`req -x509 ${EC} -nodes -subj /CN=root -keyout ${root}.key -out ${root}.crt`);
  await issue(intermediate!, root!, "TRUE");
  await issue(own!, intermediate!, "FALSE");
  const certificates = [own, intermediate, root].map((path) => Deno.readTextFileSync(`${path}.crt`));
  return { certificates, key: `${own}.key` };
}

async function issue(path: string, by: string, isAuthority: "TRUE" | "FALSE"): Promise<void> {
  const name = path.split("/").at(-1);
  await openssl(`req ${EC} -nodes -subj /CN=${name} -keyout ${path}.key -out ${path}.csr`);
  await Deno.writeTextFile(`${path}.ext`, `basicConstraints=critical,CA:${isAuthority}\n`);
  await openssl(`x509 -req -in ${path}.csr -CA ${by}.crt -CAkey ${by}.key -CAcreateserial -extfile ${path}.ext
    -days 30 -out ${path}.crt`);
}

/** Runs openssl with these arguments. */
async function openssl(words: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args: words.split(/\s+/) }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
