/** A block of a PEM file. */
export interface PemBlock {
  /** as in `CERTIFICATE` */
  readonly label: string;
  /** its lines, from BEGIN to END, ending in LF */
  readonly text: string;
}

/** The blocks of a PEM file, without the text around them. Accepts any line endings (RFC 7468 §2). */
export function pemBlocks(text: string): PemBlock[] {
  return Array.from(
    text.matchAll(/-----BEGIN ([A-Z\d ]+)-----.*?-----END \1-----/gs),
    ([block, label]) => ({ label: label!, text: `${block.replaceAll(/\r\n?/g, "\n")}\n` }),
  );
}
