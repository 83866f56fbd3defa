/**
 * The name that `text` was probably meant to be: within two edits, or a third of the name's length. Otherwise
 * undefined.
 */
export function nearestName(text: string, names: readonly string[]): string | undefined {
  const candidates = names
    .map((name) => ({ name, distance: editDistance(text, name) }))
    .filter(({ name, distance }) => distance <= Math.max(2, Math.floor(name.length / 3)) && distance < name.length)
    .sort((a, b) => a.distance - b.distance);
  return candidates[0]?.name;
}

/** Completes a sentence with `; did you mean "x"?`; empty if no name is near. */
export function suggestion(text: string, names: readonly string[]): string {
  const name = nearestName(text, names);
  return name === undefined ? "" : `; did you mean "${name}"?`;
}

/** Levenshtein distance: the number of letters to insert, remove or replace to get from `a` to `b`. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] ?? 0) + (b[j] === letter ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
