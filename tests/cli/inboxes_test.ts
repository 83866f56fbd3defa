import { assertEquals } from "@std/assert";
import { CheckRig } from "./check_rig.ts";
import { nymGateway } from "./program.ts";

Deno.test("without a mailbox there are no inboxes", async () => {
  await using rig = new CheckRig();
  await rig.init();
  const { code, stdout } = await nymGateway("inboxes --id gw", rig.env);
  assertEquals([code, stdout], [0, " No mail is waiting.\n"]);
});
