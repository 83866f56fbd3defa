/**
 * `deno task cluster`: several gateways with one mailbox, of which the primary and a gateway are killed. Exit code: 0 when
 * nothing that was committed is lost, 1 on failure, 130 after Ctrl-C.
 */
import { tell } from "../telling.ts";
import { tellClusterStory } from "./story.ts";

if (import.meta.main) Deno.exit(await tell(tellClusterStory, "The cluster"));
