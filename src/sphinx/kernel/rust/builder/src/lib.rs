//! Builds a Sphinx packet, for WebAssembly: it only puts together what the dalek and RustCrypto libraries do. Tests hold
//! it against the reference, `src/sphinx/build.ts`, byte for byte.
//!
//! The host writes a plan to the address that it asks for, calls `build`, reads the packet, and then wipes all of it, the
//! stack too. Randomness is part of the plan.
#![no_std]

mod build;
#[path = "../../src/layout.rs"]
mod layout;
#[path = "../../src/lioness.rs"]
mod lioness;
#[path = "../../src/shared_key.rs"]
mod shared_key;

use build::Plan;
use layout::PACKET_SIZE;

static mut PLAN: Plan = Plan::EMPTY;
static mut PACKET: [u8; PACKET_SIZE] = [0; PACKET_SIZE];

/// Where the plan goes (see builder.ts).
#[unsafe(no_mangle)]
pub extern "C" fn plan() -> *mut u8 {
    (&raw mut PLAN).cast()
}

/// Where the packet is afterwards.
#[unsafe(no_mangle)]
pub extern "C" fn packet() -> *mut u8 {
    (&raw mut PACKET).cast()
}

/// Builds the packet of the plan, for its first `hops` hops and with the first `length` bytes of its message; larger
/// numbers than the plan has room for trap. Returns 0 if the public key of a hop is a point of low order.
#[unsafe(no_mangle)]
pub extern "C" fn build(hops: usize, length: usize) -> u32 {
    let (plan, packet) = (&raw const PLAN, &raw mut PACKET);
    // SAFETY: an instance has one thread, and neither reference leaves this function.
    let (plan, packet) = unsafe { (&*plan, &mut *packet) };
    build::build(plan, hops, length, packet).is_some().into()
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}
