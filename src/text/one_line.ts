/**
 * The text with what is not printed escaped, as in JSON: control and format characters, such as those that turn the
 * direction of writing, and separators of lines. So nothing quoted in it can forge a line, drive a terminal or hide what
 * it says.
 */
export function onOneLine(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => character.split("").map(escaped).join(""));
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
