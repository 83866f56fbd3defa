import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { checkPorts } from "../../src/cli/checks/addresses.ts";
import { placeOfUser } from "../../src/cli/checks/closed_to_owner.ts";
import { checkInboxes070 } from "../../src/cli/checks/inboxes_070.ts";
import { checkCertificateFiles, checkOwnFiles, checkPasswordFile } from "../../src/cli/checks/keys.ts";
import { checkLogFile, checkWritable } from "../../src/cli/checks/storage.ts";
import { defaultConfig } from "../../src/config/config.ts";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { selfSigned } from "../tls/self_signed.ts";

/** An id without a user, which can own files nevertheless. */
const OTHER = 54_321;

const isRoot = Deno.build.os === "linux" && (await new Deno.Command("id", { args: ["-u"] }).output()).stdout[0] === 48;
const skipped = isRoot ? "" : " (skipped: this user is not root)";

Deno.test({
  name:
    `root's check finds that the gateway's user can't read a certificate as certbot keeps it, write in root's folders or use low ports${skipped}`,
  ignore: !isRoot,
  fn: async () => {
    using folder = new TemporaryFolder();
    Deno.chmodSync(folder.path, 0o755);
    const ours = folder.file("private_sphinx.pem");
    Deno.writeTextFileSync(ours, "");
    // As certbot does: links in live lead to files in archive, and both are for root alone.
    for (const name of ["archive", "live"]) Deno.mkdirSync(folder.file(name), { mode: 0o700 });
    const made = await selfSigned(folder, "archive/g");
    Deno.chmodSync(made.key, 0o600);
    const files = { tlsCertificate: folder.file("live/fullchain.pem"), tlsKey: folder.file("live/privkey.pem") };
    Deno.symlinkSync("../archive/g.crt", files.tlsCertificate);
    Deno.symlinkSync("../archive/g.key", files.tlsKey);
    const closed = () =>
      [...checkCertificateFiles(files, "gateway", ours)].flatMap(({ status, found, exitCode }) =>
        status === "ok" ? [] : [`${exitCode} ${/: (.*) is closed to it/.exec(found)?.[1]}`]
      );
    const [live, archive] = [folder.file("live"), folder.file("archive")];
    const port = () =>
      [...checkPorts([{ name: "clients", listening: "127.54.3.21:1" }], "", false, ours)].map(({ status }) => status);
    assertEquals([closed(), port()], [[], ["ok"]], "root's own gateway");
    Deno.chownSync(ours, OTHER, OTHER);
    assertEquals(port(), ["warn"]);
    const edited = folder.file("config.toml"); // by root, with an editor that replaces the file
    Deno.writeTextFileSync(edited, "", { mode: 0o600 });
    const own = () => [...checkOwnFiles(placeOfUser(edited, ours), [ours, edited])].map(({ remedy }) => remedy);
    assertEquals(own(), [`give it to that user: chown --reference=${ours} ${edited}`]);
    Deno.chownSync(edited, OTHER, OTHER);
    assertEquals(own(), []);
    assertEquals(placeOfUser("/var/lib/nym-gateway/gateways/gw/config/config.toml", ours), "/var/lib/nym-gateway");
    assertEquals(closed(), [`77 ${live}`]);
    Deno.chmodSync(live, 0o755);
    assertEquals(closed(), [`77 ${archive}`]);
    const password = () => [...checkPasswordFile(made.key, ours)].map(({ found }) => found.includes(`: ${archive} is`));
    assertEquals(password(), [true]);
    Deno.chmodSync(archive, 0o755);
    assertEquals(closed(), [`77 ${join(archive, "g.key")}`]);
    Deno.chmodSync(made.key, 0o640); // its group may be one of that user's
    assertEquals(closed(), []);
    Deno.chmodSync(made.key, 0o600);
    Deno.chownSync(made.key, OTHER, OTHER);
    assertEquals([closed(), password()], [[], []]);

    const written = (at: string) =>
      [...checkWritable([{ key: "k", folder: at }], ours)].map(({ exitCode }) => exitCode);
    const logged = () => {
      const logging = { ...defaultConfig("gw", folder.path).logging, file: join(archive, "log") };
      return [...checkLogFile(logging, ours)].map(({ exitCode }) => exitCode);
    };
    assertEquals([written(archive), logged()], [[77], [77]]);
    Deno.chownSync(archive, OTHER, OTHER);
    assertEquals([written(join(archive, "new")), logged()], [[undefined], [undefined]]);
  },
});

Deno.test({
  name: `check counts the 0.7.0 inboxes that the gateway's user can't empty, and names no client${skipped}`,
  ignore: !isRoot,
  fn: () => {
    using folder = new TemporaryFolder();
    Deno.chmodSync(folder.path, 0o755);
    const ours = folder.file("private_sphinx.pem");
    Deno.writeTextFileSync(ours, "");
    Deno.chownSync(ours, OTHER, OTHER);
    const found = () => [...checkInboxes070(folder.path, ours)].map(({ found }) => found);
    const inboxes = [1, 2].map((byte) => folder.file(encodeBase58(new Uint8Array(32).fill(byte))));
    for (const inbox of inboxes) Deno.mkdirSync(inbox, { mode: 0o755 });
    Deno.mkdirSync(folder.file("replay"), { mode: 0o700 });
    Deno.chownSync(inboxes[0]!, OTHER, OTHER);
    assertEquals(found(), [
      `1 in ${folder.path} cannot be emptied by the gateway's user, so their messages will not be imported`,
    ]);
    Deno.chownSync(inboxes[1]!, OTHER, OTHER);
    assertEquals(found(), []);
    assertEquals([...checkInboxes070(folder.file("not there"), ours)], []);
  },
});
