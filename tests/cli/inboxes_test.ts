import { assertEquals } from "@std/assert";
import { PATH_OF_CONFIG_070, unpackHome070 } from "../config/home_070.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { CheckRig } from "./check_rig.ts";
import { nymGateway } from "./program.ts";

Deno.test("without a mailbox there are no inboxes", async () => {
  await using rig = new CheckRig();
  await rig.init();
  const { code, stdout } = await nymGateway("inboxes --id gw", rig.env);
  assertEquals([code, stdout], [0, " No mail is waiting.\n"]);
});

Deno.test("inboxes of 0.7.0 that are not taken over yet are mentioned", async () => {
  using folder = new TemporaryFolder();
  await unpackHome070(folder.path);
  const { code, stdout } = await nymGateway("inboxes --id supergateway", { HOME: folder.path });
  const inboxes = folder.file(PATH_OF_CONFIG_070.replace("config/config.toml", "data/inboxes"));
  assertEquals([code, stdout], [
    0,
    ` ${inboxes} holds inboxes of a 0.7.0 gateway, which the next start takes over.\n No other mail is waiting.\n`,
  ]);
});
