// deno-lint-ignore-file no-console -- a command
/**
 * A gateway's store for faults.ts: it logs a client in and reads its mail. When it is told to, it confirms all of that,
 * stores a message, and says so.
 */
import type { ServerOptions } from "../../src/postgresql/server.ts";
import { TextLineStream } from "../bench/lines.ts";
import { client, numbered, readAll } from "../mailbox/messages.ts";
import { openPostgresql } from "../mailbox/stores.ts";

const [options, message] = JSON.parse(Deno.args[0]!) as [ServerOptions, number];
await using mailbox = await openPostgresql(options);
const inbox = mailbox.openInbox(client(1), () => {}, () => {});
const messages = await readAll(inbox);
console.log(messages.length);
for await (const _ of Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())) {
  inbox.confirm(messages.at(-1)!.sequence);
  mailbox.store(client(1), numbered(message));
  await mailbox.flush();
  console.log("confirmed");
}
