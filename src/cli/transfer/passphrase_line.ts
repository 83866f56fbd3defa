const INTERRUPT = 3; // Ctrl-C
const END_OF_INPUT = 4; // Ctrl-D
const BACKSPACE = [8, 127];
const ERASE_ALL = 21; // Ctrl-U
const ENTER = [10, 13];
const FIRST_PRINTABLE = 32;

/**
 * The bytes of a line typed on a terminal in raw mode, where the program has to handle the editing keys itself.
 * Undefined if the user gives up: Ctrl-C, Ctrl-D on an empty line, or the end of the input.
 */
export async function passphraseLine(typed: AsyncIterable<number>): Promise<Uint8Array | undefined> {
  const bytes: number[] = [];
  for await (const byte of typed) {
    if (ENTER.includes(byte)) return Uint8Array.from(bytes);
    if (byte === INTERRUPT || byte === END_OF_INPUT && bytes.length === 0) return undefined;
    if (BACKSPACE.includes(byte)) eraseCharacter(bytes);
    else if (byte === ERASE_ALL) bytes.length = 0;
    else if (byte >= FIRST_PRINTABLE) bytes.push(byte);
  }
  return undefined;
}

/** The last character of UTF-8 text: its first byte and those that continue it. */
function eraseCharacter(bytes: number[]): void {
  let removed = bytes.pop();
  while (removed !== undefined && (removed & 0xc0) === 0x80) removed = bytes.pop();
}
