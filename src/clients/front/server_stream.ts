import { FrameHeader } from "./frame_header.ts";
import { HttpHead } from "./http_head.ts";

/**
 * Finds the places in a server's stream where other frames may be put between: behind the head of its answer, and behind
 * each of its frames (RFC 6455 §5). Pure.
 */
export class ServerStream {
  readonly #head = new HttpHead();
  readonly #header = new FrameHeader();
  /** bytes of payload that the frame whose header was read still has */
  #payload = 0;
  #begun = 0;

  /** Whether the answer has been read, after which only frames come. */
  get isAnswered(): boolean {
    return this.#head.isWhole;
  }

  /** Takes what comes next. How many bytes until now are the beginning of a frame that is not whole. */
  push(bytes: Uint8Array): number {
    for (let at = this.#head.isWhole ? 0 : this.#head.push(bytes); at < bytes.length;) {
      if (this.#payload > 0) {
        const size = Math.min(this.#payload, bytes.length - at);
        this.#payload -= size;
        this.#begun += size;
        at += size;
      } else {
        this.#begun++;
        if (this.#header.take(bytes[at++]!)) this.#payload = this.#header.length;
        else continue;
      }
      if (this.#payload === 0) this.#begun = 0;
    }
    return this.#begun;
  }
}
