import { LongRun } from "../support/long_run.ts";
import { Random } from "../support/random.ts";
import { Silence } from "../support/silence.ts";
import { SimulatedDatabase } from "./simulated_database.ts";
import { Simulation } from "./simulation.ts";
import { VirtualTime } from "./virtual_time.ts";

/** Number of histories; 100,000 in the long form. */
const HISTORIES = Number(Deno.env.get("MODEL_HISTORIES") ?? 600);
/** Seed of the first history; later ones are consecutive. Replay a failed seed with MODEL_SEED=… MODEL_HISTORIES=1. */
const SEED = Number(Deno.env.get("MODEL_SEED") ?? 1);

Deno.test(`mailbox and sessions keep their promises over ${HISTORIES} histories of messages, clients, disks, crashes and time`, async () => {
  using _silence = new Silence();
  const run = new LongRun("model", HISTORIES);
  let events = 0;
  let messages = 0;
  let expired = 0;
  let refused = 0;
  for (let seed = SEED; seed < SEED + HISTORIES; seed++) {
    using time = new VirtualTime();
    const database = new SimulatedDatabase();
    const simulation = new Simulation(new Random(seed), database, time);
    try {
      await simulation.run();
    } catch (error) {
      throw new Error(`MODEL_SEED=${seed}: ${(error as Error).message}\n${simulation.story.join("\n")}`, {
        cause: error,
      });
    }
    events += simulation.story.length;
    messages += simulation.recipients.reduce((sum, { sent }) => sum + sent, 0);
    expired += simulation.counters.get("messages_expired");
    refused += simulation.counters.get("messages_refused_inbox_full");
    run.reached(seed - SEED);
  }
  const happened = `${events} events, ${messages} messages, ${expired} expired, ${refused} refused`;
  run.end(`${HISTORIES} histories from seed ${SEED}, ${happened}`);
});
