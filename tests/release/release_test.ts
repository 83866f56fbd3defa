import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { dirname, join } from "node:path";
import { bakedFlags } from "../../scripts/release/baked_flags.ts";
import { changesOf } from "../../scripts/release/changelog.ts";
import { CHECKOUT } from "../../scripts/release/checkout.ts";
import { copyCompanions } from "../../scripts/release/companions.ts";
import { whereReleasesAre } from "../../scripts/release/releases_page.ts";
import { sha256Sums } from "../../scripts/release/checksums.ts";
import { kernelCrates } from "../../scripts/release/crates.ts";
import { packagesOf, usedImports } from "../../scripts/release/packages.ts";
import { platformOf } from "../../scripts/release/platform.ts";
import { billOfMaterials } from "../../scripts/release/sbom.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

interface Bill {
  specVersion: string;
  components: { name: string; version: string; "bom-ref": string; hashes?: { alg: string; content: string }[] }[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

Deno.test("the bill of materials lists the program's components with checksums, and none that only tests use", async () => {
  const project = { name: "@nym-gateway/gateway", version: "1.2.3", license: "Apache-2.0" };
  const packages = await packagesOf(await usedImports());
  const bill = billOfMaterials(project, packages, await kernelCrates(), "2.9.6") as Bill;
  assertEquals(bill.specVersion, "1.6");
  const names = bill.components.map(({ name }) => name);
  for (const name of ["@noble/curves", "@noble/hashes", "curve25519-dalek", "deno"]) assert(names.includes(name), name);
  for (const name of ["fast-check", "pure-rand", "kernel"]) assert(!names.includes(name), name);
  for (const { name, hashes } of bill.components) {
    if (name === "deno") continue; // Deno verifies its downloads
    const length = hashes![0]!.alg === "SHA-512" ? 128 : 64;
    assert(new RegExp(`^[0-9a-f]{${length}}$`).test(hashes![0]!.content), name);
  }
  const references = bill.components.map((component) => component["bom-ref"]);
  for (const { dependsOn } of bill.dependencies) for (const each of dependsOn) assert(references.includes(each), each);
});

Deno.test("the permissions in the executable are narrow, and equal those of the task run", async () => {
  const flags = await bakedFlags();
  assert(flags.some((flag) => flag.startsWith("--allow-env=")), `${flags}`);
  for (const flag of flags) assert(/^--(allow-(net|read|write|env=.+|sys=.+)|v8-flags=.+)$/.test(flag), flag);
});

Deno.test("the platform of an executable is read from its header", async () => {
  assertEquals(await platformOf(Deno.execPath()), Deno.build.target);
  using folder = new TemporaryFolder();
  const heads: Record<string, [at: number, bytes: string][]> = {
    "aarch64-unknown-linux-gnu": [[0, "7f454c46"], [18, "b700"]],
    "aarch64-apple-darwin": [[0, "cffaedfe0c000001"]],
    "x86_64-apple-darwin": [[0, "cffaedfe07000001"]],
    "x86_64-pc-windows-msvc": [[0, "4d5a"], [0x3c, "80000000"], [0x80, "504500006486"]],
    "undefined": [[0, "2321"]],
  };
  for (const [platform, parts] of Object.entries(heads)) {
    const head = new Uint8Array(4096);
    for (const [at, bytes] of parts) head.set(Uint8Array.fromHex(bytes), at);
    Deno.writeFileSync(folder.file("program"), head);
    assertEquals(`${await platformOf(folder.file("program"))}`, platform);
  }
});

Deno.test("the changes are those of the version, or the unreleased ones", () => {
  const released =
    "# Changelog\n\n## Unreleased\n\n- new\n\n## 0.8.0 - 2026-12-01\n\n### Added\n\n- a\n\n## 0.7.0\n\n- b\n";
  assertEquals(changesOf("0.8.0", released), "### Added\n\n- a\n");
  assertEquals(changesOf("0.9.0", released), "- new\n");
  assertThrows(() => changesOf("0.9.0", "# Changelog\n"), Error, "0.9.0");
});

Deno.test("a release holds what installs, documents and watches the gateway, and its links lead somewhere", async () => {
  using folder = new TemporaryFolder();
  const names = await copyCompanions(folder.path);
  for (
    const name of [
      "install.sh",
      "nym-gateway.service",
      "nym-gateway.openrc",
      "LICENSE",
      "docs/install.md",
      "scripts/monitoring/alerts.yml",
      "scripts/monitoring/grafana_dashboard.json",
    ]
  ) assert(names.includes(name), name);
  for (const name of names.filter((name) => name.endsWith(".md"))) {
    for (const [, link = ""] of Deno.readTextFileSync(folder.file(name)).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      assert(Deno.statSync(join(folder.path, dirname(name), link)), `${name}: ${link}`);
    }
  }
});

Deno.test("docs/install.md says where releases are, and pretends nothing while that is not known", () => {
  const text = Deno.readTextFileSync(join(CHECKOUT, "docs/install.md")).replaceAll(/\s+/g, " ");
  assertStringIncludes(text, whereReleasesAre());
  assertEquals(whereReleasesAre("https://releases.example/"), "Releases are at <https://releases.example/>.");
});

Deno.test("SHA256SUMS has a line for each file, in folders too", async () => {
  using folder = new TemporaryFolder();
  Deno.writeTextFileSync(folder.file("b"), "");
  Deno.writeTextFileSync(folder.file("a"), "abc");
  const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  Deno.mkdirSync(folder.file("aa"));
  Deno.writeTextFileSync(folder.file("aa/c"), "");
  assertEquals(await sha256Sums(folder.path), `${abc}  a\n${empty}  aa/c\n${empty}  b\n`);
});
