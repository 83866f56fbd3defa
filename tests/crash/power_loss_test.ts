import { assert } from "@std/assert";
import { basename, join } from "node:path";
import { LongRun } from "../support/long_run.ts";
import { openLeftMailbox } from "./open_mailbox.ts";
import { Random } from "../support/random.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { type Account, compare, line, newAccount, note } from "./account.ts";
import { childCommand, hasStrace, runChild } from "./mailbox_process.ts";
import { type Operation, readTrace, straceOptions } from "./trace.ts";
import { LOSSES, TracedDisk } from "./traced_disk.ts";

/** Images to check; 2000 in the long form. */
const IMAGES = Number(Deno.env.get("CRASH_IMAGES") ?? 40);
const SEED = Number(Deno.env.get("CRASH_SEED") ?? 20_260_101);

/** Rounds of load in each run of the mailbox over the same files; in 250 rounds, SQLite checkpoints its log. */
const RUNS = IMAGES < 200 ? [10, 60] : [10, 60, 250];
/** SQLite's index of the log: shared memory, which it rebuilds after a crash. */
const SHARED_MEMORY = "-shm";

/** The files by path, with their contents. */
function filesIn(folder: string): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const { name } of Deno.readDirSync(folder)) {
    if (!name.endsWith(SHARED_MEMORY)) files.set(join(folder, name), Deno.readFileSync(join(folder, name)));
  }
  return files;
}

interface Run {
  before: Map<string, Uint8Array>;
  /** the files on the disk before */
  account: Account;
  operations: Operation[];
}

/** Runs mailboxes over the same files, one after another, and records their operations. */
async function record(): Promise<Run[]> {
  using folder = new TemporaryFolder();
  using traces = new TemporaryFolder();
  const account = newAccount();
  const runs: Run[] = [];
  for (const [i, rounds] of RUNS.entries()) {
    const run = { before: filesIn(folder.path), account: structuredClone(account) };
    const trace = traces.file(`${i}`);
    const child = childCommand(folder.path, SEED + i, rounds, account.done, i === 0 ? "exit" : "close");
    assert(await runChild(["strace", ...straceOptions(trace), ...child], account), "the run ended by itself");
    const operations = readTrace(await Deno.readTextFile(trace), folder.path)
      .filter((operation) => !("path" in operation && operation.path.endsWith(SHARED_MEMORY)));
    runs.push({ ...run, operations });
  }
  return runs;
}

/** Opens the files as a gateway does when the power is back, and compares them with the account. */
async function inspect(files: Map<string, Uint8Array>, account: Account): Promise<void> {
  using folder = new TemporaryFolder();
  for (const [path, bytes] of files) Deno.writeFileSync(folder.file(basename(path)), bytes);
  const mailbox = await openLeftMailbox(folder.path);
  try {
    await compare(account, mailbox);
  } finally {
    await mailbox[Symbol.asyncDispose]();
  }
}

Deno.test({
  name: `what was committed survives power loss in ${IMAGES} images of the disk${
    hasStrace ? "" : " (skipped: no strace)"
  }`,
  ignore: !hasStrace,
  async fn() {
    const runs = await record();
    const points = runs.flatMap(({ operations }) => operations).filter(({ kind }) => kind === "sync").length;
    const progress = new LongRun("power loss", IMAGES);
    const random = new Random(SEED);
    let images = 0;
    let point = 0;
    for (const { before, account, operations } of runs) {
      const disk = new TracedDisk(before);
      for (const operation of operations) {
        if (operation.kind === "said") note(account, operation.text.trimEnd());
        // Just before a sync ends, the most data is at risk.
        if (operation.kind === "sync") {
          point++;
          for (; images < IMAGES * point / points; images++) {
            const loss = LOSSES[images % LOSSES.length]!;
            try {
              await inspect(disk.afterPowerLoss(loss, random), account);
            } catch (error) {
              throw new Error(
                `image ${images}, of ${loss} at sync ${point} of ${points}, CRASH_SEED=${SEED}, ` +
                  `after ${line("done", account.done).trimEnd()}: ${(error as Error).message}`,
              );
            }
            progress.reached(images);
          }
        }
        disk.apply(operation);
      }
    }
    const writes = runs.flatMap(({ operations }) => operations).filter(({ kind }) => kind === "write").length;
    progress.end(`${images} images of ${points} points, from ${writes} writes`);
    assert(images >= IMAGES);
  },
});
