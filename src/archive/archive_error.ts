/** What is wrong with an archive, and where in the file. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError";
}

/** The archive is whole as far as can be told without its passphrase, and this is not it. */
export class WrongPassphrase extends Error {
  override readonly name = "WrongPassphrase";

  constructor() {
    super("the passphrase is not the one that it was made with");
  }
}
