// deno-lint-ignore-file no-console -- a command
/**
 * Builds a release in dist/: `deno task release`. It contains an executable for each platform, or only for those given
 * as `--target <triple>`, the files to install, document and monitor it, SHA256SUMS, the bill of materials (CycloneDX)
 * and the changes. With `--signing-key <file>`, an SSH key, SHA256SUMS is signed, and install.sh requires that signature.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { changesOf } from "./release/changelog.ts";
import { CHECKOUT, readProjectFile } from "./release/checkout.ts";
import { sha256Sums } from "./release/checksums.ts";
import { copyCompanions } from "./release/companions.ts";
import { compile } from "./release/compile.ts";
import { kernelCrates } from "./release/crates.ts";
import { packagesOf, usedImports } from "./release/packages.ts";
import { billOfMaterials } from "./release/sbom.ts";
import { publicKeyOf, setReleaseKey, sign } from "./release/signing.ts";
import { isTarget, TARGETS } from "./release/targets.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: { "target": { type: "string", multiple: true, default: [] }, "signing-key": { type: "string" } },
});
const signingKey = values["signing-key"];
const unknownTarget = values.target.find((target) => !isTarget(target));
if (unknownTarget !== undefined) {
  console.error(`--target: ${unknownTarget} is not one of ${TARGETS.join(", ")}`);
  Deno.exit(64);
}
const targets = values.target.length === 0 ? TARGETS : values.target.filter(isTarget);

const project = await readProjectFile();
const folder = join(CHECKOUT, "dist", project.version);
await Deno.remove(folder, { recursive: true }).catch(() => {}); // it may not exist
await Deno.mkdir(folder, { recursive: true });
let { deno } = Deno.version;
try {
  for (const target of targets) {
    const suffix = target.includes("windows") ? ".exe" : "";
    const file = join(folder, `nym-gateway-${project.version}-${target}${suffix}`);
    await compile(target, file);
    if (Deno.env.get("DENORT_BIN")) deno = await runtimeVersion(file); // otherwise that of this Deno
    console.log(file);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(1);
}
const packages = await packagesOf(await usedImports());
const bill = billOfMaterials(project, packages, await kernelCrates(), deno);
await Deno.writeTextFile(join(folder, "sbom.cdx.json"), `${JSON.stringify(bill, null, 2)}\n`);
const changelog = await Deno.readTextFile(join(CHECKOUT, "CHANGELOG.md"));
await Deno.writeTextFile(join(folder, "CHANGES.md"), changesOf(project.version, changelog));
const companions = await copyCompanions(folder);
if (signingKey !== undefined) await setReleaseKey(folder, await publicKeyOf(signingKey));
const sums = join(folder, "SHA256SUMS");
await Deno.writeTextFile(sums, await sha256Sums(folder));
if (signingKey !== undefined) await sign(sums, signingKey);
console.log(`${folder}: SHA256SUMS, sbom.cdx.json, CHANGES.md, ${companions.join(", ")}`);

/** The version of Deno in an executable for this machine. */
async function runtimeVersion(program: string): Promise<string> {
  const { stdout } = await new Deno.Command(program, { args: ["build-info"] }).output();
  return /^deno: (.+)$/m.exec(new TextDecoder().decode(stdout))![1]!;
}
