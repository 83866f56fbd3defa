/**
 * The sizes of a Sphinx packet and of its parts, in bytes (spec §1).
 *
 * packet = shared secret ‖ MAC ‖ routing information ‖ payload
 */

/** The longest path a packet can take. */
export const MAX_HOPS = 5;

export const POINT_SIZE = 32;
export const SCALAR_SIZE = 32;
export const MAC_SIZE = 16;

/** A client's address: its X25519 public key. */
export const ADDRESS_SIZE = POINT_SIZE;
/** A node's address (spec §3), padded with zeros. */
export const NODE_ADDRESS_SIZE = 32;
/** The SURB identifier: zeros in 0.7.0. */
export const IDENTIFIER_SIZE = 16;
/** u64, nanoseconds. */
export const DELAY_SIZE = 8;

const FLAG_SIZE = 1;
const VERSION_SIZE = 3;
/** Flag and version: how the routing information of every hop starts. */
export const META_PREFIX_SIZE = FLAG_SIZE + VERSION_SIZE;
export const FORWARD_META_SIZE = META_PREFIX_SIZE + NODE_ADDRESS_SIZE + DELAY_SIZE;
export const FINAL_META_SIZE = META_PREFIX_SIZE + ADDRESS_SIZE + IDENTIFIER_SIZE;

/** What one forward hop takes off the routing information, and makes up for with as much keystream. */
export const ROUTING_STEP_SIZE = FORWARD_META_SIZE + MAC_SIZE;
export const ROUTING_SIZE = ROUTING_STEP_SIZE * MAX_HOPS;
/** The routing information and the step that a forward hop appends. */
export const STREAM_SIZE = ROUTING_SIZE + ROUTING_STEP_SIZE;

export const HEADER_SIZE = POINT_SIZE + MAC_SIZE + ROUTING_SIZE;
export const PAYLOAD_SIZE = 1024;
export const PACKET_SIZE = HEADER_SIZE + PAYLOAD_SIZE;

/** The zeros that the final payload starts with: what shows that it was not tampered with. */
export const PAYLOAD_ZEROS_SIZE = 16;
/** Where the message starts in the final payload: after the zeros and the destination. */
export const MESSAGE_OFFSET = PAYLOAD_ZEROS_SIZE + ADDRESS_SIZE;
const TERMINATOR_SIZE = 1;
export const MAX_MESSAGE_SIZE = PAYLOAD_SIZE - MESSAGE_OFFSET - TERMINATOR_SIZE;

/** The byte that ends the message in the final payload; only zeros follow. */
export const MESSAGE_TERMINATOR = 0x01;

/** The first byte of a hop's decrypted routing information (spec §2). */
export const FORWARD_FLAG = 1;
export const FINAL_FLAG = 2;
/** The Sphinx version 0.1.0, after the flag: carried, not checked. */
export const VERSION: readonly number[] = [0, 1, 0];

/** Where the parts of a packet start. */
export const MAC_OFFSET = POINT_SIZE;
export const ROUTING_OFFSET = MAC_OFFSET + MAC_SIZE;
export const PAYLOAD_OFFSET = HEADER_SIZE;
