/** Bytes as a stream that remembers their error, so that a failed read is not taken for invalid contents. */
export class Source {
  #failure: { readonly error: unknown } | undefined;

  /** `bytes` is read once, by `stream`. */
  constructor(private readonly bytes: AsyncIterable<Uint8Array>) {}

  /** The bytes as a stream. */
  stream(): ReadableStream<Uint8Array> {
    return ReadableStream.from(this.#remembering());
  }

  /** Throws the error of the bytes, if they ended with one. Call it when processing the stream has failed. */
  rethrow(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async *#remembering(): AsyncGenerator<Uint8Array> {
    try {
      yield* this.bytes;
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }
}
