import { assert, assertEquals, assertGreaterOrEqual, assertLessOrEqual, assertStringIncludes } from "@std/assert";
import type { Config } from "../../src/config/config.ts";
import { report } from "../hostile/besieged.ts";
import { sideBySide } from "../support/side_by_side.ts";
import { FaultyGateway } from "./faulty_gateway.ts";
import { canMount } from "./small_disk.ts";

/** MB; room for the messages sent here, but not for much more */
const SIZE = 40;
/** More messages than fit into memory and the system's buffers. */
const FLOOD = 20_000;
/** Messages that wait for a commit when a gateway accepts no more: the mailbox's bound. */
const WAITING = 8192;
/** The most messages waiting for a commit: the mailbox's bound, plus those being unwrapped when it was reached. */
const MAY_WAIT = WAITING + 500;

const skipped = canMount ? "" : " (skipped: this user may not mount)";

Deno.test({
  name: `a disk that is full or low costs time, and no message is lost unreported${skipped}`,
  ignore: !canMount,
  fn: () => sideBySide(CASES),
});

const CASES = {
  async "while the disk is full, mail waits in memory and then at its sender, and none is lost"() {
    await using gateway = await FaultyGateway.start({ megabytes: SIZE });
    const { operator, disk } = gateway;
    await gateway.store(500);
    const send = await gateway.prepare(FLOOD);
    await disk!.fill(100_000); // enough for small writes, but not for mail
    let allTaken = false;
    const sending = send().then(() => allTaken = true, () => {});
    const said = await operator.says(/^fail +mailbox/m);
    const waiting = await operator.reaches('queue_depth{queue="mailbox"}', WAITING);
    const received = await operator.metric("packets_received_total");
    assert(!allTaken, "the sender has to wait");
    const ready = (await operator.readiness()).ready;

    await disk!.free();
    await sending;
    await operator.reaches("messages_stored_total", 500 + FLOOD, 60_000);
    await operator.says(/^ok +mailbox/m);
    await gateway.readAll();
    const [lost, unwritten] = [
      await operator.metric("messages_lost_total"),
      await operator.metric('replay_tags_lost_total{reason="unwritten"}'),
    ];
    report("disk full", {
      sent: 500 + FLOOD,
      "received while full": received - 500,
      waiting,
      lost,
      "tags unwritten": unwritten,
    });
    assertStringIncludes(said, "disk is full");
    assertLessOrEqual(waiting, MAY_WAIT);
    assertEquals([ready, lost, unwritten], [false, 0, 0]);
    assertStringIncludes(gateway.process.log, "messages can be written again");
  },

  async "a gateway that is stopped while its disk is full ends, and reports what is lost"() {
    await using gateway = await FaultyGateway.start({ megabytes: SIZE });
    const { operator, disk, process } = gateway;
    await gateway.store(500);
    const send = await gateway.prepare(WAITING + 4000);
    await disk!.fill(100_000);
    const sending = send().catch(() => {}); // the gateway ends its connection
    await operator.reaches('queue_depth{queue="mailbox"}', WAITING);
    const exitCode = await process.stop();
    await sending;
    const lost = [...process.log.matchAll(/(\d+) messages could not be written and are lost/g)]
      .reduce((sum, [, count]) => sum + Number(count), 0);
    report("stopped while the disk is full", { lost });
    assertEquals(exitCode, 0);
    assertGreaterOrEqual(lost, WAITING);
    assertStringIncludes(process.log, "Stopped");
    await disk!.free();
    assertEquals(await process.stored(), await gateway.onDisk(), "the totals are right");
  },

  async "on a low disk mail is refused and counted, and accepted again once there is room"() {
    const adjust = ({ limits }: Config) => limits.minimumFreeDisk = (SIZE / 2) * 1_000_000;
    await using gateway = await FaultyGateway.start({ megabytes: SIZE, adjust });
    const { operator, disk } = gateway;
    await gateway.store(500);
    await disk!.fill(1_000_000);
    const said = await operator.says(/^fail +space/m);
    await gateway.drop(300);
    const refused = await operator.reaches('messages_refused_total{reason="disk_low"}', 300);
    await disk!.free();
    await operator.says(/^ok +space|^warn +space/m);
    await gateway.store(200);
    await gateway.readAll();
    report("disk low", { sent: 1000, refused });
    assertStringIncludes(said, "new messages are dropped");
    assertEquals(refused, 300);
  },

  async "free space inside the mailbox's file counts: once emptied, it accepts mail on a low disk"() {
    const minimum = 20_000_000;
    await using gateway = await FaultyGateway.start({
      megabytes: 2 * SIZE,
      adjust: ({ limits }) => limits.minimumFreeDisk = minimum,
    });
    const { operator, disk } = gateway;
    await gateway.store(24_000); // 13 MB: more than the database's log takes while they are removed, about 8 MB
    await disk!.fill(minimum - 1_000_000);
    await operator.says(/^fail +space/m);
    await gateway.drop(300); // nothing stored has been fetched yet
    await operator.reaches('messages_refused_total{reason="disk_low"}', 300);
    await gateway.readAll();
    const said = await operator.says(/^warn +space/m);
    await gateway.store(1000);
    await gateway.readAll();
    assertEquals(await operator.metric('messages_refused_total{reason="disk_low"}'), 300);
    assertStringIncludes(said, "in the mailbox's file");
  },
};
