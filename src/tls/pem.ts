/** A block of a PEM file. */
export interface PemBlock {
  /** as in `CERTIFICATE` */
  readonly label: string;
  /** from its first line to its last one, with LF at their ends */
  readonly text: string;
}

/** The blocks of a PEM file, without what is around them, whatever line ends it has (RFC 7468 §2). */
export function pemBlocks(text: string): PemBlock[] {
  return Array.from(
    text.matchAll(/-----BEGIN ([A-Z\d ]+)-----.*?-----END \1-----/gs),
    ([block, label]) => ({ label: label!, text: `${block.replaceAll(/\r\n?/g, "\n")}\n` }),
  );
}
