/**
 * The sizes of a Sphinx packet and of its parts, in bytes (spec §1).
 *
 * packet = shared secret ‖ MAC ‖ routing information ‖ payload
 */

/** The longest path a packet can take. */
export const MAX_HOPS = 5;

/** A point of Curve25519: its Montgomery u-coordinate. */
export const POINT_SIZE = 32;
/** A scalar: an integer below the group order, little-endian. */
export const SCALAR_SIZE = 32;
/** HMAC-SHA256, truncated. */
export const MAC_SIZE = 16;

/** A client's address: its X25519 public key. */
export const ADDRESS_SIZE: number = POINT_SIZE;
/** A node's address (spec §3), zero-padded. */
export const NODE_ADDRESS_SIZE = 32;
/** The SURB identifier: always zeros in 0.7.0. */
export const IDENTIFIER_SIZE = 16;
/** A u64 of nanoseconds. */
export const DELAY_SIZE = 8;

const FLAG_SIZE = 1;
const VERSION_SIZE = 3;
/** Flag and version, which begin the routing information of every hop. */
export const META_PREFIX_SIZE: number = FLAG_SIZE + VERSION_SIZE;
/** What a forward hop reads before the next MAC: flag, version, next address, delay. */
export const FORWARD_META_SIZE: number = META_PREFIX_SIZE + NODE_ADDRESS_SIZE + DELAY_SIZE;
/** What a final hop reads: flag, version, destination, identifier. */
export const FINAL_META_SIZE: number = META_PREFIX_SIZE + ADDRESS_SIZE + IDENTIFIER_SIZE;

/** What each forward hop strips from the routing information and replaces with the same amount of keystream. */
export const ROUTING_STEP_SIZE: number = FORWARD_META_SIZE + MAC_SIZE;
/** The encrypted routing information. */
export const ROUTING_SIZE: number = ROUTING_STEP_SIZE * MAX_HOPS;
/** The random bytes that follow what a final hop reads, where no forward hop is before it. Each takes a step of them. */
export const PADDING_SIZE: number = ROUTING_SIZE - FINAL_META_SIZE;
/** The keystream of one hop: the routing information plus the step that a forward hop appends. */
export const STREAM_SIZE: number = ROUTING_SIZE + ROUTING_STEP_SIZE;

/** Everything before the payload. */
export const HEADER_SIZE: number = POINT_SIZE + MAC_SIZE + ROUTING_SIZE;
/** The encrypted payload. */
export const PAYLOAD_SIZE = 1024;
/** A whole packet: 1372 bytes. */
export const PACKET_SIZE: number = HEADER_SIZE + PAYLOAD_SIZE;

/** The zeros at the start of the final payload, which prove that it was not tampered with. */
export const PAYLOAD_ZEROS_SIZE = 16;
/** The offset of the message in the final payload, after the zeros and the destination. */
export const MESSAGE_OFFSET: number = PAYLOAD_ZEROS_SIZE + ADDRESS_SIZE;
const TERMINATOR_SIZE = 1;
/** The longest message that one packet carries: 975 bytes. */
export const MAX_MESSAGE_SIZE: number = PAYLOAD_SIZE - MESSAGE_OFFSET - TERMINATOR_SIZE;

/** The byte that ends the message in the final payload; only zeros follow. */
export const MESSAGE_TERMINATOR = 0x01;

/** The first byte of a forward hop's decrypted routing information (spec §2). */
export const FORWARD_FLAG = 1;
/** The first byte of a final hop's decrypted routing information (spec §2). */
export const FINAL_FLAG = 2;
/** Sphinx version 0.1.0, which follows the flag. It is carried but not checked. */
export const VERSION: readonly number[] = [0, 1, 0];

/** The offset of the MAC in a packet. */
export const MAC_OFFSET: number = POINT_SIZE;
/** The offset of the routing information in a packet. */
export const ROUTING_OFFSET: number = MAC_OFFSET + MAC_SIZE;
/** The offset of the payload in a packet. */
export const PAYLOAD_OFFSET: number = HEADER_SIZE;
