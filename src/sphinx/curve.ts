import { ed25519 } from "@noble/curves/ed25519.js";
import { montgomery } from "@noble/curves/abstract/montgomery.js";
import { bytesToNumberLE, numberToBytesLE } from "@noble/curves/utils.js";
import { POINT_SIZE, SCALAR_SIZE } from "./constants.ts";

/**
 * Curve25519 as Sphinx uses it (spec §2): points are 32-byte Montgomery u-coordinates, scalars are plain integers below
 * the group order, 32 bytes little-endian, and never clamped. X25519 of RFC 7748 clamps, so it cannot be used directly.
 */
export interface KeyPair {
  /** 32 bytes, a canonical scalar. */
  privateKey: Uint8Array;
  /** 32 bytes, a u-coordinate. */
  publicKey: Uint8Array;
}

const { Point, Point: { Fp, Fn } } = ed25519;
type EdwardsPoint = typeof Point.BASE;

/** ℓ, the order of the prime-order group: 2^252 + 27742317777372353535851937790883648493. */
const ORDER = Fn.ORDER;
/** Curve and twist together have 2p + 2 points (each u is on one of them), and the curve 8ℓ. */
const TWIST_ORDER = 2n * Fp.ORDER + 2n - 8n * ORDER;

/** The u-coordinates whose order divides 8, on the curve and on its twist. Their products reveal nothing about the scalar. */
const LOW_ORDER_POINTS: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  Fp.ORDER - 1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
]);

/** The Montgomery ladder of RFC 7748 without clamping. It only accepts scalars in [2^254, 2^255 − 8]. */
const ladder = montgomery({
  P: Fp.ORDER,
  type: "x25519",
  adjustScalarBytes: (bytes: Uint8Array) => bytes,
  powPminus2: (x) => Fp.pow(x, Fp.ORDER - 2n),
});

/**
 * The u-coordinate of scalar × point, with the scalar used unchanged, as in 0.7.0. Undefined for a zero scalar and for
 * points of low order, whose product anyone could compute. Bit 255 of `point` is ignored and values of p or more are
 * reduced modulo p (RFC 7748 §5).
 *
 * Points on the curve are multiplied in Edwards form: its addition is complete, so every scalar gives an exact result
 * in the same number of steps, where the ladder would refuse small ones. Points on the twist have no Edwards form.
 *
 * @param scalar 32 bytes, below the group order
 * @param point 32 bytes
 * @throws RangeError for other lengths and larger scalars; our own keys are checked where they are loaded
 */
export function multiply(scalar: Uint8Array, point: Uint8Array): Uint8Array | undefined {
  if (point.length !== POINT_SIZE) throw new RangeError(`a point is ${POINT_SIZE} bytes, got ${point.length}`);
  const k = decodeScalar(scalar);
  const u = decodePoint(point);
  if (k === 0n || LOW_ORDER_POINTS.has(u)) return undefined;
  const edwards = edwardsPoint(u);
  return edwards ? montgomeryBytes(edwards.multiply(k)) : multiplyOnTwist(k, u);
}

/** Whether the order of a point, 32 bytes, divides 8: such a public key has no owner, and no packet can be built for it. */
export function isOfLowOrder(point: Uint8Array): boolean {
  return LOW_ORDER_POINTS.has(decodePoint(point));
}

/**
 * The public key of a private key: private key × base point (u = 9).
 *
 * @throws RangeError if the private key is not a canonical, non-zero scalar
 */
export function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  if (!isCanonicalScalar(privateKey)) {
    throw new RangeError("a private key is 32 little-endian bytes of an integer between 0 and the group order");
  }
  return montgomeryBytes(Point.BASE.multiply(decodeScalar(privateKey)));
}

/** Whether these are the 32 little-endian bytes of an s with 0 < s < ℓ, the only valid form of a private key (spec §2). */
export function isCanonicalScalar(bytes: Uint8Array): boolean {
  return bytes.length === SCALAR_SIZE && Fn.isValidNot0(bytesToNumberLE(bytes));
}

/** A uniformly random scalar, 0 < s < ℓ. */
export function randomScalar(): Uint8Array {
  const bytes = new Uint8Array(SCALAR_SIZE);
  do {
    crypto.getRandomValues(bytes);
    bytes[SCALAR_SIZE - 1]! &= 0x1f; // below 2^253: about one draw in two is below ℓ
  } while (!isCanonicalScalar(bytes));
  return bytes;
}

/** A new key pair for a node. Clamped X25519 can use the key too (see clampedEquivalent). */
export function generateKeyPair(): KeyPair {
  const privateKey = randomScalar();
  return { privateKey, publicKey: publicKeyOf(privateKey) };
}

/** Any 32 bytes as a little-endian integer mod ℓ: how a blinding factor becomes a scalar. */
export function reduceScalar(bytes: Uint8Array): Uint8Array {
  return numberToBytesLE(Fn.create(bytesToNumberLE(bytes)), SCALAR_SIZE);
}

/** The product of two scalars mod ℓ. */
export function multiplyScalars(a: Uint8Array, b: Uint8Array): Uint8Array {
  return numberToBytesLE(Fn.mul(decodeScalar(a), decodeScalar(b)), SCALAR_SIZE);
}

/**
 * A scalar as an integer.
 *
 * @throws RangeError if it is not 32 bytes, or not below the group order
 */
function decodeScalar(bytes: Uint8Array): bigint {
  if (bytes.length !== SCALAR_SIZE) throw new RangeError(`a scalar is ${SCALAR_SIZE} bytes, got ${bytes.length}`);
  const scalar = bytesToNumberLE(bytes);
  if (scalar >= ORDER) throw new RangeError("a scalar is less than the group order");
  return scalar;
}

function decodePoint(bytes: Uint8Array): bigint {
  return Fp.create(BigInt.asUintN(255, bytesToNumberLE(bytes)));
}

/** One of the two points (the sign does not matter) with y = (u − 1) / (u + 1); undefined if u is on the twist. */
function edwardsPoint(u: bigint): EdwardsPoint | undefined {
  const y = Fp.toBytes(Fp.div(Fp.sub(u, 1n), Fp.add(u, 1n)));
  try {
    return Point.fromBytes(y);
  } catch {
    return undefined;
  }
}

function montgomeryBytes(point: EdwardsPoint): Uint8Array {
  const { y } = point;
  return Fp.toBytes(Fp.div(Fp.add(1n, y), Fp.sub(1n, y)));
}

/** A point and its negative share u, so order − k does as well as k; and for 0 < k < ℓ it is in the ladder's range. */
function multiplyOnTwist(k: bigint, u: bigint): Uint8Array {
  return ladder.scalarMult(numberToBytesLE(TWIST_ORDER - k, SCALAR_SIZE), Fp.toBytes(u));
}
