import { isTarget, type Target } from "./targets.ts";

/** The number of bytes at the start of an executable that are examined. */
const HEAD_SIZE = 4096;

/** The platform of an executable, from its header (ELF, Mach-O, PE); undefined if it is not one of TARGETS. */
export async function platformOf(path: string): Promise<Target | undefined> {
  using file = await Deno.open(path);
  const head = new Uint8Array(HEAD_SIZE);
  await file.read(head);
  const target = `${processorAndSystem(new DataView(head.buffer))}`;
  return isTarget(target) ? target : undefined;
}

function processorAndSystem(head: DataView): string | undefined {
  switch (head.getUint32(0)) {
    case 0x7f454c46: // "\x7fELF"; then e_machine
      return { 0x3e: "x86_64-unknown-linux-gnu", 0xb7: "aarch64-unknown-linux-gnu" }[head.getUint16(18, true)];
    case 0xcffaedfe: // MH_MAGIC_64, little-endian; then cputype
      return { 0x1000007: "x86_64-apple-darwin", 0x100000c: "aarch64-apple-darwin" }[head.getUint32(4, true)];
  }
  if (head.getUint16(0) !== 0x4d5a) return undefined; // "MZ", then the offset of "PE\0\0", which is followed by Machine
  const header = head.getUint32(0x3c, true);
  return header < HEAD_SIZE - 6 && head.getUint16(header + 4, true) === 0x8664 ? "x86_64-pc-windows-msvc" : undefined;
}
