import { run } from "./small_disk.ts";

/** The system lets nobody read it, not even root. */
const WRITE_ONLY = "/proc/sys/net/ipv4/route/flush";

/** A file that can't be read, until the end of its scope. For who may mount. */
export class UnreadableFile implements AsyncDisposable {
  private constructor(private readonly path: string) {}

  /** `path`: a file that is there. */
  static async cover(path: string): Promise<UnreadableFile> {
    await run("mount", "--bind", WRITE_ONLY, path);
    return new UnreadableFile(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run("umount", this.path);
  }
}
