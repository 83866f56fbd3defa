import { join } from "node:path";

/** The resources that a gateway uses at a moment. */
export interface Sample {
  /** MB */
  memory: number;
  /** open file descriptors */
  descriptors: number;
  /** MB of all files in its home */
  files: number;
}

/** The allowed growth of each: a share, plus a constant. */
const TOLERANCE: Readonly<Record<keyof Sample, { share: number; absolute: number }>> = {
  memory: { share: 0.1, absolute: 15 },
  descriptors: { share: 0.1, absolute: 15 },
  files: { share: 0.2, absolute: 6 },
};
/** The warm-up, in which caches fill, code is compiled and SQLite's log reaches its size. */
const WARM_UP = 0.2;

/** Reads /proc with programs, because Deno reads it only with all permissions. */
const LOOK = "grep VmRSS /proc/$0/status; ls /proc/$0/fd | wc -l";

/** For Linux. `home` is a folder. */
export async function takeSample(pid: number, home: string): Promise<Sample> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", LOOK, `${pid}`], stdin: "null" }).output();
  const match = /VmRSS:\s+(\d+) kB\s+(\d+)/.exec(new TextDecoder().decode(stdout));
  if (match === null) throw new Error(`the gateway is gone, or this is not Linux: no figures for process ${pid}`);
  return { memory: Number(match[1]) / 1000, descriptors: Number(match[2]), files: await size(home) / 1e6 };
}

async function size(folder: string): Promise<number> {
  let sum = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    // A file may have been removed in the meantime.
    sum += isDirectory ? await size(path) : await Deno.stat(path).then((stat) => stat.size, () => 0);
  }
  return sum;
}

/** The medians of these samples. */
export function median(samples: readonly Sample[]): Sample {
  const middle = (key: keyof Sample) =>
    samples.map((sample) => sample[key]).sort((a, b) => a - b)[samples.length >> 1] ?? 0;
  return { memory: middle("memory"), descriptors: middle("descriptors"), files: middle("files") };
}

/** Whether the last third of the samples is like the first third after the warm-up, with both. */
export function trend(samples: readonly Sample[]): { flat: boolean; first: Sample; last: Sample } {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP));
  const third = Math.ceil(warm.length / 3);
  const [first, last] = [median(warm.slice(0, third)), median(warm.slice(-third))];
  const flat = Object.entries(TOLERANCE).every(([key, { share, absolute }]) => {
    const [before, after] = [first[key as keyof Sample], last[key as keyof Sample]];
    return after <= before * (1 + share) + absolute;
  });
  return { flat, first, last };
}

export function describe({ memory, descriptors, files }: Sample): string {
  return `memory ${memory.toFixed(0)} MB, descriptors ${descriptors}, files ${files.toFixed(1)} MB`;
}
