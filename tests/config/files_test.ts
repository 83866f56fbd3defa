import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "node:path";
import { configPath, defaultConfig } from "../../src/config/config.ts";
import { readConfig, replaceText, writeConfig, writePrivate } from "../../src/config/files.ts";
import { OperatorError } from "../../src/errors/operator_error.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

const POSIX = Deno.build.os !== "windows";

async function inFolder(act: (folder: string) => void): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    act(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function permissions(path: string): string {
  return ((Deno.statSync(path).mode ?? 0) & 0o777).toString(8);
}

Deno.test("a written configuration is read back", () =>
  inFolder((folder) => {
    const config = defaultConfig("gw", folder);
    const path = configPath("gw", folder);
    writeConfig(path, config);
    assertEquals(readConfig(path), config);
  }));

Deno.test({
  name: "files and folders are created for their owner alone",
  ignore: !POSIX,
  fn: () =>
    inFolder((folder) => {
      writePrivate(join(folder, "a/b/c"), "x");
      assertEquals(["a", "a/b", "a/b/c"].map((path) => permissions(join(folder, path))), ["700", "700", "600"]);
    }),
});

Deno.test("an existing file is never overwritten", () =>
  inFolder((folder) => {
    const path = join(folder, "a");
    writePrivate(path, "first");
    const error = assertThrows(() => writePrivate(path, "second"), OperatorError, `Cannot write ${path}`);
    assertEquals(error.exitCode, 73);
    assertEquals(Deno.readTextFileSync(path), "first");
  }));

Deno.test("a file that cannot be read or written is named, with the exit code of the cause", () =>
  inFolder((folder) => {
    const absent = assertThrows(() => readConfig(join(folder, "absent")), OperatorError);
    assertEquals(absent.message, `Cannot read ${join(folder, "absent")}: there is no such file or folder`);
    assertEquals(absent.exitCode, 66);
    assertEquals(assertThrows(() => readConfig(folder), OperatorError).exitCode, 74);
    writePrivate(join(folder, "file"), "");
    const blocked = assertThrows(() => writePrivate(join(folder, "file/below"), ""), OperatorError);
    assertStringIncludes(blocked.message, `Cannot write ${join(folder, "file/below")}: `);
    assertEquals(blocked.exitCode, 73);
  }));

Deno.test({
  name: "a planted link does not make a replaced file go elsewhere",
  ignore: !POSIX,
  fn: () =>
    inFolder((folder) => {
      const [path, other] = [join(folder, "a"), join(folder, "another's")];
      Deno.writeTextFileSync(path, "old");
      Deno.writeTextFileSync(other, "untouched");
      Deno.symlinkSync(other, `${path}.new`);
      replaceText(path, "new");
      assertEquals([path, other].map((file) => Deno.readTextFileSync(file)), ["new", "untouched"]);
      assertEquals(Deno.lstatSync(path).isSymlink, false);
    }),
});

Deno.test({
  name: "a replaced file keeps its owner, group and mode",
  ignore: !POSIX,
  fn: () =>
    inFolder((folder) => {
      const path = join(folder, "a");
      Deno.writeTextFileSync(path, "old");
      if (Deno.uid() === 0) Deno.chownSync(path, 12_345, 23_456); // another user may not
      Deno.chmodSync(path, 0o640);
      const { uid, gid, mode } = Deno.statSync(path);
      replaceText(path, "new");
      const replaced = Deno.statSync(path);
      assertEquals([replaced.uid, replaced.gid, replaced.mode], [uid, gid, mode]);
      assertEquals(Deno.readTextFileSync(path), "new");
    }),
});

Deno.test("a configuration that is not UTF-8 is refused with its line: a path in it would be another one", () => {
  using folder = new TemporaryFolder();
  const path = folder.file("config.toml");
  const latin1 = (text: string) => Deno.writeFileSync(path, Uint8Array.from(text, (char) => char.charCodeAt(0)));
  latin1('[gateway]\nlocation = "Z\xfcrich"\n');
  const { message, exitCode } = assertThrows(() => readConfig(path), OperatorError);
  assertEquals([message, exitCode], [`Cannot read ${path}: line 2 is not UTF-8; save the file as UTF-8`, 78]);
});
