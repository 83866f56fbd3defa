import { ANSWER_TIMEOUT } from "../../src/peap/gateway_connection.ts";
import { type Clock, systemClock } from "../../src/timing/clock.ts";

const PATIENCE = 60_000;

/** The runtime's time, except that a gateway has a minute to answer: on a busy machine it may need more than usual. */
export const patientClock: Clock = {
  now: systemClock.now,
  after: (ms, callback) => systemClock.after(ms === ANSWER_TIMEOUT ? PATIENCE : ms, callback),
};
