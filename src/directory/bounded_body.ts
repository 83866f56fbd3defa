/** The whole body of an answer; undefined when it is longer than `maximum` bytes, of which no more are kept. */
export async function boundedBody(response: Response, maximum: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []; // bounded by `maximum` bytes in all
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > maximum) return undefined; // this ends the request
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
