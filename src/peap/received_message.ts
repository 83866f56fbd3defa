/** A message from the mixnet, which does not reveal its sender. */
export class ReceivedMessage {
  /** the message as it was sent, at most 16 MiB from a sender with this library */
  readonly data: Uint8Array;
  /**
   * 16 bytes in hex. The same when this message is pushed again, as it may be if the application ended before it
   * was acknowledged; another one for an equal message that was sent separately.
   */
  readonly id: string;

  /** Wraps the data of a message. */
  constructor(data: Uint8Array, id: string) {
    this.data = data;
    this.id = id;
  }

  /** The data decoded as UTF-8; invalid bytes become U+FFFD. */
  text(): string {
    return new TextDecoder().decode(this.data);
  }
}
