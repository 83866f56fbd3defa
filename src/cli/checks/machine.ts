import { dirname, join } from "node:path";
import { exists } from "../../config/files.ts";
import { freeDescriptors } from "../../limits/descriptors.ts";
import { freeBytes, freeBytesInside } from "../../mailbox/disk_space.ts";
import { hasSimd, hasWideArithmetic } from "../../sphinx/kernel/support.ts";
import { ExitCode } from "../../errors/operator_error.ts";
import { plural } from "../../text/plural.ts";
import { roundSizeText } from "../../text/units.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";

const MIB = 1024 * 1024;
/** bytes of free disk below which mail is in danger, and below which it soon may be */
const LITTLE_DISK = 64 * MIB;
const SMALL_DISK = 1024 * MIB;
/** bytes of memory that can be had: what an idle gateway takes, and what a busy one does */
const LITTLE_MEMORY = 96 * MIB;
const SMALL_MEMORY = 256 * MIB;
/** Descriptors: three for each client, or five with TLS, one for each mixnode, and some for files. */
const FEW_DESCRIPTORS = 1024;
const ENOUGH_DESCRIPTORS = 4096;

/** What the machine has to offer: disk, memory, descriptors, processor. `minimumFreeDisk`: bytes, as configured. */
export function* checkMachine(inboxes: string, minimumFreeDisk: number): Generator<Finding> {
  yield checkDisk(inboxes, minimumFreeDisk);
  yield checkMemory();
  yield checkDescriptors();
  yield checkProcessor();
}

function checkDisk(folder: string, minimum: number): Finding {
  const there = nearestThere(folder);
  const free = freeBytes(there);
  if (free === Infinity) return unknown("disk");
  const found = `${roundSizeText(free)} free for inboxes`;
  if (free < minimum && free + freeBytesInside(join(folder, "mailbox.kv")) < minimum) {
    const remedy = `make room at ${there}, or lower minimum_free_disk in [limits]: with less, new messages are dropped`;
    return fail("disk", `only ${found}`, remedy, ExitCode.UNAVAILABLE);
  }
  if (free < LITTLE_DISK) {
    return fail("disk", found, `make room at ${there}, or move the inboxes`, ExitCode.UNAVAILABLE);
  }
  return free < SMALL_DISK
    ? warn("disk", found, "a message takes 1 KB until its client has fetched it")
    : ok("disk", found);
}

function checkMemory(): Finding {
  const memory = attempt(() => Deno.systemMemoryInfo());
  if (memory === undefined) return unknown("memory");
  const found = `${roundSizeText(memory.available)} of ${roundSizeText(memory.total)} available`;
  if (memory.available < LITTLE_MEMORY) return fail("memory", found, "end other programs", ExitCode.UNAVAILABLE);
  return memory.available < SMALL_MEMORY
    ? warn("memory", found, "256 MB are enough for 500 packets/s")
    : ok("memory", found);
}

/** The limit is found by trying, as reading it takes rights that the program has no other need of. */
function checkDescriptors(): Finding {
  const free = freeDescriptors(ENOUGH_DESCRIPTORS);
  if (free >= ENOUGH_DESCRIPTORS) return ok("descriptors", `${ENOUGH_DESCRIPTORS} or more at the same time`);
  const remedy = "raise it, with LimitNOFILE=65536 in the systemd unit or ulimit -n 65536";
  const found = `only ${free} at the same time, and a client takes three, or five with TLS`;
  return free < FEW_DESCRIPTORS
    ? fail("descriptors", found, remedy, ExitCode.UNAVAILABLE)
    : warn("descriptors", found, remedy);
}

function checkProcessor(): Finding {
  const cores = plural(navigator.hardwareConcurrency, "core");
  if (hasWideArithmetic()) return ok("processor", `${cores}, unwrapping in WebAssembly with wide arithmetic`);
  if (hasSimd()) return ok("processor", `${cores}, unwrapping in WebAssembly`);
  return warn("processor", `${cores}, unwrapping in JavaScript, ten times slower`, "run without --jitless");
}

function unknown(subject: string): Finding {
  return warn(subject, "can't tell", "allow it with --allow-sys=statfs,systemMemoryInfo");
}

function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}

function nearestThere(path: string): string {
  return attempt(() => exists(path)) || dirname(path) === path ? path : nearestThere(dirname(path));
}
