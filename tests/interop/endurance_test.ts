import { assertEquals } from "@std/assert";
import { GatewayProcess, pause } from "../support/gateway_process.ts";
import { NativeApplication } from "../support/native_application.ts";
import type { ReferenceProcess } from "../support/reference_process.ts";
import { freePort, ReferenceNetwork, referenceTest } from "../support/reference_network.ts";

/** Seconds during which both clients exchange messages; 300 in the long form. */
const SECONDS = Number(Deno.env.get("NYM_ENDURANCE_SECONDS") ?? 6);
/** Kills of the gateway; 10 or more in the long form. */
const KILLS = Number(Deno.env.get("NYM_KILLS") ?? 2);
const LETTERS_TO_ABSENT = 5;
/** ms between two messages of an exchange, and the longest time for one to arrive */
const GAP = 1500;
const TIMEOUT = 30_000;

/** A native client with an application, which connects and disconnects, and everything it received. */
class Correspondent {
  readonly received = new Map<string, number>();
  address = "";
  #process: ReferenceProcess | undefined;
  #application: NativeApplication | undefined;
  #reading: Promise<void> = Promise.resolve();
  readonly #port = freePort();

  constructor(private readonly name: string, private readonly network: ReferenceNetwork) {}

  async come(): Promise<void> {
    this.#process = await this.network.client(this.name, this.#port);
    this.#application = await NativeApplication.open(`ws://127.0.0.1:${this.#port}`);
    if (this.address === "") this.address = await this.#application.address();
    this.#reading = this.#read(this.#application).catch(() => {}); // it ends when the application does
  }

  async leave(): Promise<void> {
    await this.#application?.[Symbol.asyncDispose]();
    await this.#process?.kill("SIGKILL");
    await this.#reading;
  }

  write(to: Correspondent, letter: string): string {
    this.#application!.sendText(to.address, letter);
    return letter;
  }

  /** Resolves when all these messages have arrived. */
  async has(letters: string[]): Promise<void> {
    const deadline = performance.now() + TIMEOUT;
    while (letters.some((letter) => !this.received.has(letter)) && performance.now() < deadline) await pause(50);
    assertEquals(
      letters.filter((letter) => !this.received.has(letter)),
      [],
      `messages that never reached ${this.name}`,
    );
  }

  async #read(application: NativeApplication): Promise<void> {
    for (;;) {
      const letter = new TextDecoder().decode(await application.received());
      this.received.set(letter, (this.received.get(letter) ?? 0) + 1);
    }
  }
}

referenceTest("native clients exchange messages across kills of the gateway and lose nothing", async () => {
  await using network = await ReferenceNetwork.start({ gateway: false });
  await using gateway = await GatewayProcess.init("ours", freePort(), freePort(), network.directory);
  await gateway.start();
  await network.topology(({ gatewayNodes }) => gatewayNodes.length === 1);
  const [alice, bob] = [new Correspondent("alice", network), new Correspondent("bob", network)];
  await using leaving = new AsyncDisposableStack();
  leaving.defer(() => alice.leave());
  leaving.defer(() => bob.leave());
  await alice.come();
  await bob.come();
  let written = 0;

  async function exchange(seconds: number): Promise<void> {
    const end = performance.now() + seconds * 1000;
    const [toBob, toAlice]: [string[], string[]] = [[], []];
    while (performance.now() < end) {
      toBob.push(alice.write(bob, `to Bob ${++written}`));
      toAlice.push(bob.write(alice, `to Alice ${++written}`));
      await pause(GAP);
    }
    await Promise.all([bob.has(toBob), alice.has(toAlice)]);
  }

  for (let kill = 1; kill <= KILLS; kill++) {
    await exchange(SECONDS / (KILLS + 1));
    await bob.leave();
    await pause(GAP); // for the messages confirmed by leaving to be removed from the disk
    const inbox = () => gateway.storedFor(bob.address.split("@")[0]!);
    const before = await inbox();
    const letters = Array.from({ length: LETTERS_TO_ABSENT }, () => alice.write(bob, `to absent Bob ${++written}`));
    await gateway.storedReaches(before + letters.length, TIMEOUT, inbox);
    await gateway.stop("SIGKILL");
    await gateway.start();
    await alice.leave(); // a native client does not reconnect by itself
    await alice.come();
    // A mixnode notices a broken connection only by losing packets: these may be lost.
    for (const waiting = await inbox(); await inbox() === waiting;) {
      alice.write(bob, `is the way clear again? ${performance.now()}`);
      await pause(GAP);
    }
    await bob.come();
    await bob.has(letters);
  }
  await exchange(SECONDS / (KILLS + 1));
  // deno-lint-ignore no-console -- the long form is run for its figures
  console.log(
    `${written} messages in ${SECONDS} s across ${KILLS} kills: ${bob.received.size} different ones to Bob, ` +
      `${[...bob.received.values()].reduce((sum, times) => sum + times - 1, 0)} more than once`,
  );
});
