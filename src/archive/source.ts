/** Bytes as a stream, which remembers why they ended too early: so that is not taken for a fault of the bytes. */
export class Source {
  #failure: { readonly error: unknown } | undefined;

  constructor(private readonly bytes: AsyncIterable<Uint8Array>) {}

  stream(): ReadableStream<Uint8Array> {
    return ReadableStream.from(this.#remembering());
  }

  /** Throws what the bytes ended with too early, if they did; to be called where reading them has failed. */
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
