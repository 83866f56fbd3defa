/** What a packet, by its first byte, does to a worker of frail_worker.ts. */
export const FRAIL = {
  harmless: 0,
  /** takes 20 ms */
  slow: 1,
  deadly: 2,
  /** if the folder has a file `deadly once`, which goes */
  deadlyOnce: 3,
} as const;
