use curve25519_dalek::MontgomeryPoint;

/// The u-coordinates whose order divides 8, on the curve and on its twist: 0, 1, -1, and the two of order 8.
const LOW_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    {
        let mut one = [0; 32];
        one[0] = 1;
        one
    },
    {
        let mut minus_one = [0xff; 32];
        minus_one[0] = 0xec;
        minus_one[31] = 0x7f;
        minus_one
    },
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09,
        0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44,
        0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ],
];

/// A canonical scalar is below 2^253: its three highest bits are zero, and the ladder need not take them.
const ZERO_BITS: usize = 3;

/// Private key × shared secret, unclamped (spec §2); `None` for points of low order. Constant time in the key.
///
/// The product is of low order just when the point is: the key is smaller than the large prime in the order of the
/// curve, and than that of the twist. So the canonical product is looked at and not the many encodings of the point.
#[inline(never)]
pub fn shared_key(private_key: &[u8; 32], shared_secret: &[u8; 32]) -> Option<[u8; 32]> {
    let bits = private_key.iter().rev().flat_map(|byte| (0..8).rev().map(move |i| byte >> i & 1 == 1));
    let product = MontgomeryPoint(*shared_secret).mul_bits_be(bits.skip(ZERO_BITS)).to_bytes();
    (!LOW_ORDER.contains(&product)).then_some(product)
}
