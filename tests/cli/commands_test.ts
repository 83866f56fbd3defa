import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { buildInfo } from "../../src/build/build_info.ts";
import { HOME_070, PATH_OF_CONFIG_070, unpackHome070 } from "../config/home_070.ts";
import { vectorFile } from "../support/vectors.ts";
import { nymGateway, outcomeOf, program, programAfter } from "./program.ts";

const TIMESTAMP = /^ \d{4}-\d\d-\d\dT[\d:.]{12}/;
const INIT = "init --id supergateway --mix-host 127.0.0.1 --clients-host 127.0.0.1 --directory http://127.0.0.1:8080";

/** The lines that a 0.7.0 gateway printed, and those that it logged, without their times. */
async function vectorLines(name: string): Promise<{ printed: string; logged: string[] }> {
  const lines = (await Deno.readTextFile(vectorFile(name))).split("\n");
  const isLogged = (line: string) => TIMESTAMP.test(line);
  return {
    printed: lines.filter((line) => !isLogged(line)).join("\n"),
    logged: lines.filter(isLogged).map((line) => line.replace(TIMESTAMP, "")),
  };
}

async function inHome(act: (home: string) => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir();
  try {
    await act(home);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

const edit = async (path: string, change: (text: string) => string) =>
  await Deno.writeTextFile(path, change(await Deno.readTextFile(path)));

Deno.test("init prints and logs what 0.7.0 does, and run prints what 0.7.0 does", () =>
  inHome(async (home) => {
    const made = await nymGateway(INIT, { HOME: home });
    assertEquals(made.code, 0);
    const init = await vectorLines("init.stdout.txt");
    const printed = made.stdout.replaceAll(home, HOME_070);
    assert(printed.startsWith(init.printed), printed);
    assertEquals(
      printed.slice(init.printed.length).match(/^ {4}.*/gm),
      [
        "    nym-gateway check --id supergateway",
        "    nym-gateway run --id supergateway",
        ...["private_sphinx.pem", "storage_key.pem"].map((name) =>
          `    ${HOME_070}/.nym/gateways/supergateway/data/${name}`
        ),
      ],
    );
    const logged = made.stderr.trimEnd().split("\n");
    assertEquals(logged.map((line) => line.replace(TIMESTAMP, "").replaceAll(home, HOME_070)), init.logged);

    const ran = await nymGateway(`run --id supergateway --mix-port ${freePort()}`, { HOME: home });
    assertEquals([ran.code, ran.stderr], [0, ""]);
    const run = await vectorLines("run.stdout.txt");
    const normalised = ran.stdout.replaceAll(home, HOME_070).replace(/Public key: \w+/, "Public key: …")
      .replaceAll(/(sphinx packets.*127\.0\.0\.1):\d+/g, "$1:1789");
    assertEquals(normalised, run.printed.replace(/Public key: \w+/, "Public key: …").replace(".sled", ".kv"));
  }));

Deno.test("mixnode init prints and logs what 0.7.0 does", () =>
  inHome(async (home) => {
    const options = "--host 127.0.0.1 --layer 2 --directory http://127.0.0.1:8080";
    const made = await nymGateway(`mixnode init --id supermix ${options}`, { HOME: home });
    assertEquals(made.code, 0);
    const { printed: expected } = await vectorLines("mixnode-init.stdout.txt");
    const printed = made.stdout.replaceAll(home, HOME_070);
    assert(printed.startsWith(expected), printed);
    assertEquals(printed.slice(expected.length).match(/^ {4}.*/gm), [
      "    nym-gateway mixnode check --id supermix",
      "    nym-gateway mixnode run --id supermix",
      `    ${HOME_070}/.nym/mixnodes/supermix/data/private_sphinx.pem`,
    ]);
    const data = `${home}/.nym/mixnodes/supermix/data`;
    assertEquals(
      made.stderr.trimEnd().split("\n").map((line) => line.replace(TIMESTAMP, "")),
      ["private", "public"].map((half) =>
        ` INFO  pemstore::pemstore > Written ${half} key to "${data}/${half}_sphinx.pem"`
      ),
    );
    const details = JSON.parse((await nymGateway("mixnode node-details --output json", { HOME: home })).stdout);
    assertEquals([details.layer, details.mixnet, details.directory], [
      2,
      { listening: "127.0.0.1:1789", announced: "127.0.0.1:1789" },
      "http://127.0.0.1:8080",
    ]);
  }));

Deno.test("init says which other node of this machine listens on the same address", () =>
  inHome(async (home) => {
    const env = { HOME: home };
    await nymGateway(INIT, env);
    const { code, stderr } = await nymGateway("mixnode init --id m --host 0.0.0.0 --layer 1", env);
    assertEquals(code, 0);
    assertStringIncludes(
      stderr,
      "WARN  nym_gateway        > gateway supergateway of this machine listens on 127.0.0.1:1789, so only one of the " +
        "two can run: give one of them another port, as --port or in its configuration\n",
    );
    const elsewhere = await nymGateway("mixnode init --id n --host 0.0.0.0 --port 1790 --layer 1", env);
    assertEquals(elsewhere.stderr.includes("WARN"), false, elsewhere.stderr);
    const gateway = "init --id g --mix-host 127.0.0.1 --mix-port 1790 --clients-host 127.0.0.1 --clients-port 9005";
    const clashing = await nymGateway(gateway, env);
    assertStringIncludes(clashing.stderr, "mixnode n of this machine listens on 0.0.0.0:1790, so only one");
  }));

Deno.test("run says that it listens only once it does, and prints the note only if it announces no reachable address", () =>
  inHome(async (home) => {
    const env = { HOME: home };
    const announced = "--mix-announce-host 203.0.113.7 --clients-announce-host gateway.example.org";
    await nymGateway(`init --id gw --mix-host 0.0.0.0 --clients-host 0.0.0.0 ${announced}`, env);
    const { stdout } = await nymGateway("run", env);
    assert(!stdout.includes("NOTE"), stdout);
    assertStringIncludes(stdout, "\nListening for incoming sphinx packets on 0.0.0.0:1789\n");
    const noted = await nymGateway("run --clients-announce-host 127.0.0.1", env);
    assertEquals(noted.stdout.match(/NOTE/g)?.length, 1);

    const failed = await nymGateway("run", { ...env, NYM_TEST_START: "fails" });
    assertEquals([failed.code, failed.stdout.includes("Listening")], [69, false]);
    assertStringIncludes(failed.stdout, "Public key: ");
  }));

Deno.test("run of a 0.7.0 home prints the lines that 0.7.0 printed, and tightens its keys", () =>
  inHome(async (home) => {
    await unpackHome070(home);
    const ran = await nymGateway("run --id supergateway", { HOME: home });
    assertEquals(ran.stdout.replaceAll(home, HOME_070), (await vectorLines("run.stdout.txt")).printed);
    for (const half of ["private", "public"]) {
      assertMatch(
        ran.stderr,
        new RegExp(`WARN .*Other users had access to the key file .*${half}_sphinx.pem: its mode is now 0600`),
      );
    }
  }));

Deno.test("without a command, and for help, the banner comes first", async () => {
  const banner = (await vectorLines("init.stdout.txt")).printed.replace(/Initialising.*/s, "");
  const [nothing, help] = await Promise.all(["", "run --help"].map((line) => nymGateway(line, {})));
  assertEquals(nothing, { code: 0, stdout: `${banner}usage: --help to see available options.\n\n\n`, stderr: "" });
  assertEquals(help?.code, 0);
  assertStringIncludes(help?.stdout ?? "", `${banner}nym-gateway run\n`);
});

Deno.test("--version prints one line with the program's version and the protocol's, wherever it is given", async () => {
  const { commit, target, deno } = buildInfo();
  const stdout = `nym-gateway 1.0.0 (protocol 0.7.0, commit ${commit.slice(0, 12)}, target ${target}, deno ${deno})\n`;
  for (const line of ["--version", "-V", "run --version"]) {
    assertEquals(await nymGateway(line, {}), { code: 0, stdout, stderr: "" });
  }
});

Deno.test("build-info prints what is known about the program, one line each", async () => {
  const { stdout } = await nymGateway("build-info", {});
  assert(stdout.startsWith(`version: 1.0.0\nprotocol: 0.7.0\ncommit: ${buildInfo().commit}\n`), stdout);
  assertEquals(JSON.parse((await nymGateway("build-info --output json", {})).stdout), { ...buildInfo() });
});

Deno.test("gateways are kept in NYM_HOME, with any HOME or none", () =>
  inHome(async (home) => {
    const made = await nymGateway(INIT, { NYM_HOME: home });
    assertStringIncludes(made.stdout, `Saved configuration file to "${home}/gateways/supergateway/config/config.toml"`);
    assertEquals((await nymGateway("run --id supergateway", { NYM_HOME: home, HOME: "/nonexistent" })).code, 0);
  }));

Deno.test("init refuses to touch an existing gateway", () =>
  inHome(async (home) => {
    await nymGateway(INIT, { HOME: home });
    const config = join(home, PATH_OF_CONFIG_070);
    const key = join(home, ".nym/gateways/supergateway/data/private_sphinx.pem");
    const before = await Promise.all([config, key].map((path) => Deno.readTextFile(path)));
    const again = await nymGateway(INIT, { HOME: home });
    assertEquals(again.code, 73);
    assertStringIncludes(
      again.stderr,
      `error: Cannot initialise gateway supergateway: ${config} exists already; start it`,
    );
    assertEquals(await Promise.all([config, key].map((path) => Deno.readTextFile(path))), before);
    await Deno.remove(config);
    const onlyKeys = await nymGateway(INIT, { HOME: home });
    assertEquals(onlyKeys.code, 73);
    assertStringIncludes(onlyKeys.stderr, `${key} exists already`);
  }));

Deno.test("mistakes end in one line and the exit code of their kind", () =>
  inHome(async (home) => {
    await nymGateway(INIT, { HOME: home });
    const cases: [line: string, env: Record<string, string>, code: number, message: string][] = [
      ["rum", { HOME: home }, 64, 'error: unknown command "rum"; did you mean "run"?\n'],
      ["run --id a/b", { HOME: home }, 64, 'error: --id: "a/b" is not one word'],
      ["run --id ..", { HOME: home }, 64, 'error: --id: ".." is not one word'],
      [
        "run --id gw",
        { HOME: join(home, "empty") },
        66,
        "create it with `nym-gateway init --id gw --mix-host <ip> --clients-host <ip>`\n",
      ],
      ["run --id gw --config /none", { HOME: home }, 66, "error: Cannot read /none: there is no such file or folder\n"],
      ["run --id gw", {}, 78, "set the environment variable NYM_HOME to a folder for them\n"],
      [INIT, { NYM_HOME: "~/nym" }, 78, 'NYM_HOME is "~/nym"; only shells expand ~: write the whole path\n'],
    ];
    for (const [line, env, code, message] of cases) {
      const outcome = await nymGateway(line, env);
      assertStringIncludes(outcome.stderr, message);
      assertEquals([outcome.code, outcome.stderr.split("\n").length], [code, 2], line);
    }
  }));

Deno.test({
  name: "an id may have letters of any script, with their marks",
  ignore: Deno.build.os !== "linux", // elsewhere the file system changes names
  fn: () =>
    inHome(async (home) => {
      for (const id of ["cafe\u0301", "\u0926\u0940\u092a"]) { // "é" as two characters; a vowel sign
        const { code, stderr } = await nymGateway(INIT.replace("supergateway", id), { HOME: home });
        assertEquals(code, 0, stderr);
        assert((await Deno.stat(join(home, ".nym/gateways", id))).isDirectory);
      }
    }),
});

Deno.test({
  name: "an environment variable that is not UTF-8 is refused with its value",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inHome(async (home) => {
      const cases = [["NYM_HOME", "init"], ["RUST_LOG", "build-info"]] as const;
      for (const [variable, command] of cases) {
        const set = `export ${variable}="$(printf '/tmp/caf\\351')"`;
        const args = command === "init" ? INIT.split(" ") : [command];
        const { code, stderr } = await outcomeOf(programAfter(set, "gateway_program.ts", args, { HOME: home }));
        assertEquals([code, stderr], [
          78,
          'error: Cannot read an environment variable: it must be UTF-8, and is "/tmp/caf\\xE9"\n',
        ], variable);
      }
      const other = `export JOURNAL_STREAM="$(printf '\\351')"`;
      const { code } = await outcomeOf(programAfter(other, "gateway_program.ts", ["build-info"], { HOME: home }));
      assertEquals(code, 0);
    }),
});

Deno.test("a configuration with a mistake is refused; one given with --config needs no home", () =>
  inHome(async (home) => {
    await nymGateway(INIT, { HOME: home });
    const path = join(home, PATH_OF_CONFIG_070);
    const elsewhere = await nymGateway(`run --id supergateway --config ${path} --mix-port ${freePort()}`, {});
    assertEquals([elsewhere.code, elsewhere.stderr], [0, ""]);
    await edit(path, (text) => text.replace("listening_address", "listening_adress"));
    const refused = await nymGateway("run --id supergateway", { HOME: home });
    assertEquals(refused.code, 78);
    assertEquals(
      refused.stderr,
      `error: Cannot read ${path}: unknown key "listening_adress" in [mixnet_endpoint]; did you mean "listening_address"?\n`,
    );
  }));

Deno.test("a port in use is reported with the key that changes it", () =>
  inHome(async (home) => {
    await nymGateway(INIT, { HOME: home });
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const ports = ["--mix-port", `${freePort()}`, "--clients-port", `${listener.addr.port}`];
    const directory = ["--directory", `http://127.0.0.1:${freePort()}`];
    const args = ["run", "--id", "supergateway", ...ports, ...directory];
    const outcome = await outcomeOf(program("../../main.ts", args, { HOME: home, RUST_LOG: "error" }));
    assertEquals(outcome.code, 69);
    assertMatch(
      outcome.stderr,
      new RegExp(
        `^error: Cannot listen .*127.0.0.1:${listener.addr.port}.*listening_address in \\[clients_endpoint\\]\n$`,
      ),
    );
  }));

Deno.test("RUST_LOG sets the level; an invalid one is a warning", () =>
  inHome(async (home) => {
    const quiet = await nymGateway(INIT, { HOME: home, RUST_LOG: "error" });
    assertEquals([quiet.code, quiet.stderr], [0, ""]);
    const wrong = await nymGateway("", { RUST_LOG: "loud" });
    assertEquals(wrong.code, 0);
    assertMatch(
      wrong.stderr,
      /WARN {2}nym_gateway > RUST_LOG is "loud" and should be off, error, warn, info, debug or/,
    );
    assert(wrong.stdout.endsWith("usage: --help to see available options.\n\n\n"));
  }));
