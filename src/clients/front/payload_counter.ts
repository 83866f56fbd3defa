import { FrameHeader, Opcode } from "./frame_header.ts";
import { HttpHead } from "./http_head.ts";

/** Counts what a server's stream holds of messages: a head first, and then frames (RFC 6455 §5.2). Pure. */
export class PayloadCounter {
  /** bytes of text and binary messages so far, without their headers */
  bytes = 0;
  readonly #head = new HttpHead();
  readonly #header = new FrameHeader();
  #payload = 0;

  push(bytes: Uint8Array): void {
    let at = this.#head.isWhole ? 0 : this.#head.push(bytes);
    while (at < bytes.length) {
      if (this.#payload > 0) {
        const size = Math.min(this.#payload, bytes.length - at);
        this.#payload -= size;
        if (this.#header.opcode < Opcode.CLOSE) this.bytes += size;
        at += size;
      } else if (this.#header.take(bytes[at++]!)) this.#payload = this.#header.length;
    }
  }
}
