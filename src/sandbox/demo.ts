/** `deno task demo`: shows what a gateway does. Exit code: 0 on success, 1 on failure, 130 after Ctrl-C. */
import { tellStory } from "./story.ts";
import { tell } from "./telling.ts";

if (import.meta.main) Deno.exit(await tell(tellStory, "The demo"));
