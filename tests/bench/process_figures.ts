/** The figures of a process from the operating system (Linux: /proc). */
export interface ProcessFigures {
  /** processor time used so far, all threads: ms */
  cpu: number;
  /** resident memory now: MB */
  resident: number;
  /** peak resident memory: MB */
  peak: number;
}

const TICKS_PER_SECOND = 100; // USER_HZ, the same on every Linux that Deno runs on

export async function processFigures(pid: number): Promise<ProcessFigures> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const megabytes = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1000;
  return {
    cpu: (Number(fields[11]) + Number(fields[12])) * 1000 / TICKS_PER_SECOND,
    resident: megabytes("VmRSS"),
    peak: megabytes("VmHWM"),
  };
}
