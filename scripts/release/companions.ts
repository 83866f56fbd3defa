import { dirname, join } from "node:path";
import { CHECKOUT } from "./checkout.ts";

/** What a release holds beside the programs, by its name there. */
const FILES: Readonly<Record<string, string>> = {
  "install.sh": "scripts/install.sh",
  "nym-gateway.service": "scripts/packaging/systemd/nym-gateway.service",
  "nym-gateway.openrc": "scripts/packaging/openrc/nym-gateway",
  "Containerfile": "scripts/packaging/Containerfile",
  "LICENSE": "LICENSE",
  "SECURITY.md": "SECURITY.md",
};
/** Folders of which it holds these kinds of files, by the paths of the checkout, so that links between them hold. */
const FOLDERS: Readonly<Record<string, RegExp>> = {
  "docs": /^(?!README\.).*\.md$/, // that one is for the checkout
  "docs/images": /\.(png|svg)$/,
  "tests/bench/results": /\.(md|svg|json)$/,
  "scripts/monitoring": /\.(yml|json)$/,
};

/** Copies all that goes with the programs of a release into its folder; resolves with the names. */
export async function copyCompanions(folder: string): Promise<string[]> {
  const files = { ...FILES };
  for (const [from, kind] of Object.entries(FOLDERS)) {
    for await (const { name, isFile } of Deno.readDir(join(CHECKOUT, from))) {
      if (isFile && kind.test(name)) files[`${from}/${name}`] = `${from}/${name}`;
    }
  }
  for (const [name, source] of Object.entries(files)) {
    await Deno.mkdir(dirname(join(folder, name)), { recursive: true });
    await Deno.copyFile(join(CHECKOUT, source), join(folder, name));
  }
  return Object.keys(files).sort();
}
