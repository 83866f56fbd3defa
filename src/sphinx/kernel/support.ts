/** The smallest module with an `i64.mul_wide_u`. */
const WIDE_ARITHMETIC = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // magic number and version
  ...[0x01, 0x06, 0x01, 0x60, 0x00, 0x02, 0x7e, 0x7e], // a type: () → (i64, i64)
  ...[0x03, 0x02, 0x01, 0x00], // a function of that type
  ...[0x0a, 0x0a, 0x01, 0x08, 0x00, 0x42, 0x00, 0x42, 0x00, 0xfc, 0x16, 0x0b], // its body: 0 × 0
);

/** The smallest module with an `i8x16.splat`. */
const SIMD = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b], // a type: () → v128
  ...[0x03, 0x02, 0x01, 0x00],
  ...[0x0a, 0x08, 0x01, 0x06, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0x0b], // its body: 0 in each lane
);

/** 64 × 64 → 128 bits in one instruction: in V8 15 behind `--experimental-wasm-wide-arithmetic`. */
export function hasWideArithmetic(): boolean {
  return accepts(WIDE_ARITHMETIC);
}

/** Whether this V8 has 128-bit SIMD. */
export function hasSimd(): boolean {
  return accepts(SIMD);
}

function accepts(module: Uint8Array<ArrayBuffer>): boolean {
  return "WebAssembly" in globalThis && WebAssembly.validate(module); // missing in a V8 without a compiler (--jitless)
}
