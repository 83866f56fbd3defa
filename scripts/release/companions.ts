import { dirname, join } from "node:path";
import { CHECKOUT } from "./checkout.ts";

/** The files of a release besides the executables, by name in the release. */
const FILES: Readonly<Record<string, string>> = {
  "install.sh": "scripts/install.sh",
  "nym-gateway.service": "scripts/packaging/systemd/nym-gateway.service",
  "nym-gateway.openrc": "scripts/packaging/openrc/nym-gateway",
  "Containerfile": "scripts/packaging/Containerfile",
  "LICENSE": "LICENSE",
  "SECURITY.md": "SECURITY.md",
};
/** Folders whose files of these kinds are part of a release. They keep their paths, so that links between them work. */
const FOLDERS: Readonly<Record<string, RegExp>> = {
  "docs": /^(?!README\.|conversation\.|chat\.).*\.md$/, // these are for the checkout
  "docs/images": /^(?!chat-).*\.(png|svg)$/,
  "tests/bench/results": /\.(md|svg|json)$/,
  "scripts/monitoring": /\.(yml|json)$/,
};

/** Copies the files besides the executables into the folder of a release; resolves with their names. */
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
