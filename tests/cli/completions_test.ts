import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { completions } from "../../src/cli/options/completions.ts";
import { COMMANDS } from "../../src/cli/options/commands.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

Deno.test("every shell's script names every command and each of its options", () => {
  for (const shell of SHELLS) {
    const script = completions(shell);
    for (const [name, { required, optional, argument }] of Object.entries(COMMANDS)) {
      const lines = script.split("\n").filter((line) => line.includes(name)).join("\n");
      for (const option of [...required, ...optional].filter((option) => option !== argument)) {
        assertStringIncludes(lines, shell === "fish" ? `-l ${option} ` : `--${option}`, `${shell}, ${name}`);
      }
    }
  }
});

Deno.test("every shell completes help, and the commands after it", () => {
  for (const shell of SHELLS) {
    const helped = completions(shell).split("\n").filter((line) => /\bhelp\b(?!\[)/.test(line)).join("\n");
    assertStringIncludes(helped, shell === "zsh" ? "help) _describe command commands" : "check");
  }
});

/** The words that bash offers, with our script, to complete the last of these. */
async function offered(...words: string[]): Promise<string[]> {
  return await offeredIn({}, ...words);
}

async function offeredIn(env: Record<string, string>, ...words: string[]): Promise<string[]> {
  const script = `${completions("bash")}
COMP_WORDS=(nym-gateway "$@"); COMP_CWORD=$#
_nym_gateway
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", script, "bash", ...words],
    ...(env["NYM_HOME"] === undefined ? {} : { cwd: env["NYM_HOME"] }),
    env,
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout).split("\n").filter((word) => word !== "");
}

Deno.test({
  name: "bash completes commands, options and their values",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    assertEquals(await offered("ch"), ["check"]);
    assertEquals(await offered("in"), ["init", "inboxes"]);
    assertEquals(await offered("check", "--"), ["--id", "--config", "--output", "--help"]);
    assertEquals(await offered("check", "--output", ""), ["text", "json"]);
    assertEquals(await offered("completions", "f"), ["fish"]);
    assertEquals(await offered("help", "che"), ["check"]);
    assertEquals(await offered("mixnode", "in"), ["init"]);
    assertEquals(await offered("mixnode", "init", "--l"), ["--layer", "--location"]);
    using folder = new TemporaryFolder();
    await Deno.mkdir(folder.file("a folder"));
    assertEquals(await offered("export", "--file", folder.file("a")), [folder.file("a folder")]);
    const all = await offered("");
    for (const name of Object.keys(COMMANDS)) assertEquals(all.includes(name.split(" ")[0]!), true, name);
  },
});

Deno.test({
  name: "bash completes the ids of existing gateways",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using folder = new TemporaryFolder();
    for (const id of ["lighthouse", "lantern"]) {
      Deno.mkdirSync(folder.file(`gateways/${id}/config`), { recursive: true });
      Deno.writeTextFileSync(folder.file(`gateways/${id}/config/config.toml`), "");
    }
    Deno.mkdirSync(folder.file("gateways/lost"));
    const env = { NYM_HOME: folder.path };
    assertEquals(await offeredIn(env, "status", "--id", ""), ["lantern", "lighthouse"]);
    assertEquals(await offeredIn(env, "run", "--id", "lig"), ["lighthouse"]);
    assertEquals(await offeredIn(env, "init", "--id", ""), []);
    for (const id of ["my gateway", "$(touch${IFS}ran)"]) {
      Deno.mkdirSync(folder.file(`gateways/${id}/config`), { recursive: true });
      Deno.writeTextFileSync(folder.file(`gateways/${id}/config/config.toml`), "");
    }
    const quoted = ["\\$\\(touch\\$\\{IFS\\}ran\\)", "lantern", "lighthouse", "my\\ gateway"];
    assertEquals((await offeredIn(env, "status", "--id", "")).sort(), quoted.sort()); // bash sorts by locale
    assertThrows(() => Deno.statSync(folder.file("ran")), Deno.errors.NotFound); // no folder's name is run
    Deno.mkdirSync(folder.file("mixnodes/mist/config"), { recursive: true });
    Deno.writeTextFileSync(folder.file("mixnodes/mist/config/config.toml"), "");
    assertEquals(await offeredIn(env, "mixnode", "node-details", "--id", ""), ["mist"]);
    assertEquals(await offeredIn(env, "mixnode", "init", "--id", ""), []);
  },
});

Deno.test("bash's script says how to install it, even if its folder does not exist yet", () => {
  assertStringIncludes(
    completions("bash"),
    'mkdir -p "$folder" && nym-gateway completions bash > "$folder/nym-gateway"',
  );
});
