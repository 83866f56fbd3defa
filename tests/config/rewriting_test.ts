import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Config, defaultConfig, GATEWAY } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { relocate } from "../../src/config/relocation.ts";
import { renderTable } from "../../src/config/render.ts";
import { rewriteConfig } from "../../src/config/rewriting.ts";

const PATH = "/x/config.toml";

/** `text` after a move to /there, under another name. */
function moved(text: string): string {
  const config = parseConfig(text, PATH);
  const { config: wanted } = relocate(config, "other", "/there", true);
  const rewritten = rewriteConfig(text, config, wanted);
  assertEquals(parseConfig(rewritten, PATH), wanted);
  return rewritten;
}

Deno.test("values are replaced in place; comments, order, spaces and line endings are kept", () => {
  const text = `# my gateway
[limits]
inbox_messages = 5 # for my friends
[ clients_endpoint ]
  inboxes_directory='/home/x/.nym/gateways/gw/data/inboxes'   # on the \\big\\ disk
listening_address = "[::]:9000" # id = "gw"\r
[gateway]
# id = "old"
id = "gw"  # "gw"
nym_root_directory = "/home/x/.nym/gateways"`;
  assertEquals(
    moved(text),
    text.replace("'/home/x/.nym/gateways/gw/data/inboxes'", '"/there/other/data/inboxes"')
      .replace('id = "gw"  # "gw"', 'id = "other"  # "gw"')
      .replace('"/home/x/.nym/gateways"', '"/there"'),
  );
});

Deno.test("a rewritten file of init equals what init would write", () => {
  const file = (id: string, root: string) => renderTable(GATEWAY, defaultConfig(id, root));
  assertEquals(moved(file("gw", "/here")), file("other", "/there"));
});

Deno.test("a file whose values cannot be replaced line by line is rendered from scratch", () => {
  for (
    const text of [
      `gateway = { id = "gw", nym_root_directory = "/here" }`,
      `[gateway]\nid = """gw"""\nnym_root_directory = "/here"`,
      `gateway.id = "gw"\ngateway.nym_root_directory = "/here"`,
    ]
  ) {
    assertEquals(moved(text), renderTable(GATEWAY, relocate(parseConfig(text, PATH), "other", "/there", true).config));
  }
});

Deno.test("the rewritten text parses to the wanted configuration", () => {
  const texts = fc.string({ unit: "grapheme" }).filter((text) => text !== "" && !/[\0~]/.test(text));
  const config = defaultConfig("gw", "/here");
  const text = renderTable(GATEWAY, config);
  fc.assert(fc.property(texts, texts, fc.boolean(), fc.nat(), (path, location, flag, number) => {
    const wanted: Config = structuredClone(config);
    wanted.gateway.location = location;
    wanted.clientsEndpoint.ledgerPath = path;
    wanted.clientsEndpoint.requireProof = flag;
    wanted.limits.timeToLive = number;
    assertEquals(parseConfig(rewriteConfig(text, config, wanted), PATH), wanted);
  }));
});
