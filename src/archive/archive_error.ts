/** What is wrong with an archive. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError";
}

/** The archive does not open with this passphrase: it is another one's, or the header is damaged; that can't be told. */
export class WrongPassphrase extends Error {
  override readonly name = "WrongPassphrase";

  constructor() {
    super("the passphrase is not the one that it was sealed with");
  }
}
