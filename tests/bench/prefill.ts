import { type ClientId, clientId } from "../../src/mailbox/client_id.ts";
import { Ledger } from "../../src/mailbox/ledger.ts";
import { Mailbox } from "../../src/mailbox/mailbox.ts";
import type { Sealer } from "../../src/mailbox/sealing.ts";
import { ADDRESS_SIZE } from "../../src/sphinx/constants.ts";
import { MESSAGE_SIZE } from "./load/plan.ts";

/** The number of clients that stored messages belong to in turn; each has a few in every commit. */
const OWNERS = 1000;
const STORED_TOGETHER = 5000;
/** Changes in a commit; the database's limit is 1000. */
const REGISTERED_TOGETHER = 500;

/** Stores `count` messages, of `size` bytes, in the database of a stopped gateway. */
export async function storeMessages(path: string, sealer: Sealer, count: number, size = MESSAGE_SIZE): Promise<void> {
  await using mailbox = await Mailbox.open(path, sealer);
  const owners = Array.from({ length: OWNERS }, randomId);
  for (let stored = 0; stored < count; stored += STORED_TOGETHER) {
    for (let i = stored; i < Math.min(count, stored + STORED_TOGETHER); i++) {
      mailbox.store(owners[i % OWNERS]!, crypto.getRandomValues(new Uint8Array(size)));
    }
    await mailbox.flush();
  }
}

/** Registers `count` clients in the ledger of a stopped gateway. */
export async function registerClients(path: string, sealer: Sealer, count: number): Promise<void> {
  using _ = new CommitsTogether();
  using ledger = await Ledger.open(path, sealer);
  for (let registered = 0; registered < count; registered += REGISTERED_TOGETHER) {
    const together = Math.min(count - registered, REGISTERED_TOGETHER);
    await Promise.all(Array.from({ length: together }, () => ledger.add(randomId())));
  }
}

function randomId(): ClientId {
  return clientId(crypto.getRandomValues(new Uint8Array(ADDRESS_SIZE)));
}

/** Until disposed, values set within a turn of the event loop are committed together. */
class CommitsTogether {
  readonly #set = Deno.Kv.prototype.set;

  constructor() {
    let together: { atomic: Deno.AtomicOperation; committed: Promise<Deno.KvCommitResult> } | undefined;
    Deno.Kv.prototype.set = function (key, value) {
      if (together === undefined) {
        const atomic = this.atomic();
        const committed = Promise.resolve().then(() => {
          together = undefined;
          return atomic.commit() as Promise<Deno.KvCommitResult>; // it has no checks that could fail
        });
        together = { atomic, committed };
      }
      together.atomic.set(key, value);
      return together.committed;
    };
  }

  [Symbol.dispose](): void {
    Deno.Kv.prototype.set = this.#set;
  }
}
