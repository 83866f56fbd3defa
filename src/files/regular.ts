import { basename } from "node:path";

/** What operators name in place of a file: nothing at all, and what a shell's `<(…)` passes, which is open already. */
const MEANT = /^\/dev\/(null|fd\/\d+)$/;

/**
 * Reads a file whole, if it is one.
 * @throws what {@linkcode refuseIrregular} and Deno.readFileSync throw
 */
export function readRegularFile(path: string): Uint8Array<ArrayBuffer> {
  refuseIrregular(path);
  return Deno.readFileSync(path);
}

/** Like {@linkcode readRegularFile}, for text. */
export function readRegularText(path: string): string {
  refuseIrregular(path);
  return Deno.readTextFileSync(path);
}

/**
 * Opens a file, if it is one.
 * @throws what {@linkcode refuseIrregular} and Deno.openSync throw
 */
export function openRegularFile(path: string, options: Deno.OpenOptions = { read: true }): Deno.FsFile {
  refuseIrregular(path);
  return Deno.openSync(path, options);
}

/**
 * Throws if a named pipe, a socket or a device has this name: opening a pipe waits until somebody opens its other end,
 * which blocks the whole program, and reading a device may have no end. Anything else is left for the system to judge.
 * A file that is replaced between this look and its opening is not seen; whoever can do that can also replace the
 * contents.
 */
export function refuseIrregular(path: string): void {
  const kind = irregularKind(path);
  if (kind !== undefined) throw new Error(`${basename(path)} is a ${kind}, not a file`);
}

/** Throws if a file has hard links: whatever is written to it would be in a file with another name, too. */
export function refuseHardLinks(path: string): void {
  if (hasHardLinks(statOf(path))) throw new Error(`${basename(path)} has another name elsewhere (a hard link)`);
}

/** Whether a file may be in use elsewhere, under another name: it is a link, or it has hard links. */
export function isLinked(path: string): boolean {
  const info = Deno.lstatSync(path);
  return info.isSymlink || hasHardLinks(info);
}

function irregularKind(path: string): string | undefined {
  const info = MEANT.test(path) ? undefined : statOf(path);
  if (info?.isFifo) return "named pipe";
  if (info?.isSocket) return "socket";
  return info?.isCharDevice || info?.isBlockDevice ? "device" : undefined;
}

function hasHardLinks(info: Deno.FileInfo | undefined): boolean {
  return info?.isFile === true && (info.nlink ?? 1) > 1;
}

/** Undefined if there is nothing, or nothing that this user may look at: opening it reports why. */
function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch {
    return undefined;
  }
}
