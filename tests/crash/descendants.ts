/** These processes and all their descendants, parents first. Linux only. */
export function descendants(pids: readonly number[]): number[] {
  const found = new Set(pids);
  const parents = [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter((pid) => pid > 0)
    .map((pid) => [pid, parentOf(pid)] as const);
  // Iterating over a set also visits what is added meanwhile.
  for (const each of found) for (const [pid, parent] of parents) if (parent === each) found.add(pid);
  return [...found];
}

/** undefined: it has ended */
function parentOf(pid: number): number | undefined {
  try {
    return Number(Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) . /s, "").split(" ")[0]);
  } catch {
    return undefined;
  }
}
