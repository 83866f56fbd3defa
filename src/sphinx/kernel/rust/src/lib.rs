//! The hot path of gateway and mixnode, for WebAssembly: unwraps a batch of Sphinx packets in linear memory. It only puts
//! together what the dalek and RustCrypto libraries do. Tests hold it against the reference, `src/sphinx/unwrap.ts`.
//!
//! The host writes the private key and up to `CAPACITY` packets to the addresses that it asks for, calls `unwrap`, reads
//! the results where the packets were, and then wipes all of it, the stack too.
#![no_std]

mod layout;
mod lioness;
mod shared_key;
mod unwrap;

use unwrap::SLOT_SIZE;

/// Packets in a batch; kernel.ts knows this number.
const CAPACITY: usize = 64;

static mut PRIVATE_KEY: [u8; 32] = [0; 32];
static mut SLOTS: [[u8; SLOT_SIZE]; CAPACITY] = [[0; SLOT_SIZE]; CAPACITY];

/// Where the private key goes: 32 bytes, a canonical scalar.
#[unsafe(no_mangle)]
pub extern "C" fn private_key() -> *mut u8 {
    (&raw mut PRIVATE_KEY).cast()
}

/// Where the packets go, each in its slot, and where their results are afterwards (see slots.ts).
#[unsafe(no_mangle)]
pub extern "C" fn slots() -> *mut u8 {
    (&raw mut SLOTS).cast()
}

/// Unwraps the packets of the first `count` slots; a count above `CAPACITY` traps. `flag` is that of the hops that this
/// node handles: 1 for forward hops, 2 for final ones.
#[unsafe(no_mangle)]
pub extern "C" fn unwrap(count: usize, flag: u8) {
    let (private_key, slots) = (&raw const PRIVATE_KEY, &raw mut SLOTS);
    // SAFETY: an instance has one thread, and neither reference leaves this function.
    let (private_key, slots) = unsafe { (&*private_key, &mut *slots) };
    for slot in &mut slots[..count] {
        unwrap::unwrap_in_place(slot, private_key, flag);
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}
