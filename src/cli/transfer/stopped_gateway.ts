import { ExitCode, fileError, OperatorError } from "../../errors/operator_error.ts";
import { lockPrivateFolder } from "../../mailbox/database.ts";
import { holdsInboxes070 } from "../../mailbox/import_070.ts";

/**
 * Locks the inboxes of a gateway that is not running; as long as they are locked, none can start.
 * @throws {OperatorError} that begins with `attempt`, if it is running, or has yet to take over a 0.7.0 gateway's inboxes
 */
export async function lockInboxes(attempt: string, folder: string): Promise<Disposable> {
  try {
    const lock = await lockPrivateFolder(folder);
    if (!await holdsInboxes070(folder)) return lock;
    lock[Symbol.dispose]();
  } catch (error) {
    if (!(error instanceof Deno.errors.Busy)) {
      throw fileError(`${attempt}: cannot lock ${folder}`, error, ExitCode.INPUT_OUTPUT);
    }
    throw new OperatorError(
      `${attempt}: it is running; stop it first, so that its mail is complete`,
      ExitCode.UNAVAILABLE,
    );
  }
  throw new OperatorError(
    `${attempt}: ${folder} holds inboxes of a 0.7.0 gateway; start it once with this program, which takes them over, ` +
      "or logs why some stay, such as a limit that they exceed",
    ExitCode.CONFIGURATION,
  );
}
