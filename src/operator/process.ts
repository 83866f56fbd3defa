import process from "node:process";

/** Resident memory of the whole process, workers included, in bytes. */
export function residentBytes(): number {
  return Deno.memoryUsage().rss;
}

/** Memory of the main thread's JavaScript objects, in bytes. */
export function heapBytes(): number {
  return Deno.memoryUsage().heapUsed;
}

/** Processor time that the process has used, user and system, in seconds. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
