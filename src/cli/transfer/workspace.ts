import { dirname, join } from "node:path";
import { isLocked, lockFolder } from "../../files/lock.ts";
import { makePrivateFolder, newPrivateFolder } from "../../files/private.ts";

const IN_USE = "another command is using it";

/**
 * A folder for what a command has not finished yet, for this user alone. It is removed when it is disposed. What a killed
 * command left there is replaced.
 */
export class Workspace implements AsyncDisposable {
  private constructor(readonly path: string, private readonly lock: Disposable) {}

  /**
   * Makes and locks the folder. The folder above may be one where others can write, so whatever has the name is neither
   * used nor followed if it is a link.
   * @throws {Deno.errors.Busy} if another command is using it
   * @throws what Deno.remove throws, for example if another user has put something there
   */
  static async open(path: string): Promise<Workspace> {
    if (await isLocked(join(path, "lock"))) throw new Deno.errors.Busy(IN_USE);
    await removeIfThere(path);
    makePrivateFolder(dirname(path));
    newPrivateFolder(path);
    return new Workspace(path, await lockFolder(path, IN_USE, () => {}));
  }

  /** Removes the folder with all that is in it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.lock[Symbol.dispose]();
    await Deno.remove(this.path, { recursive: true });
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
  }
}
