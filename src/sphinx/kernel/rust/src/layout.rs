//! What a packet is made of (spec §1 and §2). Each kernel uses a part of it.
#![allow(dead_code)]

// A packet: shared secret ‖ MAC ‖ routing information ‖ payload.
pub const SHARED_SECRET_SIZE: usize = 32;
pub const MAC_SIZE: usize = 16;
pub const ROUTING_SIZE: usize = 300;
pub const HEADER_SIZE: usize = SHARED_SECRET_SIZE + MAC_SIZE + ROUTING_SIZE;
pub const PAYLOAD_SIZE: usize = 1024;
pub const PACKET_SIZE: usize = HEADER_SIZE + PAYLOAD_SIZE;

// The routing information of a final hop: flag ‖ version ‖ destination ‖ more that a gateway has no use for.
pub const FORWARD_FLAG: u8 = 1;
pub const FINAL_FLAG: u8 = 2;
pub const ADDRESS_AT: usize = 4;
pub const ADDRESS_SIZE: usize = 32;
pub const ADDRESS_END: usize = ADDRESS_AT + ADDRESS_SIZE;
// That of a forward hop: flag ‖ version ‖ next address ‖ delay ‖ next MAC ‖ next routing information.
pub const DELAY_SIZE: usize = 8;
pub const FORWARD_META_SIZE: usize = ADDRESS_END + DELAY_SIZE;
pub const ROUTING_STEP_SIZE: usize = FORWARD_META_SIZE + MAC_SIZE;
pub const STREAM_SIZE: usize = ROUTING_SIZE + ROUTING_STEP_SIZE;

// The final payload: zeros ‖ destination ‖ message ‖ terminator ‖ zeros.
pub const PAYLOAD_ZEROS_SIZE: usize = 16;
pub const MESSAGE_AT: usize = PAYLOAD_ZEROS_SIZE + ADDRESS_SIZE;
pub const MESSAGE_TERMINATOR: u8 = 1;

// The routing keys: stream key ‖ MAC key ‖ payload key ‖ blinding factor.
pub const SEED: &[u8] =
    b"Dwste mou enan moxlo arketa makru kai ena upomoxlio gia na ton topothetisw kai tha kinisw thn gh.";
pub const STREAM_KEY_SIZE: usize = 16;
pub const MAC_KEY_SIZE: usize = 16;
pub const PAYLOAD_KEY_AT: usize = STREAM_KEY_SIZE + MAC_KEY_SIZE;
pub const PAYLOAD_KEY_SIZE: usize = 192;
/// The keys without the blinding factor, which only forward hops need.
pub const FINAL_KEYS_SIZE: usize = PAYLOAD_KEY_AT + PAYLOAD_KEY_SIZE;
pub const ROUTING_KEYS_SIZE: usize = FINAL_KEYS_SIZE + 32;
/// A key serves one packet only, so the IV is always zero.
pub const ZERO_IV: [u8; 16] = [0; 16];
