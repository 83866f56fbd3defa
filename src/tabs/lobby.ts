/**
 * Where tabs find the worker of the tab that leads: a `BroadcastChannel` named like the lock for which they compete.
 * The worker announces itself when it starts, and to each `hello`. A tab then joins, on a channel of its own.
 */
export type LobbyCall =
  | { readonly type: "hello" }
  | { readonly type: "leader"; readonly leader: string }
  | { readonly type: "join"; readonly leader: string; readonly tab: string };

/** The channel between a tab and the worker; `name` is the lobby's. */
export function tabChannel(name: string, tab: string): string {
  return `${name} ${tab}`;
}
