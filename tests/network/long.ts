/** Whether to run networks of many programs, which take half a minute and more: `deno task test:network`. */
export const isLong = Deno.env.get("NYM_NETWORK") === "long";
