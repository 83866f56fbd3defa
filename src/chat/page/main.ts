/// <reference lib="dom" />
/** The page of a window: a client of the mixnet with a chat, and a picture of the network around it. */
import type { ChatSettings } from "../places.ts";
import { App } from "./app.ts";
import { html, show } from "./html.ts";
import { nameOf } from "./names.ts";
import { NetworkWatch } from "./network_watch.ts";
import { Session } from "./session.ts";

const settings: ChatSettings = JSON.parse(document.getElementById("settings")!.textContent!);
const name = nameOf(settings.window);
document.title = `${name}’s window`;
const watch = new NetworkWatch(settings);
const session = new Session(settings, name, (event, at) => watch.know(event, at));
const invitation = location.hash.includes("peap") ? location.hash : undefined;
history.replaceState(null, "", location.pathname); // an invitation is used once

show(html`<${App} session=${session} watch=${watch} name=${name} />`, document.body);
session.run(invitation).catch((error: unknown) => {
  session.problem.value = error instanceof Error ? error.message : String(error);
  if (session.line.value === "connecting") session.line.value = "failed";
});
