/**
 * The number of tags of each destination to evict so that at most `target` remain: those with the most are cut to one
 * level, as high as possible, and no destination below it loses any.
 *
 * @param counts the number of tags of each destination
 */
export function surplusOf(counts: Uint32Array, target: number): Uint32Array {
  const level = levelOf(counts, target);
  return counts.map((count) => Math.max(0, count - level));
}

function levelOf(counts: Uint32Array, target: number): number {
  let low = 0;
  let high = counts.reduce((most, count) => Math.max(most, count), 0);
  while (low < high) {
    const level = Math.ceil((low + high) / 2);
    if (totalAt(counts, level) <= target) low = level;
    else high = level - 1;
  }
  return low;
}

function totalAt(counts: Uint32Array, level: number): number {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += Math.min(counts[i]!, level);
  return total;
}
