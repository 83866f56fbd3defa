import { dirname } from "node:path";
import { exists } from "../../config/files.ts";

/** The path itself if there is anything, else the nearest folder above it that there is. */
export function nearestThere(path: string): string {
  return isThere(path) || dirname(path) === path ? path : nearestThere(dirname(path));
}

/** What can't be looked for counts as there: what is wrong with it is found out when it is used. */
function isThere(path: string): boolean {
  try {
    return exists(path);
  } catch {
    return false;
  }
}
