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

const MAX_HOPS: usize = 5;
const MAX_MESSAGE_SIZE: usize = PAYLOAD_SIZE - MESSAGE_AT - 1;
/// What a final hop reads: flag, version, destination, and an identifier of zeros.
const FINAL_META_SIZE: usize = ADDRESS_END + 16;
const PADDING_SIZE: usize = ROUTING_SIZE - FINAL_META_SIZE;
/// Flag and version; the version is 0.1.0.
const FORWARD_PREFIX: [u8; ADDRESS_AT] = [FORWARD_FLAG, 0, 1, 0];
const FINAL_PREFIX: [u8; ADDRESS_AT] = [FINAL_FLAG, 0, 1, 0];
/// u = 9
const BASE_POINT: [u8; 32] = {
    let mut point = [0; 32];
    point[0] = 9;
    point
};

/// What a packet is built from. builder.ts writes it, so it consists of bytes only, in this order.
#[repr(C)]
pub struct Plan {
    /// a canonical scalar
    secret: [u8; 32],
    /// random: fills what is left of the routing information
    padding: [u8; PADDING_SIZE],
    destination: [u8; ADDRESS_SIZE],
    message: [u8; MAX_MESSAGE_SIZE],
    hops: [Hop; MAX_HOPS],
}

#[derive(Clone, Copy)]
#[repr(C)]
struct Hop {
    public_key: [u8; 32],
    address: [u8; ADDRESS_SIZE],
    delay: [u8; DELAY_SIZE],
}

impl Plan {
    pub const EMPTY: Self = Self {
        secret: [0; 32],
        padding: [0; PADDING_SIZE],
        destination: [0; ADDRESS_SIZE],
        message: [0; MAX_MESSAGE_SIZE],
        hops: [Hop { public_key: [0; 32], address: [0; ADDRESS_SIZE], delay: [0; DELAY_SIZE] }; MAX_HOPS],
    };
}

/// Stream key ‖ MAC key ‖ payload key ‖ blinding factor.
type RoutingKeys = [u8; ROUTING_KEYS_SIZE];

/// Wraps the message in a layer for each hop (spec §2), as the reference does. `None` if a hop's key is of low order.
pub fn build(plan: &Plan, hops: usize, length: usize, packet: &mut [u8; PACKET_SIZE]) -> Option<()> {
    let (hops, message) = (&plan.hops[..hops], &plan.message[..length]);
    let mut keys = [[0; ROUTING_KEYS_SIZE]; MAX_HOPS];
    let keys = &mut keys[..hops.len()];
    derive_keys(&plan.secret, hops, keys)?;

    let (header, payload) = packet.split_first_chunk_mut::<HEADER_SIZE>().expect("348 bytes");
    let (shared_secret, rest) = header.split_at_mut(SHARED_SECRET_SIZE);
    let (mac, routing) = rest.split_at_mut(MAC_SIZE);
    shared_secret.copy_from_slice(&shared_key(&plan.secret, &BASE_POINT)?);
    build_routing(plan, hops, keys, mac, routing);

    payload.fill(0);
    payload[PAYLOAD_ZEROS_SIZE..MESSAGE_AT].copy_from_slice(&plan.destination);
    payload[MESSAGE_AT..][..length].copy_from_slice(message);
    payload[MESSAGE_AT + length] = MESSAGE_TERMINATOR;
    for keys in keys.iter().rev() {
        let payload_key = keys[PAYLOAD_KEY_AT..].first_chunk().expect("192 bytes");
        lioness::encrypt(payload_key, payload);
    }
    Some(())
}

/// The secret is blinded from hop to hop just as the hops will blind the shared secret.
fn derive_keys(secret: &[u8; 32], hops: &[Hop], keys: &mut [RoutingKeys]) -> Option<()> {
    let mut secret = *secret;
    for (hop, keys) in hops.iter().zip(keys) {
        let shared_key = shared_key(&secret, &hop.public_key)?;
        Hkdf::<Sha256>::new(None, &shared_key).expand(SEED, keys).expect("less than 255 blocks");
        let blinding_factor = *keys.last_chunk().expect("32 bytes");
        let blinded = Scalar::from_bytes_mod_order(secret) * Scalar::from_bytes_mod_order(blinding_factor);
        secret = blinded.to_bytes();
    }
    Some(())
}

/// From the last hop to the first, each hop's routing information holding the MAC and the routing information of the next.
fn build_routing(plan: &Plan, hops: &[Hop], keys: &[RoutingKeys], mac: &mut [u8], routing: &mut [u8]) {
    let (last, forward) = keys.split_last().expect("at least one hop");
    let filler_at = ROUTING_SIZE - forward.len() * ROUTING_STEP_SIZE;
    let (plain, filler) = routing.split_at_mut(filler_at);
    plain[..ADDRESS_AT].copy_from_slice(&FINAL_PREFIX);
    plain[ADDRESS_AT..ADDRESS_END].copy_from_slice(&plan.destination);
    plain[ADDRESS_END..FINAL_META_SIZE].fill(0);
    plain[FINAL_META_SIZE..].copy_from_slice(&plan.padding[..filler_at - FINAL_META_SIZE]);
    xor_stream(last, plain);
    fill(forward, filler);
    mac.copy_from_slice(&header_mac(last, routing));

    for (i, keys) in forward.iter().enumerate().rev() {
        routing.copy_within(..ROUTING_SIZE - ROUTING_STEP_SIZE, ROUTING_STEP_SIZE);
        let (meta, _) = routing.split_at_mut(ROUTING_STEP_SIZE);
        meta[..ADDRESS_AT].copy_from_slice(&FORWARD_PREFIX);
        meta[ADDRESS_AT..ADDRESS_END].copy_from_slice(&hops[i + 1].address);
        meta[ADDRESS_END..FORWARD_META_SIZE].copy_from_slice(&hops[i].delay);
        meta[FORWARD_META_SIZE..].copy_from_slice(mac);
        xor_stream(keys, routing);
        mac.copy_from_slice(&header_mac(keys, routing));
    }
}

/// The tail of the last hop's routing information once each forward hop has shifted its own step out and keystream in.
fn fill(forward: &[RoutingKeys], filler: &mut [u8]) {
    let mut stream = [0; STREAM_SIZE];
    for keys in forward {
        stream.copy_within(ROUTING_STEP_SIZE.., 0);
        stream[ROUTING_SIZE..].fill(0);
        xor_stream(keys, &mut stream);
    }
    filler.copy_from_slice(&stream[STREAM_SIZE - filler.len()..]);
}

/// XORs data with a hop's keystream, from its start.
#[inline(never)] // or there are three copies of AES
fn xor_stream(keys: &RoutingKeys, data: &mut [u8]) {
    let stream_key: &[u8; STREAM_KEY_SIZE] = keys.first_chunk().expect("16 bytes");
    Ctr128BE::<Aes128>::new(stream_key.into(), &ZERO_IV.into()).apply_keystream(data);
}

#[inline(never)] // or there are two more copies of SHA-256
fn header_mac(keys: &RoutingKeys, routing: &[u8]) -> [u8; MAC_SIZE] {
    let hmac = Hmac::<Sha256>::new_from_slice(&keys[STREAM_KEY_SIZE..PAYLOAD_KEY_AT]).expect("any length");
    *hmac.chain_update(routing).finalize().into_bytes().first_chunk().expect("32 bytes")
}
