import { freeDescriptors } from "../../limits/free_descriptors.ts";
import { mailboxFile } from "../../mailbox/database_files.ts";
import { freeBytes, freeBytesInside } from "../../mailbox/disk_space.ts";
import { hasSimd, hasWideArithmetic } from "../../sphinx/kernel/support.ts";
import { ExitCode } from "../../errors/operator_error.ts";
import { plural } from "../../text/plural.ts";
import { sizeText } from "../../text/units.ts";
import { isOfService } from "../homes/home.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";
import { nearestThere } from "./nearest_there.ts";

const MIB = 1024 * 1024;
/** free disk, in bytes, below which mail is in danger, and below which it may soon be */
const LITTLE_DISK = 64 * MIB;
const SMALL_DISK = 1024 * MIB;
/** available memory, in bytes: what an idle gateway needs, and what a busy one needs */
const LITTLE_MEMORY = 96 * MIB;
const SMALL_MEMORY = 256 * MIB;
/** descriptors: three per client, or five with TLS, one per mixnode, and some for files */
const FEW_DESCRIPTORS = 1024;
const ENOUGH_DESCRIPTORS = 4096;

/**
 * Checks the machine's disk, memory and descriptors. `folder` holds what is stored; `minimumFreeDisk`: in
 * bytes; `descriptorLimit`: that of the running node, if it is known.
 */
export function* checkMachine(
  stored: "inboxes" | "state",
  folder: string,
  minimumFreeDisk: number,
  isRunning: boolean,
  descriptorLimit: number | undefined,
): Generator<Finding> {
  yield stored === "inboxes" ? checkMailDisk(folder, minimumFreeDisk) : checkDisk(folder, minimumFreeDisk);
  yield checkMemory(isRunning);
  yield isRunning ? checkDescriptors(descriptorLimit) : descriptorsHere(freeDescriptors(ENOUGH_DESCRIPTORS), folder);
}

function checkDisk(folder: string, minimum: number): Finding {
  const there = nearestThere(folder);
  const free = freeBytes(there);
  if (free === Infinity) return unknown("disk");
  const found = `${sizeText(free)} free`;
  return free < minimum
    ? fail("disk", `only ${found}`, `free some space at ${there}`, ExitCode.UNAVAILABLE)
    : ok("disk", found);
}

function checkMailDisk(folder: string, minimum: number): Finding {
  const there = nearestThere(folder);
  const free = freeBytes(there);
  if (free === Infinity) return unknown("disk");
  const found = `${sizeText(free)} free for inboxes`;
  if (free < minimum && free + freeBytesInside(mailboxFile(folder)) < minimum) {
    const remedy = `free some space at ${there}, or lower minimum_free_disk in [limits] (${sizeText(minimum)}): ` +
      "with less, new messages are dropped";
    return fail("disk", `only ${found}`, remedy, ExitCode.UNAVAILABLE);
  }
  if (free < LITTLE_DISK) {
    return fail("disk", found, `free some space at ${there}, or move the inboxes`, ExitCode.UNAVAILABLE);
  }
  return free < SMALL_DISK
    ? warn("disk", found, "each message takes 1 KB until its client has fetched it")
    : ok("disk", found);
}

/** A running gateway already has the memory that it needs. */
function checkMemory(isRunning: boolean): Finding {
  const memory = attempt(() => Deno.systemMemoryInfo());
  if (memory === undefined) return unknown("memory");
  const found = `${sizeText(memory.available)} of ${sizeText(memory.total)} available`;
  if (memory.available < LITTLE_MEMORY && !isRunning) {
    return fail("memory", found, "stop other programs", ExitCode.UNAVAILABLE);
  }
  return memory.available < SMALL_MEMORY
    ? warn("memory", found, "256 MB is enough for 500 packets/s")
    : ok("memory", found);
}

const MORE_DESCRIPTORS = "raise it, with LimitNOFILE=65536 in the systemd unit or ulimit -n 65536";

/** `limit`: as the running gateway reports it; undefined if it does not answer, or can't determine it. */
function checkDescriptors(limit: number | undefined): Finding {
  if (limit === undefined) {
    return ok("descriptors", "unknown: it has no status page, or can't determine its limit");
  }
  if (limit >= ENOUGH_DESCRIPTORS) return ok("descriptors", `it may open ${ENOUGH_DESCRIPTORS} or more`);
  const found = `it may open only ${limit}, and each mixnode takes one, each client three, or five with TLS`;
  return limit < FEW_DESCRIPTORS
    ? fail("descriptors", found, MORE_DESCRIPTORS, ExitCode.UNAVAILABLE)
    : warn("descriptors", found, MORE_DESCRIPTORS);
}

/**
 * What it means that a node started from here can open `free` descriptors. One in the services' home, such as with
 * `folder`, is not started from here: its unit sets a limit.
 */
export function descriptorsHere(free: number, folder: string): Finding {
  const here = "for one started here; a service has its own limit";
  if (free >= FEW_DESCRIPTORS || isOfService(folder)) {
    return ok("descriptors", `${free} ${free < ENOUGH_DESCRIPTORS ? "" : "or more "}${here}`);
  }
  return warn("descriptors", `only ${free} ${here}`, MORE_DESCRIPTORS);
}

/** Checks how fast packets can be unwrapped here. */
export function checkProcessor(): Finding {
  const cores = plural(navigator.hardwareConcurrency, "core");
  if (hasWideArithmetic()) return ok("processor", `${cores}, unwrapping in WebAssembly with wide arithmetic`);
  if (hasSimd()) return ok("processor", `${cores}, unwrapping in WebAssembly`);
  return warn("processor", `${cores}, unwrapping in JavaScript, ten times slower`, "run without --jitless");
}

function unknown(subject: string): Finding {
  return warn(subject, "unknown", "allow it with --allow-sys=statfs,systemMemoryInfo");
}

function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
