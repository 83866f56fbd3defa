/** Runs a system program; throws an error with its output if it fails. */
export async function run(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args, stdout: "null", stderr: "piped" }).output();
  if (!success) throw new Error(`${program} ${args.join(" ")} failed: ${new TextDecoder().decode(stderr)}`);
}

/** Whether this user may mount a disk. */
export const canMount = Deno.build.os === "linux" && await tryToMount();

async function tryToMount(): Promise<boolean> {
  const folder = await Deno.makeTempDir();
  try {
    await run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder);
    await run("umount", folder);
    return true;
  } catch {
    return false;
  } finally {
    await Deno.remove(folder);
  }
}

/** A disk of a few MB in memory, mounted over a folder whose contents it takes over. Needs permission to mount. */
export class SmallDisk implements AsyncDisposable {
  private constructor(private readonly folder: string) {}

  static async mount(folder: string, megabytes: number): Promise<SmallDisk> {
    const before = await Deno.makeTempDir();
    await run("cp", "-a", `${folder}/.`, before);
    await run("mount", "-t", "tmpfs", "-o", `size=${megabytes}m,mode=700`, "tmpfs", folder);
    await run("cp", "-a", `${before}/.`, folder);
    await Deno.remove(before, { recursive: true });
    return new SmallDisk(folder);
  }

  /** Fills it until {@linkcode free}, except for this many bytes. */
  async fill(left = 0): Promise<void> {
    using file = await Deno.create(this.#ballast);
    const some = new Uint8Array(4096);
    try {
      for (;;) await file.write(some);
    } catch {
      await file.truncate((await file.stat()).size - left);
    }
  }

  async free(): Promise<void> {
    await Deno.remove(this.#ballast);
  }

  /** Call only while no file is open for writing. */
  async makeReadOnly(): Promise<void> {
    await run("mount", "-o", "remount,ro", this.folder);
  }

  async makeWritable(): Promise<void> {
    await run("mount", "-o", "remount,rw", this.folder);
  }

  /** Call after everything that uses it has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    await run("umount", this.folder);
  }

  get #ballast(): string {
    return `${this.folder}/ballast`;
  }
}
