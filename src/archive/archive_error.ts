/** The archive is invalid. The message completes a sentence about it, as in `it is not a file`. */
export class ArchiveError extends Error {
  /** `ArchiveError` */
  override readonly name = "ArchiveError";
}

/** The archive does not open with this passphrase. A damaged header looks the same. */
export class WrongPassphrase extends Error {
  /** `WrongPassphrase` */
  override readonly name = "WrongPassphrase";

  /** The message completes a sentence, as in `Cannot read …: the passphrase is wrong`. */
  constructor() {
    super("the passphrase is not the one that it was sealed with");
  }
}
