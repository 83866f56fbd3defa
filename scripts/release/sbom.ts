import type { Crate } from "./crates.ts";
import type { Package } from "./packages.ts";

interface Project {
  name: string;
  version: string;
  license: string;
}

/** The components of the gateway as a CycloneDX 1.6 document: npm packages, the kernel's crates and the runtime. */
export function billOfMaterials(
  project: Project,
  packages: readonly Package[],
  crates: readonly Crate[],
  deno: string,
): unknown {
  const application = `pkg:generic/nym-gateway@${project.version}`;
  const runtime = `pkg:github/denoland/deno@v${deno}`;
  const npm = packages.map(npmComponent);
  const cargo = crates.map(crateComponent);
  const packageReferences = new Map(packages.map((each, i) => [`${each.name}@${each.version}`, npm[i]!["bom-ref"]]));
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": application,
        name: "nym-gateway",
        version: project.version,
        licenses: [{ license: { id: project.license } }],
      },
    },
    components: [
      ...npm,
      ...cargo,
      { type: "framework", "bom-ref": runtime, name: "deno", version: deno, purl: runtime },
    ],
    dependencies: [
      { ref: application, dependsOn: [...npm, ...cargo].map((part) => part["bom-ref"]).concat(runtime) },
      ...packages.map(({ dependencies }, i) => ({
        ref: npm[i]!["bom-ref"],
        dependsOn: dependencies.map((id) => packageReferences.get(id)!),
      })),
    ],
  };
}

function npmComponent({ name, version, integrity }: Package) {
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  const content = Uint8Array.fromBase64(integrity.replace(/^sha512-/, "")).toHex();
  return { type: "library", "bom-ref": purl, name, version, purl, hashes: [{ alg: "SHA-512", content }] };
}

function crateComponent({ name, version, checksum }: Crate) {
  const purl = `pkg:cargo/${name}@${version}`;
  return { type: "library", "bom-ref": purl, name, version, purl, hashes: [{ alg: "SHA-256", content: checksum }] };
}
