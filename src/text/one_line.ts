/** The text with its control characters escaped, so that nothing quoted in it can forge a line or drive a terminal. */
export function onOneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
