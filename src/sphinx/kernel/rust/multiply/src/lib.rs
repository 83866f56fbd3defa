//! The slow part of building a Sphinx packet, for WebAssembly: scalar multiplication on Curve25519, as dalek does it.
//! Tests hold it against the reference, `src/sphinx/curve.ts`.
//!
//! The host writes a scalar and a point to the addresses that it asks for, calls `multiply`, reads the product where the
//! point was, and then wipes all of it, the stack too.
#![no_std]

#[path = "../../src/shared_key.rs"]
mod shared_key;

static mut SCALAR: [u8; 32] = [0; 32];
static mut POINT: [u8; 32] = [0; 32];

/// Where the scalar goes: 32 bytes, canonical.
#[unsafe(no_mangle)]
pub extern "C" fn scalar() -> *mut u8 {
    (&raw mut SCALAR).cast()
}

/// Where the point goes, a u-coordinate of 32 bytes, and where the product is afterwards.
#[unsafe(no_mangle)]
pub extern "C" fn point() -> *mut u8 {
    (&raw mut POINT).cast()
}

/// Replaces the point by scalar × point. Returns 0, and leaves the point, if that is of low order or the scalar zero.
#[unsafe(no_mangle)]
pub extern "C" fn multiply() -> u32 {
    let (scalar, point) = (&raw const SCALAR, &raw mut POINT);
    // SAFETY: an instance has one thread, and neither reference leaves this function.
    let (scalar, point) = unsafe { (&*scalar, &mut *point) };
    match shared_key::shared_key(scalar, point) {
        Some(product) => {
            *point = product;
            1
        }
        None => 0,
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}
