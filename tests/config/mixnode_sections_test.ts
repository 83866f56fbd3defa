import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { defaultsOf, MIXNODE } from "../../src/config/config.ts";
import { readTable, writeTable } from "../../src/config/files.ts";
import { loadKeyPair } from "../../src/config/key_files.ts";
import { parseTable } from "../../src/config/parse.ts";
import { renderTable } from "../../src/config/render.ts";
import { flushLog, setLogOutput } from "../../src/logging/log.ts";
import { ExitCode, OperatorError } from "../../src/errors/operator_error.ts";
import { publicKeyOf } from "../../src/sphinx/curve.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { PATH_OF_MIXNODE_CONFIG_070, unpackMixnodeHome070 } from "./home_070.ts";

const DEFAULTS = defaultsOf(MIXNODE, "mix", "/var/mixnodes");

Deno.test("the configuration and keys of a 0.7.0 mixnode load unchanged", async () => {
  using folder = new TemporaryFolder();
  await unpackMixnodeHome070(folder.path);
  const config = readTable(MIXNODE, folder.file(PATH_OF_MIXNODE_CONFIG_070));
  const root = `${folder.path}/.nym/mixnodes`;
  const data = `${root}/supermix/data`;
  assertEquals(config, {
    ...defaultsOf(MIXNODE, "supermix", root),
    mixnode: {
      ...defaultsOf(MIXNODE, "supermix", root).mixnode,
      layer: 2,
      listeningAddress: "127.0.0.1:1789",
      announceAddress: "127.0.0.1:1789",
      presenceDirectoryServer: "http://127.0.0.1:8080",
      metricsDirectoryServer: "http://127.0.0.1:8080",
    },
  });
  assertEquals(config.mixnode.privateSphinxKeyFile, `${data}/private_sphinx.pem`);
  const { privateKey, publicKey } = loadKeyPair(config.mixnode);
  assertEquals(publicKey, publicKeyOf(privateKey));
});

Deno.test("a rendered configuration parses to an equal one, and explains each key", () => {
  using folder = new TemporaryFolder();
  const path = folder.file("mix/config/config.toml");
  writeTable(MIXNODE, path, DEFAULTS);
  assertEquals(readTable(MIXNODE, path), DEFAULTS);
  const text = Deno.readTextFileSync(path);
  for (const { section, name } of MIXNODE.keys) {
    assertStringIncludes(text, `[${section}]`);
    assert(new RegExp(`^# .+\n${name} = `, "m").test(text), name);
  }
});

Deno.test("an unknown key in [debug] is ignored with a warning, elsewhere it is an error", () => {
  const text = renderTable(MIXNODE, DEFAULTS);
  const lines: string[] = [];
  setLogOutput((line) => lines.push(line));
  try {
    assertEquals(parseTable(MIXNODE, `${text}\nmetrics_sending_delay = 1000\n`, "it"), DEFAULTS);
    flushLog();
  } finally {
    setLogOutput(undefined);
  }
  assertEquals(lines.length, 1);
  assertStringIncludes(lines[0]!, 'unknown key "metrics_sending_delay" in [debug] is ignored');
  const wrong = text.replace("layer = 1", "layers = 1");
  const error = assertThrows(() => parseTable(MIXNODE, wrong, "it"), OperatorError);
  assertEquals(error.message, 'Cannot read it: unknown key "layers" in [mixnode]; did you mean "layer"?');
  assertEquals(error.exitCode, ExitCode.CONFIGURATION);
});

Deno.test("a maximum backoff below the initial one is refused", () => {
  const text = renderTable(MIXNODE, DEFAULTS).replace(/^(packet_forwarding_maximum_backoff =) .*$/m, "$1 5");
  assertThrows(
    () => parseTable(MIXNODE, text, "it"),
    OperatorError,
    '"packet_forwarding_maximum_backoff" in [debug] is',
  );
});
