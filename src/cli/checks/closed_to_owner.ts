import { dirname, resolve } from "node:path";
import { isOfService, SERVICE_HOME } from "../homes/home.ts";

/** Permission bits for others. */
const BITS = { read: 0o4, write: 0o2, pass: 0o1 } as const;

/**
 * What keeps the owner of `ours` from reading or writing `path`: that file or folder, or a folder on the way to it, also
 * through links. Undefined if nothing does. `check` may run as root, which can do what the program's own user cannot. The
 * modes of files decide; where a group or an access control list may let the owner in, nothing is reported, nor where
 * something is missing or can't be seen, which other checks find.
 */
export function closedToOwner(ours: string, path: string, use: "read" | "write"): string | undefined {
  if (isRoots(ours)) return undefined;
  try {
    const { uid } = Deno.statSync(ours);
    const [named, real] = [resolve(path), Deno.realPathSync(path)];
    const isOpen = (place: string, use: keyof typeof BITS) => {
      const { mode, uid: owner } = Deno.statSync(place);
      const bits = owner === uid ? BITS[use] << 6 : BITS[use] << 3 | BITS[use];
      return mode === null || (mode & bits) !== 0;
    };
    return [...foldersAbove(named), ...foldersAbove(real)].find((folder) => !isOpen(folder, "pass")) ??
      (isOpen(real, use) ? undefined : real);
  } catch {
    return undefined;
  }
}

/** Whether a file is root's, or of no one, as on systems without owners. One that can't be seen is another finding. */
export function isRoots(path: string): boolean {
  try {
    return !Deno.statSync(path).uid;
  } catch {
    return true;
  }
}

/**
 * What belongs to the user that runs the node with this configuration file: the services' folder, which the unit's user
 * owns, if the file is in it; otherwise `secret`, its key.
 */
export function placeOfUser(configPath: string, secret: string): string {
  return isOfService(configPath) ? SERVICE_HOME : secret;
}

/** From the root downwards. */
function foldersAbove(path: string): string[] {
  const above = dirname(path);
  return above === path ? [] : [...foldersAbove(above), above];
}
