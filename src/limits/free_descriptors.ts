import { closeSync, openSync } from "node:fs";

/** The number of free descriptors, counting no further than `most`. */
export function freeDescriptors(most: number): number {
  return countDescriptors(most).free;
}

/**
 * Opens up to `most` files. `free` is how many could be opened, `held` the descriptors in use below the last of them, if
 * the runtime shows the system's numbers.
 */
export function countDescriptors(most: number): { held: number; free: number } {
  const files: number[] = [];
  // The root is always there, whereas the program's own file may have been removed. Windows opens no folders.
  const path = Deno.build.os === "windows" ? Deno.execPath() : "/";
  try {
    while (files.length < most) files.push(openSync(path, "r"));
  } catch {
    // no more descriptors
  } finally {
    files.forEach(closeSync);
  }
  return { held: (files.at(-1) ?? -1) + 1 - files.length, free: files.length };
}
