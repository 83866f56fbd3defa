/** What a program did to its files and printed, in order, as recorded by strace. */
export type Operation =
  | { kind: "write"; path: string; at: number; data: Uint8Array }
  | { kind: "truncate"; path: string; size: number }
  | { kind: "create" | "remove"; path: string }
  /** all operations before `from` (an index) on the file, or on the entries of the folder, are on the disk */
  | { kind: "sync"; path: string; from: number }
  | { kind: "said"; text: string };

/** The system calls that {@linkcode readTrace} needs. */
const TRACED = "openat,write,pwrite64,ftruncate,fsync,fdatasync,unlink,unlinkat,rename,renameat2,pwritev,writev";

/** Options of strace for a trace in `file`. */
export function straceOptions(file: string): string[] {
  return ["-f", "-y", "-xx", "-s", "1000000", "-o", file, "-e", `trace=${TRACED}`];
}

const CALL = /^(\d+) +(\w+)\((.*)$/;
const RESUMED = /^(\d+) +<\.\.\. (\w+) resumed>.* = (-?\d+)/;
/** a file descriptor with its path */
const FILE = /^\d+<([^>]*)>/;

/**
 * Reads a trace of the files in `folder`. Writes are ordered by their start, syncs by their end.
 *
 * @throws {Error} at a call that it cannot replay
 */
export function readTrace(trace: string, folder: string): Operation[] {
  const operations: Operation[] = [];
  const syncing = new Map<string, { path: string; from: number }>();
  const known = new Set<string>();
  for (const each of trace.split("\n")) {
    const resumed = RESUMED.exec(each);
    if (resumed !== null) {
      const sync = syncing.get(resumed[1]!);
      if (sync !== undefined && resumed[3] === "0") operations.push({ kind: "sync", ...sync });
      syncing.delete(resumed[1]!);
      continue;
    }
    const call = CALL.exec(each);
    if (call === null || / = -1 E/.test(each)) continue;
    const [, thread, name, args] = call;
    const file = FILE.exec(args!)?.[1];
    const path = file === undefined ? undefined : unescaped(file);
    if (name === "write" && args!.startsWith("1<")) {
      operations.push({ kind: "said", text: new TextDecoder().decode(bytesOf(args!)) });
      continue;
    }
    if (name === "openat" || name!.startsWith("unlink")) {
      const named = unescaped(/"([^"]*)"/.exec(args!)![1]!);
      if (!named.startsWith(`${folder}/`)) continue;
      if (name !== "openat") operations.push({ kind: "remove", path: named });
      else if (args!.includes("O_CREAT") && !known.has(named)) operations.push({ kind: "create", path: named });
      if (name === "openat") known.add(named);
      else known.delete(named);
      continue;
    }
    if (path === undefined || !(path === folder || path.startsWith(`${folder}/`))) continue;
    switch (name) {
      case "pwrite64":
        operations.push({
          kind: "write",
          path,
          at: Number(/, (\d+)(?:\)| <)/.exec(tail(args!))![1]),
          data: bytesOf(args!),
        });
        break;
      case "ftruncate":
        operations.push({ kind: "truncate", path, size: Number(/>, (\d+)/.exec(args!)![1]) });
        break;
      case "fsync":
      case "fdatasync": {
        const sync = { path, from: operations.length };
        if (args!.includes("<unfinished")) syncing.set(thread!, sync);
        else operations.push({ kind: "sync", ...sync });
        break;
      }
      default:
        throw new Error(`cannot replay a system call: ${name}`);
    }
  }
  return operations;
}

/** The numbers after the data of a call. */
function tail(args: string): string {
  return args.slice(args.lastIndexOf('"'));
}

function bytesOf(args: string): Uint8Array {
  const from = args.indexOf('"') + 1;
  return Uint8Array.fromHex(args.slice(from, args.indexOf('"', from)).replaceAll("\\x", ""));
}

/** Decodes a path, which is written in hexadecimal or literally. */
function unescaped(text: string): string {
  if (!text.startsWith("\\x")) return text;
  return new TextDecoder().decode(Uint8Array.fromHex(text.replaceAll("\\x", "")));
}
