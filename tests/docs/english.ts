/**
 * Phrases that are translated rather than English, or that blur a word of the field, and what to write instead. They are
 * found at the beginning of a word, in any case. A space stands for any gap between two words, such as the next line of a
 * comment, or of a string that is put together.
 */
const PHRASES: readonly (readonly [phrase: string, instead: string])[] = [
  ["so many (ms|s|seconds|minutes|hours|bytes|times)\\b", "the number with its unit: `ms`, `bytes`"],
  ["so many (frames|packets|messages|connections|clients)(?! that)\\b", "`this many`, or the name of the number"],
  ["prove[dn] nothing", "unauthenticated"],
  ["who (has|have) proven", "authenticated"],
  ["(make|makes|made|making) room for (others|newcomers|another|one more)", "is evicted"],
  ["makes room", "is evicted"],
  ["dr(ive|ives|iven|ove|iving)( \\w+)? out", "evict"],
  ["overrul", "override"],
  ["tr(y|ies|ied|ying) on\\b", "retry"],
  ["it (is|was) (tried|looked)\\b", "who does it: `the gateway retries`, `it looks`"],
  ["anew\\b", "again, or restart"],
  ["new start\\b", "restart"],
  ["(?<!there )(is|are) none\\b", "is not a …"],
  ["won't do\\b", "is not valid"],
  ["that are there\\b", "existing, present, connected"],
  ["(all|any|those|values|files|option|options) that there (is|are)\\b", "all values, every option"],
  ["of late\\b", "recently"],
  ["can(no|')t be told\\b", "is unknown"],
  ["told of\\b", "is called with, counts"],
  ["mend(s|ed|ing)?\\b", "fix, repair"],
  ["(clients?|mixnodes?|peers?|connections?|gateways?) who\\b", "that"],
  ["(for|to|by|against|from) who\\b", "whoever, or a noun"],
  ["(what|that which) (is|was) (no|none)\\b", "an invalid …"],
  ["(comes|came|coming) again\\b", "is pushed, sent or replayed again"],
  ["good for (one|its|that|this|as)\\b", "valid for"],
  ["tell(s|ing)? (it|them|one|that|this) from\\b", "distinguish"],
  ["tell(s)? of\\b", "report"],
  ["hear(s|d)? of\\b", "know, list"],
  ["as (it|they|he) should\\b", "correctly, as expected"],
  ["pass(ed|es)? over\\b", "ignore, skip"],
  ["(can|could|to) be had\\b", "is available"],
  ["(came|became|becomes) of (it|them)\\b", "the outcome"],
  ["one (written )?form\\b", "canonical form"],
  ["between two looks\\b", "between two checks, or polls"],
  ["(small|capital) letters\\b", "lower case, upper case"],
  ["(until|to) the end of (its|the|their) scope\\b", "until disposed"],
  ["can(no|')t be helped\\b", "what it is"],
  ["on and on\\b", "keeps …ing"],
  ["no news\\b", "is ignored"],
  [
    "(?<!there )(is|are) no (clients?|connections?|frames?|hosts?|packets?|requests?|TLS|WebSockets?)\\b(?! that)",
    "is not a …",
  ],
];

const GAP = "[\\s*/#>+\"'`]+";
const PATTERNS = PHRASES.map(([phrase, instead]) => {
  const source = phrase.replaceAll("?<!there ", `?<!there${GAP}`).replaceAll(/ (?!\))/g, GAP);
  return { pattern: new RegExp(`\\b${source}`, "gi"), instead };
});

/** As in `12: "tried on" (write: retry)`, for each phrase in a text. */
export function findings(text: string): string[] {
  return PATTERNS.flatMap(({ pattern, instead }) =>
    Array.from(text.matchAll(pattern), ({ 0: found, index }) => {
      const line = text.slice(0, index).split("\n").length;
      return `${line}: "${found.replaceAll(/\s+/g, " ")}" (write: ${instead})`;
    })
  );
}
