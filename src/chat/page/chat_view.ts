/// <reference lib="dom" />
import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { PendingMessage } from "../../conversation/mod.ts";
import type { Entry, EntryState } from "./chat_log.ts";
import { html, type Markup } from "./html.ts";
import { preparePicture } from "./picture.ts";
import type { Session } from "./session.ts";

const STEPS: readonly EntryState[] = ["sealed", "mix", "mailbox", "read"];

/** The chat with the other window. */
export function ChatView({ session }: { session: Session }): Markup {
  const { value: partner } = session.partner;
  const { value: entries } = session.entries;
  const name = session.partnerName.value || "the other window";
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Its end stays in view whatever grows: new messages, pictures once they are loaded, the window.
    const { current: log } = list;
    if (!log) return;
    const scroll = () => log.scrollTo({ top: log.scrollHeight });
    const sizes = new ResizeObserver(scroll);
    for (const element of [log, ...log.children]) sizes.observe(element);
    scroll();
    return () => sizes.disconnect();
  }, [entries.length]);
  const last = entries.findLast(({ isOwn }) => isOwn);
  return html`
    <div class="title">
      <h2>${session.partnerName.value || "Chat"}</h2>
      ${session.isReady.value && html`<${SafetyNumber} session=${session} />`}
    </div>
    <p class="hidden" role="status">${last?.state === "mailbox" || last?.state === "read"
      ? `Your last message: ${stateTexts(name)[last.state]}`
      : ""}</p>
    <div class="log" role="log" aria-label="Messages" aria-relevant="additions" tabindex="0" ref=${list}>
      ${!partner && html`<p class="hint">Connecting to the mixnet …</p>`}
      ${partner && !partner.isPaired && html`
        <p class="hint">Answering the invitation through the mixnet. If that takes long, it was used already.</p>
      `}
      ${partner?.isPaired && entries.length === 0 && html`
        <p class="hint">You are paired. Write something, and watch it on its way.</p>
      `}
      ${entries.map((entry) =>
        html`
          <${Line} key=${entry.id} entry=${entry} name=${name} pending=${session.pending.value.get(
            entry.message ?? "",
          )} />
        `
      )}
    </div>
    <${Composer} session=${session} />
  `;
}

/** One message. */
function Line({ entry, name, pending }: { entry: Entry; name: string; pending: PendingMessage | undefined }): Markup {
  const time = new Date(entry.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return html`
    <article class=${entry.isOwn ? "message own" : "message"}>
      <span class="hidden">${entry.isOwn ? "You" : name}, ${time}:</span>
      ${entry.picture ? html`<${Picture} blob=${entry.picture} />` : html`<p>${entry.text}</p>`}
      ${entry.isOwn && html`<${Progress} entry=${entry} name=${name} pending=${pending} />`}
    </article>
  `;
}

/** What is said of each state. `name`: the other's */
function stateTexts(name: string): Record<EntryState, string> {
  return {
    sealed: "sealed, still here",
    mix: "in the mix",
    mailbox: `waiting in ${name}’s mailbox`,
    read: "read",
  };
}

/** How far an own message is. */
function Progress(
  { entry, name, pending }: { entry: Entry; name: string; pending: PendingMessage | undefined },
): Markup {
  const { state, packets } = entry;
  const isAgain = pending !== undefined && pending.attempts > 1;
  const arrived = packets - (pending?.packets ?? 0);
  const sent = packets - (pending?.packets ?? 0) + (pending?.sent ?? 0);
  const step = STEPS.indexOf(state);
  return html`
    <p class="progress">
      <span class="steps" aria-hidden="true">
        ${STEPS.map((_, i) => html`<i class=${i <= step ? "done" : ""}></i>`)}
      </span>
      <span>${stateTexts(name)[state]}${isAgain &&
        html`<em>${state === "mailbox" ? ", or lost: sent again" : ", sent again"}</em>`}</span>
    </p>
    ${packets > 1 && state !== "read" && html`
      <p class="progress">
        <progress max=${packets} value=${arrived} aria-label="Packets that have arrived"></progress>
        ${sent} of ${packets} packets sent, ${arrived} arrived
      </p>
    `}
  `;
}

function Picture({ blob }: { blob: Blob }): Markup {
  const url = useSignal("");
  useEffect(() => {
    url.value = URL.createObjectURL(blob);
    return () => URL.revokeObjectURL(url.value);
  }, [blob]);
  return html`<img src=${url} alt="A picture" />`;
}

/** Where one writes. */
function Composer({ session }: { session: Session }): Markup {
  const text = useSignal("");
  const isEmpty = useComputed(() => text.value.trim() === "");
  const file = useRef<HTMLInputElement>(null);
  const input = useRef<HTMLInputElement>(null);
  useSignalEffect(() => {
    const isFree = document.activeElement === null || document.activeElement === document.body;
    if (session.isReady.value && isFree) input.current?.focus({ preventScroll: true });
  });
  const send = (event: Event) => {
    event.preventDefault();
    if (isEmpty.value) return;
    void session.send({ kind: "text", text: text.value.trim() });
    text.value = "";
    input.current!.focus(); // the button that was pressed has nothing to send now
  };
  const sendPicture = async () => {
    const [chosen] = file.current!.files!;
    file.current!.value = "";
    if (!chosen) return;
    const letter = await preparePicture(chosen);
    if (letter) void session.send(letter);
    else session.problem.value = "This file is not a picture that the browser knows";
  };
  const isReady = session.isReady.value;
  return html`
    <form class="composer" onSubmit=${send}>
      <input type="file" accept="image/*" hidden ref=${file} onChange=${sendPicture} />
      <button type="button" class="button" disabled=${!isReady} onClick=${() => file.current!.click()}
        aria-label="Send a picture" title="Send a picture">
        <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true" fill="none" stroke="currentColor"
          stroke-width="1.6" stroke-linejoin="round">
          <rect x="2.5" y="3.5" width="15" height="13" rx="2" />
          <circle cx="7" cy="8" r="1.4" />
          <path d="m3 15 4.5-4.5 3 3 3-3.5L17 14" />
        </svg>
      </button>
      <input class="text" ref=${input} value=${text} disabled=${!isReady} maxlength="4000" autocomplete="off"
        aria-label="Message" placeholder=${isReady ? "Message" : "Not paired yet"}
        onInput=${(event: { currentTarget: HTMLInputElement }) => text.value = event.currentTarget.value} />
      <button class="button primary" disabled=${!isReady || isEmpty.value}>Send</button>
    </form>
  `;
}

/** It is computed when someone wants to see it, which takes a moment. */
function SafetyNumber({ session }: { session: Session }): Markup {
  const number = useSignal("");
  const show = () => number.value ||= session.safetyNumber.match(/.{5}/g)!.join(" ");
  return html`
    <details onToggle=${show}>
      <summary>Safety number</summary>
      <p><code>${number}</code> If both windows show the same, nobody sits between them.</p>
    </details>
  `;
}
