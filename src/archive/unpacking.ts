import { createTarDecoder } from "modern-tar";
import { ArchiveError } from "./archive_error.ts";
import { ContentsReader, type Item } from "./contents.ts";
import { Source } from "./source.ts";

/**
 * The items in a tar archive. Read the pieces of a file before the next item.
 *
 * @throws {ArchiveError} that says what is wrong with it
 * @throws the error of `tar`, if it throws
 */
export async function* unpacked(tar: AsyncIterable<Uint8Array>): AsyncGenerator<Item, void> {
  const source = new Source(tar);
  const contents = new ContentsReader();
  const files = readable(source.stream().pipeThrough(createTarDecoder({ strict: true })), source);
  for await (const { header: { name, size, type }, body } of files) {
    if (type !== "file") throw new ArchiveError("it contains something that is not a file");
    yield await contents.read({ name, size, pieces: readable(body, source) });
  }
  contents.end();
}

async function* readable<T>(stream: ReadableStream<T>, source: Source): AsyncGenerator<T> {
  try {
    yield* stream;
  } catch {
    source.rethrow();
    throw new ArchiveError("its contents are not those of an export");
  }
}
