import { assertEquals } from "@std/assert";
import { GatewayProcess, pause } from "../support/gateway_process.ts";
import { NativeApplication } from "../support/native_application.ts";
import type { ReferenceProcess } from "../support/reference_process.ts";
import { freePort, ReferenceNetwork, referenceTest } from "../support/reference_network.ts";

/** Seconds that the clients exchange messages while both are there; the long form sets it to 300. */
const SECONDS = Number(Deno.env.get("NYM_ENDURANCE_SECONDS") ?? 6);
/** Kills of the gateway; the long form sets it to 10 or more. */
const KILLS = Number(Deno.env.get("NYM_KILLS") ?? 2);
const LETTERS_TO_ABSENT = 5;
/** ms between two letters of an exchange, and at most until a letter has arrived */
const GAP = 1500;
const TIMEOUT = 30_000;

/** A native client with its application, which comes and goes, and everything that it ever received. */
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

  /** Resolves when all these letters have come. */
  async has(letters: string[]): Promise<void> {
    const deadline = performance.now() + TIMEOUT;
    while (letters.some((letter) => !this.received.has(letter)) && performance.now() < deadline) await pause(50);
    assertEquals(letters.filter((letter) => !this.received.has(letter)), [], `letters that ${this.name} never got`);
  }

  async #read(application: NativeApplication): Promise<void> {
    for (;;) {
      const letter = new TextDecoder().decode(await application.received());
      this.received.set(letter, (this.received.get(letter) ?? 0) + 1);
    }
  }
}

referenceTest("native clients correspond over kills of the gateway and lose nothing", async () => {
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
    await pause(GAP); // what his leaving confirmed goes from the disk
    const inbox = () => gateway.storedFor(bob.address.split("@")[0]!);
    const before = await inbox();
    const letters = Array.from({ length: LETTERS_TO_ABSENT }, () => alice.write(bob, `to absent Bob ${++written}`));
    await gateway.storedReaches(before + letters.length, TIMEOUT, inbox);
    await gateway.stop("SIGKILL");
    await gateway.start();
    await alice.leave(); // a native client does not connect again by itself
    await alice.come();
    // A mixnode notices only by losing packets that its connection is gone: these may get lost.
    for (const waiting = await inbox(); await inbox() === waiting;) {
      alice.write(bob, `is the way clear again? ${performance.now()}`);
      await pause(GAP);
    }
    await bob.come();
    await bob.has(letters);
  }
  await exchange(SECONDS / (KILLS + 1));
  // deno-lint-ignore no-console -- the figures are what the long form is run for
  console.log(
    `${written} letters in ${SECONDS} s and over ${KILLS} kills: ${bob.received.size} different ones to Bob, ` +
      `${[...bob.received.values()].reduce((sum, times) => sum + times - 1, 0)} came again`,
  );
});
