/** The script of the tests' workers. What follows `?` in its URL are numbers among the client's options. */
import { IndexedDbStore, Peap } from "../../src/peap/mod.ts";
import { serveTabs } from "../../src/tabs/script.ts";
import { patientClock } from "../peap/patient_clock.ts";

const { searchParams, origin } = new URL((globalThis as unknown as { location: { href: string } }).location.href);
const numbers = Object.fromEntries([...searchParams].map(([name, value]) => [name, Number(value)]));

serveTabs(async () => {
  await fetch("connecting"); // so that the test can count clients
  const store = await IndexedDbStore.open(`store${searchParams}`);
  return await Peap.connect({ directory: origin, store, ...numbers, surroundings: { clock: patientClock } });
});
