/**
 * The packets of a load. They are numbered in the order in which they are sent. Consecutive numbers rotate over the
 * connections, and then over the clients, so that the number alone determines both.
 */
export interface Plan {
  /** number of the first packet: a multiple of `connections` */
  first: number;
  count: number;
  /** the number of clients that messages are for, in turn */
  clients: number;
  /** the number of connections for packets; order is promised within each */
  connections: number;
  /** one message in this many is real, the others are loop cover */
  realEvery: number;
}

/** Bytes of a message; it starts with its number (4, big-endian), and the rest is random. */
export const MESSAGE_SIZE = 500;
/** The text of loop-cover messages (spec §5). */
export const LOOP_COVER = new TextEncoder().encode("The cake is a lie!");

/** The connection of packet `number`. */
export function connectionOf(plan: Plan, number: number): number {
  return number % plan.connections;
}

/** The client that packet `number` is for. */
export function clientOf(plan: Plan, number: number): number {
  return Math.floor(number / plan.connections) % plan.clients;
}

export function isReal(plan: Plan, number: number): boolean {
  return (number - plan.first) % plan.realEvery === 0;
}

/** The number of the plan's real messages. */
export function realCount(plan: Plan): number {
  return Math.ceil(plan.count / plan.realEvery);
}

/** ms since 1970, with a precision of some hundredths, the same in all threads of this process. */
export function clock(): number {
  return performance.timeOrigin + performance.now();
}
