/** The machine: figures are meaningless without it. */
export interface Machine {
  processor: string;
  cores: number;
  /** GB */
  memory: number;
  kernel: string;
  deno: string;
  v8: string;
}

export async function describeMachine(): Promise<Machine> {
  const cpuinfo = await Deno.readTextFile("/proc/cpuinfo");
  const field = (name: string) => new RegExp(`^${name}\\s*:\\s*(.+)$`, "m").exec(cpuinfo)?.[1] ?? "unknown";
  return {
    processor: `${field("model name")} (family ${field("cpu family")}, model ${field("model")})`,
    cores: navigator.hardwareConcurrency,
    memory: Math.round(Deno.systemMemoryInfo().total / 1e9),
    kernel: `Linux ${Deno.osRelease()}`,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
  };
}
