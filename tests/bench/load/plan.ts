/**
 * Which packets a load has. Packets are numbered in the order in which they are sent. Numbers take turns over the
 * connections, and then over the clients, so that the number alone tells where a packet belongs.
 */
export interface Plan {
  /** number of the first packet: a multiple of `connections` */
  first: number;
  count: number;
  /** clients that messages are for, in turn */
  clients: number;
  /** connections that packets come over; order is promised within each */
  connections: number;
  /** one message in so many is a real one, the others are loop-cover traffic */
  realEvery: number;
}

/** Bytes of a message; it starts with its number (4, big-endian), and the rest is random. */
export const MESSAGE_SIZE = 500;
/** What loop-cover messages hold (spec §5). */
export const LOOP_COVER = new TextEncoder().encode("The cake is a lie!");

/** Over which connection packet `number` comes. */
export function connectionOf(plan: Plan, number: number): number {
  return number % plan.connections;
}

/** Which client packet `number` is for. */
export function clientOf(plan: Plan, number: number): number {
  return Math.floor(number / plan.connections) % plan.clients;
}

export function isReal(plan: Plan, number: number): boolean {
  return (number - plan.first) % plan.realEvery === 0;
}

/** How many of the plan's messages are real. */
export function realCount(plan: Plan): number {
  return Math.ceil(plan.count / plan.realEvery);
}

/** ms since 1970 as all threads of this process see it, to some hundredths. */
export function clock(): number {
  return performance.timeOrigin + performance.now();
}
