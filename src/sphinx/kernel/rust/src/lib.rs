//! The hot path of the gateway, for WebAssembly: unwraps a batch of Sphinx packets in linear memory. It only puts
//! together what the dalek and RustCrypto libraries do. Tests hold it against the reference, `src/sphinx/unwrap.ts`.
//!
//! The host writes the private key and up to `CAPACITY` packets to the addresses that it asks for, calls `unwrap`, reads
//! the results where the packets were, and then wipes all of it, the stack too.
#![no_std]

mod lioness;
mod shared_key;
mod unwrap;

use unwrap::PACKET_SIZE;

/// Packets in a batch; kernel.ts knows this number.
const CAPACITY: usize = 64;

static mut PRIVATE_KEY: [u8; 32] = [0; 32];
static mut PACKETS: [[u8; PACKET_SIZE]; CAPACITY] = [[0; PACKET_SIZE]; CAPACITY];

/// Where the private key goes: 32 bytes, a canonical scalar.
#[unsafe(no_mangle)]
pub extern "C" fn private_key() -> *mut u8 {
    (&raw mut PRIVATE_KEY).cast()
}

/// Where the packets go, one after the other, and where their results are afterwards (see slots.ts).
#[unsafe(no_mangle)]
pub extern "C" fn packets() -> *mut u8 {
    (&raw mut PACKETS).cast()
}

/// Unwraps the first `count` packets; a count above `CAPACITY` traps.
#[unsafe(no_mangle)]
pub extern "C" fn unwrap(count: usize) {
    let (private_key, packets) = (&raw const PRIVATE_KEY, &raw mut PACKETS);
    // SAFETY: an instance has one thread, and neither reference leaves this function.
    let (private_key, packets) = unsafe { (&*private_key, &mut *packets) };
    for packet in &mut packets[..count] {
        unwrap::unwrap_in_place(packet, private_key);
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}
