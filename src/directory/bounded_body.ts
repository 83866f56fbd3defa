/** The whole body of an answer; undefined if it is longer than `maximum` bytes. Never holds more than that. */
export async function boundedBody(response: Response, maximum: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []; // at most `maximum` bytes in total
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > maximum) return undefined; // which cancels the request
    chunks.push(chunk);
  }
  const body = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.length;
  }
  return body;
}
