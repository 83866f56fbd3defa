import { assert, assertEquals } from "@std/assert";
import { loadStorageKey } from "../../src/config/storage_key_file.ts";
import { Sealer } from "../../src/mailbox/sealing.ts";
import { readTotals } from "../../src/mailbox/totals.ts";
import { assertWhole, Load } from "../support/load.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { BinaryGateway, binaryTest } from "./binary.ts";

/**
 * Messages waiting before the upgrade; messages on their way, and their rate per second; how many of these are stored
 * first.
 */
const WAITING = 1000;
const ARRIVING = 6000;
const RATE = 3000;
const UPGRADE_AFTER = 2000;

binaryTest(
  "the file is replaced and the gateway restarted while packets arrive: everything accepted is delivered in order",
  async (binary) => {
    using folder = new TemporaryFolder();
    const installed = folder.file("nym-gateway");
    await Deno.copyFile(binary, installed);
    await using gateway = new BinaryGateway(installed);
    await gateway.init("http://127.0.0.1:1");
    await gateway.start();

    using waiting = await Load.prepare(gateway, 5, WAITING);
    using arriving = await Load.prepare(gateway, 5, ARRIVING);
    await waiting.send();
    await Deno.copyFile(binary, `${installed}.new`); // before the packets: it may take a while
    const sending = arriving.send({ rate: RATE }).catch(() => {}); // the connection is cut
    await gateway.operator.reaches("messages_stored_total", WAITING + UPGRADE_AFTER);
    await Deno.rename(`${installed}.new`, installed);
    assertEquals(await gateway.stop(), 0, gateway.log);
    await sending;
    const taken = await stored(gateway);
    assert(taken > WAITING && taken < WAITING + ARRIVING, `${taken} were accepted: the upgrade was not in the middle`);

    await gateway.start();
    assertWhole(await waiting.receive(WAITING), WAITING);
    assertWhole(await arriving.receive(taken - WAITING), taken - WAITING);
  },
);

/** The number of messages on the disk of a stopped gateway. */
async function stored({ home }: BinaryGateway): Promise<number> {
  const data = `${home}/nym/gateways/gw/data`;
  using kv = await Deno.openKv(`${data}/inboxes/mailbox.kv`);
  return (await readTotals(kv, new Sealer(loadStorageKey(`${data}/storage_key.pem`)))).messages;
}
