/** Whether a path begins with `~`, as in `~/mail`. Only shells expand it; to a program it is a folder named `~`. */
export function isOfShell(path: string): boolean {
  return /^~[^/\\]*([/\\]|$)/.test(path);
}
