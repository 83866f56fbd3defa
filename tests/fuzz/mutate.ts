import type { Random } from "../support/random.ts";

/** Texts that are difficult for parsers. */
const STUMBLING_BLOCKS = [
  "",
  "\0",
  '"',
  "'",
  "\\",
  "\\u0000",
  "\ud800",
  "🌧",
  "\u2028",
  "\r\n",
  "{",
  "}",
  "[[",
  "]",
  ",",
  ":",
  "=",
  "#",
  "-----",
  "null",
  "true",
  "-0",
  "1e999",
  "NaN",
  "9".repeat(400),
  "1".repeat(70),
  "__proto__",
  "constructor",
  '"a":'.repeat(50),
  "[".repeat(300),
  '{"a":'.repeat(300),
  "0x7fffffffffffffff",
  "1979-05-27T07:32:00Z",
  '"""',
  "'''",
  "[a.b]\n",
  "[[a]]\n",
];

/** A valid text with a few changes, or random text. */
export function mutatedText(random: Random, valid: string): string {
  let text = valid;
  for (let changes = random.below(4); changes >= 0; changes--) {
    const from = random.below(text.length + 1);
    const to = Math.min(text.length, from + random.below(random.pick([2, 8, 80])));
    switch (random.below(5)) {
      case 0:
        text = text.slice(0, from) + text.slice(to);
        break;
      case 1:
        text = text.slice(0, to) + text.slice(from);
        break;
      case 2:
        text = text.slice(0, from) + random.pick(STUMBLING_BLOCKS) + text.slice(to);
        break;
      case 3:
        text = text.slice(0, from) + String.fromCharCode(random.below(random.pick([128, 65_536]))) +
          text.slice(from + 1);
        break;
      case 4:
        if (random.oneIn(20)) text = text.slice(0, from);
        break;
    }
  }
  return text;
}

/** Valid bytes with a few changes; of the same length unless `resize`. */
export function mutatedBytes(random: Random, valid: Uint8Array, resize = false): Uint8Array {
  let bytes = valid.slice();
  for (let changes = random.below(4); changes >= 0; changes--) {
    if (bytes.length === 0) break;
    const at = random.below(bytes.length);
    switch (random.below(4)) {
      case 0:
        bytes[at]! ^= 1 << random.below(8);
        break;
      case 1:
        bytes[at] = random.below(256);
        break;
      case 2:
        bytes.fill(random.pick([0, 1, 255]), at, at + random.below(40));
        break;
      case 3:
        bytes.copyWithin(at, random.below(bytes.length), at + random.below(40));
        break;
    }
  }
  if (resize && random.oneIn(3)) bytes = bytes.subarray(0, random.below(bytes.length + 1));
  if (resize && random.oneIn(6)) {
    const longer = new Uint8Array(bytes.length + random.below(20));
    longer.set(bytes);
    bytes = longer;
  }
  return bytes;
}
