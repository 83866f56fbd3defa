use blake2::Blake2bMac;
use blake2::digest::consts::U32;
use blake2::digest::{FixedOutput, KeyInit, Update};
use chacha20::ChaCha20Legacy;
use chacha20::cipher::{KeyIvInit, StreamCipher};

use crate::layout::PAYLOAD_KEY_SIZE;

const LEFT_SIZE: usize = 32;
const ZERO_NONCE: [u8; 8] = [0; 8];

/// Encrypts a payload in place (spec §2). The key is k1 (32) ‖ k2 (64) ‖ k3 (32) ‖ k4 (64).
#[allow(dead_code)] // for builders
pub fn encrypt(key: &[u8; PAYLOAD_KEY_SIZE], payload: &mut [u8]) {
    let (left, right) = payload.split_at_mut(LEFT_SIZE);
    stream_round(&key[..32], left, right);
    hash_round(&key[32..96], left, right);
    stream_round(&key[96..128], left, right);
    hash_round(&key[128..], left, right);
}

/// Decrypts a payload in place: the same rounds, backwards.
#[allow(dead_code)] // for nodes
pub fn decrypt(key: &[u8; PAYLOAD_KEY_SIZE], payload: &mut [u8]) {
    let (left, right) = payload.split_at_mut(LEFT_SIZE);
    hash_round(&key[128..], left, right);
    stream_round(&key[96..128], left, right);
    hash_round(&key[32..96], left, right);
    stream_round(&key[..32], left, right);
}

/// L ^= BLAKE2b(key, R)
fn hash_round(key: &[u8], left: &mut [u8], right: &[u8]) {
    let mut hash = Blake2bMac::<U32>::new_from_slice(key).expect("64 bytes");
    hash.update(right);
    xor_into(left, &hash.finalize_fixed());
}

/// R ^= ChaCha20(L ^ key)
fn stream_round(key: &[u8], left: &[u8], right: &mut [u8]) {
    let mut stream_key = [0; LEFT_SIZE];
    stream_key.copy_from_slice(left);
    xor_into(&mut stream_key, key);
    ChaCha20Legacy::new(&stream_key.into(), &ZERO_NONCE.into()).apply_keystream(right);
}

fn xor_into(target: &mut [u8], mask: &[u8]) {
    for (byte, mask) in target.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}
