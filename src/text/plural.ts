/** A number with its noun, as in `1 inbox` and `2 inboxes`; without `many`, that is the noun with an s. */
export function plural(n: number, noun: string, many = `${noun}s`): string {
  return `${n} ${n === 1 ? noun : many}`;
}
