use aes::Aes128;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::lioness;
use crate::shared_key::shared_key;

// A packet (spec §1): shared secret ‖ MAC ‖ routing information ‖ payload.
const SHARED_SECRET_SIZE: usize = 32;
const MAC_SIZE: usize = 16;
const ROUTING_SIZE: usize = 300;
const HEADER_SIZE: usize = SHARED_SECRET_SIZE + MAC_SIZE + ROUTING_SIZE;
pub const PACKET_SIZE: usize = HEADER_SIZE + 1024;

// The routing information of a final hop: flag ‖ version ‖ destination ‖ more that a gateway has no use for.
const FORWARD_FLAG: u8 = 1;
const FINAL_FLAG: u8 = 2;
const DESTINATION_AT: usize = 4;
const DESTINATION_SIZE: usize = 32;
const FINAL_META_SIZE: usize = DESTINATION_AT + DESTINATION_SIZE;

// The final payload: zeros ‖ destination ‖ message ‖ terminator ‖ zeros.
const PAYLOAD_ZEROS_SIZE: usize = 16;
const MESSAGE_AT: usize = PAYLOAD_ZEROS_SIZE + DESTINATION_SIZE;
const MESSAGE_TERMINATOR: u8 = 1;

// A result (slots.ts): outcome ‖ message length ‖ destination ‖ replay tag ‖ message.
const RESULT_LENGTH_AT: usize = 1;
const RESULT_DESTINATION_AT: usize = RESULT_LENGTH_AT + 2;
const RESULT_TAG_AT: usize = RESULT_DESTINATION_AT + DESTINATION_SIZE;
const REPLAY_TAG_SIZE: usize = 16;
const RESULT_MESSAGE_AT: usize = RESULT_TAG_AT + REPLAY_TAG_SIZE;

const SEED: &[u8] =
    b"Dwste mou enan moxlo arketa makru kai ena upomoxlio gia na ton topothetisw kai tha kinisw thn gh.";
const STREAM_KEY_SIZE: usize = 16;
const MAC_KEY_SIZE: usize = 16;
/// The routing keys of spec §2 without the blinding factor, which only forward hops need.
const ROUTING_KEYS_SIZE: usize = STREAM_KEY_SIZE + MAC_KEY_SIZE + lioness::KEY_SIZE;
/// A key serves one packet only, so the IV is always zero.
const ZERO_IV: [u8; 16] = [0; 16];

const REPLAY_TAG_LABEL: &[u8] = b"nym-gateway replay tag";

/// What became of a packet: the indexes of OUTCOMES in slots.ts.
#[repr(u8)]
enum Outcome {
    Message = 0,
    LowOrder,
    Mac,
    Flag,
    Padding,
    Destination,
    ForwardHop,
}

/// Unwraps a packet (spec §2) with the checks of the reference in the reference's order, and puts its result in its place.
pub fn unwrap_in_place(packet: &mut [u8; PACKET_SIZE], private_key: &[u8; 32]) {
    let outcome = unwrap(packet, private_key).err().unwrap_or(Outcome::Message);
    packet[0] = outcome as u8;
}

fn unwrap(packet: &mut [u8; PACKET_SIZE], private_key: &[u8; 32]) -> Result<(), Outcome> {
    let (shared_secret, rest) = packet.split_first_chunk().expect("32 bytes");
    let (mac, routing) = rest[..MAC_SIZE + ROUTING_SIZE].split_at(MAC_SIZE);

    let shared_key = shared_key(private_key, shared_secret).ok_or(Outcome::LowOrder)?;
    let mut keys = [0; ROUTING_KEYS_SIZE];
    Hkdf::<Sha256>::new(None, &shared_key).expand(SEED, &mut keys).expect("less than 255 blocks");
    let (stream_key, keys) = keys.split_first_chunk::<STREAM_KEY_SIZE>().expect("16 bytes");
    let (mac_key, payload_key) = keys.split_first_chunk::<MAC_KEY_SIZE>().expect("16 bytes");
    let payload_key = payload_key.first_chunk().expect("192 bytes");

    hmac(mac_key).chain_update(routing).verify_truncated_left(mac).map_err(|_| Outcome::Mac)?;

    let mut meta = [0; FINAL_META_SIZE];
    meta.copy_from_slice(&routing[..FINAL_META_SIZE]);
    Ctr128BE::<Aes128>::new(stream_key.into(), &ZERO_IV.into()).apply_keystream(&mut meta);
    match meta[0] {
        FORWARD_FLAG => return Err(Outcome::ForwardHop),
        FINAL_FLAG => {}
        _ => return Err(Outcome::Flag),
    }
    let destination = &meta[DESTINATION_AT..];

    let payload = &mut packet[HEADER_SIZE..];
    lioness::decrypt(payload_key, payload);
    let length = message_length(payload).ok_or(Outcome::Padding)?;
    if &payload[PAYLOAD_ZEROS_SIZE..MESSAGE_AT] != destination {
        return Err(Outcome::Destination);
    }

    let tag = hmac(&shared_key).chain_update(REPLAY_TAG_LABEL).finalize().into_bytes();
    packet[RESULT_LENGTH_AT..RESULT_DESTINATION_AT].copy_from_slice(&(length as u16).to_be_bytes());
    packet[RESULT_DESTINATION_AT..RESULT_TAG_AT].copy_from_slice(destination);
    packet[RESULT_TAG_AT..RESULT_MESSAGE_AT].copy_from_slice(&tag[..REPLAY_TAG_SIZE]);
    let message_at = HEADER_SIZE + MESSAGE_AT;
    packet.copy_within(message_at..message_at + length, RESULT_MESSAGE_AT);
    Ok(())
}

fn hmac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("any length")
}

/// The length of the message in a final payload; `None` if that is not zeros, destination, message, 0x01, zeros.
fn message_length(payload: &[u8]) -> Option<usize> {
    let end = payload.iter().rposition(|byte| *byte != 0)?;
    let is_padded = payload[end] == MESSAGE_TERMINATOR && payload[..PAYLOAD_ZEROS_SIZE].iter().all(|byte| *byte == 0);
    if is_padded { end.checked_sub(MESSAGE_AT) } else { None }
}
