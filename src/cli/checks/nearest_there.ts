import { dirname } from "node:path";
import { exists } from "../../config/files.ts";

/** The path itself if it exists, otherwise the nearest existing folder above it. */
export function nearestThere(path: string): string {
  return isThere(path) || dirname(path) === path ? path : nearestThere(dirname(path));
}

/** An inaccessible path counts as existing: using it reports what is wrong. */
function isThere(path: string): boolean {
  try {
    return exists(path);
  } catch {
    return false;
  }
}
