import { join } from "node:path";

/** What the signature is for: one that the key made for something else is not valid here. As in install.sh. */
const NAMESPACE = "nym-gateway-release";

/** The public half of an SSH key, as in `ssh-ed25519 AAAA…`. */
export async function publicKeyOf(privateKey: string): Promise<string> {
  const [type, key] = (await sshKeygen("-y", "-f", privateKey)).trim().split(" ");
  return `${type} ${key}`;
}

/** Has the release's install.sh ask for signatures by this key from now on. */
export async function setReleaseKey(folder: string, publicKey: string): Promise<void> {
  const path = join(folder, "install.sh");
  const script = await Deno.readTextFile(path);
  const signed = script.replace(/^RELEASE_KEY=''$/m, `RELEASE_KEY='${publicKey}'`);
  if (signed === script) throw new Error(`${path} has no line RELEASE_KEY=''`);
  await Deno.writeTextFile(path, signed);
}

/** Signs a file with an SSH key, a hardware key or one of the agent as well; the signature goes into `<file>.sig`. */
export async function sign(file: string, privateKey: string): Promise<void> {
  await sshKeygen("-Y", "sign", "-q", "-f", privateKey, "-n", NAMESPACE, file);
}

/** It may ask for the key's passphrase, on the terminal. */
async function sshKeygen(...args: string[]): Promise<string> {
  const { success, stdout } = await new Deno.Command("ssh-keygen", { args, stdin: "inherit", stderr: "inherit" })
    .output();
  if (!success) throw new Error(`ssh-keygen ${args.join(" ")} failed`);
  return new TextDecoder().decode(stdout);
}
