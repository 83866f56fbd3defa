import { defaultConfig, GATEWAY } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { renderTable } from "../../src/config/render.ts";
import { OperatorError } from "../../src/errors/operator_error.ts";
import { mutatedText } from "./mutate.ts";
import type { Target } from "./target.ts";

const OURS = renderTable(GATEWAY, defaultConfig("fuzz", "/tmp/gateways"));
/** The same without comments, as most 0.7.0 files; and a part of it, because small files are parsed faster. */
const PLAIN = OURS.split("\n").filter((line) => line !== "" && !line.startsWith("#")).join("\n");
const SHORT = '[gateway]\nid = "fuzz"\nnym_root_directory = "/tmp"\n[debug]\nmessage_retrieval_limit = 5\n';
const FILES = [SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, PLAIN, OURS];

/** A config.toml is parsed, or refused with an OperatorError. */
export const toml: Target = {
  name: "toml",
  attempt(random) {
    try {
      const config = parseConfig(mutatedText(random, random.pick(FILES)), "config.toml");
      if (typeof config.gateway.id !== "string") throw new Error("a configuration without an id");
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      if (/\n/.test(error.message)) throw new Error(`more than one line: ${error.message}`, { cause: error });
    }
  },
};
