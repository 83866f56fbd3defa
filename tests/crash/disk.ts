import { basename } from "node:path";
import { run } from "../../src/sandbox/cluster/service.ts";

/** Fields of a block device's statistics, as Linux counts them. */
const WRITES = 4;
const IN_FLIGHT = 8;

/** Whether this user may mount a disk that is a file. */
export const canMountFiles = Deno.build.os === "linux" &&
  await new Deno.Command("losetup", { args: ["--find"] }).output()
    .then(({ success }) => success && Deno.uid() === 0, () => false);

/**
 * A disk that is a file, the image: what the kernel has not been told to sync is not in it, so that a copy of it is what a
 * power cut leaves.
 */
export class Disk implements AsyncDisposable {
  /** as in `loop0` */
  #device = "";

  /** `path`: where it is mounted */
  private constructor(private readonly image: string, readonly path: string) {}

  /** Makes an empty one for the user postgres, with `size` in MB, and mounts it at a new folder. */
  static async make(image: string, path: string, size: number): Promise<Disk> {
    await run("truncate", `--size=${size}M`, image);
    await run("mkfs.ext4", "-q", image);
    const disk = await Disk.mount(image, path);
    await run("chown", "postgres", path);
    return disk;
  }

  /** Mounts one at a new folder. */
  static async mount(image: string, path: string): Promise<Disk> {
    Deno.mkdirSync(path);
    const disk = new Disk(image, path);
    await disk.#mount();
    return disk;
  }

  /** Copies its image, as a power cut now would leave it. Nothing must be written meanwhile, except by the kernel. */
  async copy(image: string): Promise<void> {
    let written: number;
    do {
      written = this.#written();
      await run("cp", "--sparse=always", this.image, image);
    } while (written !== this.#written()); // the kernel wrote something back meanwhile
  }

  /** Mounts a copy of its image in its place, once no process uses it any more. */
  async replace(image: string): Promise<void> {
    await run("umount", this.path);
    Deno.renameSync(image, this.image);
    await this.#mount();
  }

  /** Unmounts and removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await run("umount", this.path);
    Deno.removeSync(this.path);
    Deno.removeSync(this.image);
  }

  async #mount(): Promise<void> {
    await run("mount", "-o", "loop", this.image, this.path);
    const found = await new Deno.Command("findmnt", { args: ["--noheadings", "--output=SOURCE", this.path] }).output();
    this.#device = basename(new TextDecoder().decode(found.stdout).trim());
  }

  /** How often it was written to; NaN, which equals nothing, while it is being written to. */
  #written(): number {
    const counts = Deno.readTextFileSync(`/sys/block/${this.#device}/stat`).trim().split(/\s+/).map(Number);
    return counts[IN_FLIGHT] === 0 ? counts[WRITES]! : NaN;
  }
}
