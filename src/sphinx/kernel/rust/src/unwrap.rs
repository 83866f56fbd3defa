use aes::Aes128;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};
use curve25519_dalek::Scalar;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::layout::*;
use crate::lioness;
use crate::shared_key::shared_key;

// A slot (slots.ts): packet ‖ outcome ‖ replay tag ‖ destination or next address ‖ message length or delay.
const RESULT_TAG_AT: usize = 1;
const REPLAY_TAG_SIZE: usize = 16;
const RESULT_ADDRESS_AT: usize = RESULT_TAG_AT + REPLAY_TAG_SIZE;
const RESULT_NUMBER_AT: usize = RESULT_ADDRESS_AT + ADDRESS_SIZE;
const RESULT_SIZE: usize = RESULT_NUMBER_AT + DELAY_SIZE;
pub const SLOT_SIZE: usize = PACKET_SIZE + RESULT_SIZE;

const REPLAY_TAG_LABEL: &[u8] = b"nym-gateway replay tag";

/// What became of a packet: the indexes of OUTCOMES in slots.ts.
#[repr(u8)]
enum Outcome {
    Message = 0,
    Forward,
    LowOrder,
    Mac,
    Flag,
    WrongHop,
    Padding,
    Destination,
}

/// Unwraps the packet in a slot (spec §2) with the checks of the reference in the reference's order, and puts its result
/// there. A hop with another flag than this node handles is dropped before its second multiplication or its payload
/// costs anything.
pub fn unwrap_in_place(slot: &mut [u8; SLOT_SIZE], private_key: &[u8; 32], flag: u8) {
    let (packet, result) = slot.split_first_chunk_mut().expect("1372 bytes");
    result[0] = unwrap(packet, result, private_key, flag).unwrap_or_else(|reason| reason) as u8;
}

fn unwrap(
    packet: &mut [u8; PACKET_SIZE],
    result: &mut [u8],
    private_key: &[u8; 32],
    flag: u8,
) -> Result<Outcome, Outcome> {
    let (header, payload) = packet.split_first_chunk_mut::<HEADER_SIZE>().expect("348 bytes");
    let (shared_secret, rest) = header.split_first_chunk().expect("32 bytes");
    let (mac, routing) = rest.split_at(MAC_SIZE);

    let shared_key = shared_key(private_key, shared_secret).ok_or(Outcome::LowOrder)?;
    let mut keys = [0; ROUTING_KEYS_SIZE];
    let needed = if flag == FORWARD_FLAG { ROUTING_KEYS_SIZE } else { FINAL_KEYS_SIZE };
    Hkdf::<Sha256>::new(None, &shared_key).expand(SEED, &mut keys[..needed]).expect("less than 255 blocks");
    let (stream_key, keys) = keys.split_first_chunk::<STREAM_KEY_SIZE>().expect("16 bytes");
    let (mac_key, keys) = keys.split_first_chunk::<MAC_KEY_SIZE>().expect("16 bytes");
    let (payload_key, keys) = keys.split_first_chunk().expect("192 bytes");
    let blinding_factor = keys.first_chunk().expect("32 bytes");

    hmac(mac_key).chain_update(routing).verify_truncated_left(mac).map_err(|_| Outcome::Mac)?;

    let mut plain = [0; STREAM_SIZE];
    plain[..ROUTING_SIZE].copy_from_slice(routing);
    let (meta, further) = plain.split_at_mut(ADDRESS_END);
    let mut stream = Ctr128BE::<Aes128>::new(stream_key.into(), &ZERO_IV.into());
    stream.apply_keystream(meta);
    match meta[0] {
        FORWARD_FLAG | FINAL_FLAG if meta[0] != flag => return Err(Outcome::WrongHop),
        FORWARD_FLAG | FINAL_FLAG => {}
        _ => return Err(Outcome::Flag),
    }
    let address = &meta[ADDRESS_AT..];

    let outcome = if flag == FORWARD_FLAG {
        let next_secret = blinded(blinding_factor, shared_secret).ok_or(Outcome::LowOrder)?;
        stream.apply_keystream(further);
        let (delay, next) = further.split_at(DELAY_SIZE);
        result[RESULT_NUMBER_AT..].copy_from_slice(delay);
        header[..SHARED_SECRET_SIZE].copy_from_slice(&next_secret);
        header[SHARED_SECRET_SIZE..].copy_from_slice(next); // MAC and routing information
        lioness::decrypt(payload_key, payload);
        Outcome::Forward
    } else {
        lioness::decrypt(payload_key, payload);
        let length = message_length(payload).ok_or(Outcome::Padding)?;
        if &payload[PAYLOAD_ZEROS_SIZE..MESSAGE_AT] != address {
            return Err(Outcome::Destination);
        }
        result[RESULT_NUMBER_AT..].copy_from_slice(&(length as u64).to_be_bytes());
        Outcome::Message
    };
    result[RESULT_ADDRESS_AT..RESULT_NUMBER_AT].copy_from_slice(address);
    let tag = hmac(&shared_key).chain_update(REPLAY_TAG_LABEL).finalize().into_bytes();
    result[RESULT_TAG_AT..RESULT_ADDRESS_AT].copy_from_slice(&tag[..REPLAY_TAG_SIZE]);
    Ok(outcome)
}

/// The shared secret of the next hop: the blinding factor, reduced, × this hop's shared secret (spec §2). `None` for a
/// factor of zero as well.
fn blinded(blinding_factor: &[u8; 32], shared_secret: &[u8; 32]) -> Option<[u8; 32]> {
    shared_key(&Scalar::from_bytes_mod_order(*blinding_factor).to_bytes(), shared_secret)
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
