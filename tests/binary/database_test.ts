import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { Postgresql, PROGRAMS } from "../support/postgresql.ts";
import { quietPort } from "../support/quiet_port.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { BinaryGateway, binaryTest, outcomeOf } from "./binary.ts";

/** Nothing listens there. */
const NO_DIRECTORY = "http://127.0.0.1:1";

binaryTest(
  "the binary, with its own permissions, makes a database, checks it over TLS, keeps mail in it and moves it back",
  async (binary) => {
    using folder = new TemporaryFolder();
    const port = quietPort();
    const { cluster, certificate } = await Postgresql.overTls(folder, port);
    await using _ = cluster;
    const admin = await cluster.database();
    Deno.writeTextFileSync(folder.file("password"), "secret\n", { mode: 0o600 });
    await using gateway = new BinaryGateway(binary);
    await gateway.init(NO_DIRECTORY);
    const path = join(gateway.home, "nym/gateways/gw/config/config.toml");
    const values: Record<string, string> = {
      url: `postgres://mail@localhost:${port}/mail`,
      password_file: folder.file("password"),
      certificate_authority: certificate,
    };
    const configure = (name: string, value: string) => {
      const [before, storage] = Deno.readTextFileSync(path).split("[storage]\n") as [string, string];
      const line = new RegExp(`^${name} = .*$`, "m");
      Deno.writeTextFileSync(
        path,
        `${before}[storage]\n${storage.replace(line, `${name} = ${JSON.stringify(value)}`)}`,
      );
    };
    for (const [name, value] of Object.entries(values)) configure(name, value);
    const carryOut = (...args: string[]) => outcomeOf([binary, ...args], { NYM_HOME: join(gateway.home, "nym") });

    const adminUrl = `postgres://${admin.user}@${encodeURIComponent(admin.hosts[0]!.host)}:${port}/${admin.database}`;
    const made = await carryOut("storage", "init", "--admin-url", adminUrl);
    assertEquals([made.code, made.stderr], [0, ""]);
    assertMatch(made.stdout, /^ Created the role mail, with the password in the file\.\n/);
    const moved = await carryOut("storage", "move", "--to", "postgresql");
    assertEquals([moved.code, moved.stderr], [0, ""]);
    assertStringIncludes(Deno.readTextFileSync(path), 'kind = "postgresql"');
    const { stdout: checked } = await carryOut("check", "--output", "json");
    const findings: { subject: string; status: string; found: string }[] = JSON.parse(checked).findings;
    const found = (subject: string) => findings.find((each) => each.subject === subject)!;
    assertMatch(found("database").found, /over TLSv1/);
    assertEquals([found("database schema").status, found("database rights").status], ["ok", "ok"]);

    await gateway.start();
    const { stdout: status } = await carryOut("status", "--id", "gw");
    assertMatch(status, / ok {4}mailbox +a write to the database took \d+ ms\n/);
    assertMatch(status, /\n store +PostgreSQL, postgres:\/\/mail@localhost/);
    assertEquals(await gateway.stop(), 0);
    const back = await carryOut("storage", "move", "--to", "embedded");
    assertEquals([back.code, back.stderr], [0, ""]);
    await gateway.start();
    assertEquals(await gateway.stop(), 0);
  },
  { name: "PostgreSQL", isMet: PROGRAMS !== undefined },
);
