// deno-lint-ignore-file no-console -- a command
/**
 * A gateway's store for writers.ts: it stores numbered messages of one writer for several clients, as fast as it can,
 * and prints the number up to which they are committed.
 */
import type { ServerOptions } from "../../src/postgresql/server.ts";
import { client } from "../mailbox/messages.ts";
import { openPostgresql } from "../mailbox/stores.ts";
import { messageOf } from "./kills_message.ts";

const [options, writer, clients, together] = JSON.parse(Deno.args[0]!) as [ServerOptions, number, number, number];
const mailbox = await openPostgresql(options);
for (let number = 0;;) {
  for (let i = 0; i < together && mailbox.room() === undefined; i++) {
    const tag = crypto.getRandomValues(new Uint8Array(8));
    mailbox.store(client(number % clients), messageOf(writer, number++), tag);
  }
  await mailbox.flush();
  console.log(number);
}
