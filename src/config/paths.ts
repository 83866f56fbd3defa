/** Whether only a shell would find the folder that a path begins with, as in `~/mail`: for all others, it is one named ~. */
export function isOfShell(path: string): boolean {
  return /^~[^/\\]*([/\\]|$)/.test(path);
}
