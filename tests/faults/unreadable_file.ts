import { run } from "./small_disk.ts";

/** A file that nobody can read, not even root. */
const WRITE_ONLY = "/proc/sys/net/ipv4/route/flush";

/** Makes a file unreadable until disposed. Needs permission to mount. */
export class UnreadableFile implements AsyncDisposable {
  private constructor(private readonly path: string) {}

  /** `path`: an existing file. */
  static async cover(path: string): Promise<UnreadableFile> {
    await run("mount", "--bind", WRITE_ONLY, path);
    return new UnreadableFile(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run("umount", this.path);
  }
}
