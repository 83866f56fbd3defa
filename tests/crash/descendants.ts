/** These processes of Linux and all that descend from them, parents first. */
export function descendants(pids: readonly number[]): number[] {
  const found = new Set(pids);
  const parents = [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter((pid) => pid > 0)
    .map((pid) => [pid, parentOf(pid)] as const);
  // A set takes in what is added while it is gone through.
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
