import { join } from "node:path";
import { freeDescriptors } from "../../limits/descriptors.ts";
import { freeBytes, freeBytesInside } from "../../mailbox/disk_space.ts";
import { hasSimd, hasWideArithmetic } from "../../sphinx/kernel/support.ts";
import { ExitCode } from "../../errors/operator_error.ts";
import { plural } from "../../text/plural.ts";
import { sizeText } from "../../text/units.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";
import { nearestThere } from "./nearest_there.ts";

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

/**
 * What the machine has to offer: disk, memory, descriptors, processor. `minimumFreeDisk`: bytes, as configured;
 * `descriptorLimit`: that of the gateway, if it runs and has said so.
 */
export function* checkMachine(
  inboxes: string,
  minimumFreeDisk: number,
  isRunning: boolean,
  descriptorLimit: number | undefined,
): Generator<Finding> {
  yield checkDisk(inboxes, minimumFreeDisk);
  yield checkMemory(isRunning);
  yield isRunning ? checkDescriptors(descriptorLimit) : checkDescriptorsHere();
  yield checkProcessor();
}

function checkDisk(folder: string, minimum: number): Finding {
  const there = nearestThere(folder);
  const free = freeBytes(there);
  if (free === Infinity) return unknown("disk");
  const found = `${sizeText(free)} free for inboxes`;
  if (free < minimum && free + freeBytesInside(join(folder, "mailbox.kv")) < minimum) {
    const remedy = `make room at ${there}, or lower minimum_free_disk in [limits] (${sizeText(minimum)}): ` +
      "with less, new messages are dropped";
    return fail("disk", `only ${found}`, remedy, ExitCode.UNAVAILABLE);
  }
  if (free < LITTLE_DISK) {
    return fail("disk", found, `make room at ${there}, or move the inboxes`, ExitCode.UNAVAILABLE);
  }
  return free < SMALL_DISK
    ? warn("disk", found, "a message takes 1 KB until its client has fetched it")
    : ok("disk", found);
}

/** A gateway that runs has what it needs of it already. */
function checkMemory(isRunning: boolean): Finding {
  const memory = attempt(() => Deno.systemMemoryInfo());
  if (memory === undefined) return unknown("memory");
  const found = `${sizeText(memory.available)} of ${sizeText(memory.total)} available`;
  if (memory.available < LITTLE_MEMORY && !isRunning) {
    return fail("memory", found, "end other programs", ExitCode.UNAVAILABLE);
  }
  return memory.available < SMALL_MEMORY
    ? warn("memory", found, "256 MB are enough for 500 packets/s")
    : ok("memory", found);
}

const MORE_DESCRIPTORS = "raise it, with LimitNOFILE=65536 in the systemd unit or ulimit -n 65536";

/** `limit`: what a gateway that runs says of itself; undefined when it does not answer, or can't tell. */
function checkDescriptors(limit: number | undefined): Finding {
  if (limit === undefined) {
    return ok("descriptors", "the gateway does not say how many it may hold: it has no status page, or can't tell");
  }
  if (limit >= ENOUGH_DESCRIPTORS) return ok("descriptors", `the gateway may hold ${ENOUGH_DESCRIPTORS} or more`);
  const found = `the gateway may hold only ${limit}, and a client takes three, or five with TLS`;
  return limit < FEW_DESCRIPTORS
    ? fail("descriptors", found, MORE_DESCRIPTORS, ExitCode.UNAVAILABLE)
    : warn("descriptors", found, MORE_DESCRIPTORS);
}

/** What a gateway may hold that is started from here; the service has a limit of its own. */
function checkDescriptorsHere(): Finding {
  const free = freeDescriptors(ENOUGH_DESCRIPTORS);
  const here = "for a gateway started here; a service has its own limit";
  if (free >= FEW_DESCRIPTORS) {
    return ok("descriptors", `${free} ${free < ENOUGH_DESCRIPTORS ? "" : "or more "}${here}`);
  }
  return warn("descriptors", `only ${free} ${here}`, MORE_DESCRIPTORS);
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
