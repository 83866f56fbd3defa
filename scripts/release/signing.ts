import { join } from "node:path";

/** The namespace of the signature, as in install.sh. The key's signatures for other purposes are not valid here. */
const NAMESPACE = "nym-gateway-release";

/** The public key of an SSH key, as in `ssh-ed25519 AAAA…`. */
export async function publicKeyOf(privateKey: string): Promise<string> {
  const [type, key] = (await sshKeygen("-y", "-f", privateKey)).trim().split(" ");
  return `${type} ${key}`;
}

/** Makes the release's install.sh require signatures by this key. */
export async function setReleaseKey(folder: string, publicKey: string): Promise<void> {
  const path = join(folder, "install.sh");
  const script = await Deno.readTextFile(path);
  const signed = script.replace(/^RELEASE_KEY=''$/m, `RELEASE_KEY='${publicKey}'`);
  if (signed === script) throw new Error(`${path} has no line RELEASE_KEY=''`);
  await Deno.writeTextFile(path, signed);
}

/** Signs a file with an SSH key, which may be in hardware or in the agent. Writes the signature to `<file>.sig`. */
export async function sign(file: string, privateKey: string): Promise<void> {
  await sshKeygen("-Y", "sign", "-q", "-f", privateKey, "-n", NAMESPACE, file);
}

/** Runs ssh-keygen, which may ask for the key's passphrase on the terminal. */
async function sshKeygen(...args: string[]): Promise<string> {
  const { success, stdout } = await new Deno.Command("ssh-keygen", { args, stdin: "inherit", stderr: "inherit" })
    .output();
  if (!success) throw new Error(`ssh-keygen ${args.join(" ")} failed`);
  return new TextDecoder().decode(stdout);
}
