import process from "node:process";

/** Resident memory of the whole process, workers included, in bytes. */
export function residentBytes(): number {
  return Deno.memoryUsage().rss;
}

/** Memory of the main thread's JavaScript objects, in bytes. */
export function heapBytes(): number {
  return Deno.memoryUsage().heapUsed;
}

/** Both: resident memory of the process, and that of the main thread's objects. In bytes. */
export function memoryBytes(): { resident: number; heap: number } {
  const { rss, heapUsed } = Deno.memoryUsage();
  return { resident: rss, heap: heapUsed };
}

/** Processor time that the process has used, user and system, in seconds. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
