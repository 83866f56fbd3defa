const QUOTE = 0x22;
const COMMA = 0x2c;
const OPENING_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/**
 * Whether a text of JSON has no more than so many values, none of them inside of more than `depth` others. To be asked
 * before it is parsed: a few MB of nothing but brackets become hundreds of MB of objects. Of what is no JSON it may say
 * either.
 */
export function isWithin(text: Uint8Array, values: number, depth: number): boolean {
  let count = 1;
  let level = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text[i]) {
      case QUOTE:
        i = endOfString(text, i + 1);
        break;
      case OPENING_BRACKET:
      case OPENING_BRACE:
        count++;
        if (++level > depth) return false;
        break;
      case CLOSING_BRACKET:
      case CLOSING_BRACE:
        level--;
        break;
      case COMMA:
        count++;
        break;
    }
    if (count > values) return false;
  }
  return true;
}

/** Where the string ends whose contents begin at `i`. */
function endOfString(text: Uint8Array, i: number): number {
  while (i < text.length && text[i] !== QUOTE) i += text[i] === BACKSLASH ? 2 : 1;
  return i;
}
