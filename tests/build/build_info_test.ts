import { assertEquals } from "@std/assert";
import project from "../../deno.json" with { type: "json" };
import { headCommit } from "../../src/build/build_info.ts";
import { PRODUCT_VERSION } from "../../src/build/version.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** A checkout with these files of git. */
function checkout(files: Record<string, string>): TemporaryFolder {
  const folder = new TemporaryFolder();
  for (const [path, text] of Object.entries(files)) {
    Deno.mkdirSync(folder.file(path.slice(0, path.lastIndexOf("/"))), { recursive: true });
    Deno.writeTextFileSync(folder.file(path), text);
  }
  return folder;
}

Deno.test("the commit of a checkout is found wherever git keeps it", () => {
  const ways: Record<string, string>[] = [
    { ".git/HEAD": `${COMMIT}\n` },
    { ".git/HEAD": "ref: refs/heads/main\n", ".git/refs/heads/main": `${COMMIT}\n` },
    {
      ".git/HEAD": "ref: refs/heads/a.b\n",
      ".git/packed-refs": `# pack-refs\n${"f".repeat(40)} refs/heads/a-b\n${COMMIT} refs/heads/a.b\n`,
    },
  ];
  for (const files of ways) {
    using folder = checkout(files);
    assertEquals(headCommit(folder.path), COMMIT);
  }
});

Deno.test("the commit of an additional worktree is found", () => {
  using main = checkout({
    ".git/worktrees/other/HEAD": "ref: refs/heads/other\n",
    ".git/refs/heads/other": `${COMMIT}\n`,
  });
  using other = checkout({ "./.git": `gitdir: ${main.file(".git/worktrees/other")}\n` });
  assertEquals(headCommit(other.path), COMMIT);
});

Deno.test("a folder that is not a checkout has no known commit", () => {
  using folder = new TemporaryFolder();
  assertEquals(headCommit(folder.path), "unknown");
});

Deno.test("the program has the version that deno.json gives to releases", () => {
  assertEquals(PRODUCT_VERSION, project.version);
});
