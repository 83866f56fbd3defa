/** `text` in lines of at most `width` characters, its own line breaks and indentation gone. Code in \`…\` stays whole. */
export function wrapped(text: string, width: number): string {
  const lines: string[] = [];
  for (const [word] of text.matchAll(/(?:`[^`]*`|\S)+/g)) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.join("\n");
}
