import { parse } from "smol-toml";
import { join } from "node:path";
import { CHECKOUT } from "./checkout.ts";

/** A Rust crate that is part of the WebAssembly kernels. */
export interface Crate {
  name: string;
  version: string;
  /** SHA-256 in hexadecimal */
  checksum: string;
}

/** All crates in the kernel's Cargo.lock except the kernel itself. */
export async function kernelCrates(): Promise<Crate[]> {
  const text = await Deno.readTextFile(join(CHECKOUT, "src/sphinx/kernel/rust/Cargo.lock"));
  const { package: packages } = parse(text) as unknown as { package: (Omit<Crate, "checksum"> & Partial<Crate>)[] };
  return packages.flatMap(({ name, version, checksum }) => checksum === undefined ? [] : [{ name, version, checksum }]);
}
