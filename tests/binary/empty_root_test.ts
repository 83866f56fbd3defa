import { assertEquals, assertStringIncludes } from "@std/assert";
import { dirname } from "node:path";
import { freePort } from "../support/reference_network.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { binaryTest, outcomeOf, ROOT_ON_LINUX } from "./binary.ts";

/** The libraries that the program links on Linux: parts of glibc, and GCC's. docs/install.md names them. */
const LINKED = ["ld-linux", "libc.so", "libdl.so", "libgcc_s.so", "libm.so", "libpthread.so", "librt.so"];
/** "nobody", who has no home */
const USER = 65534;

binaryTest(
  "in a root file system with only the C library, a user without a home creates and runs a gateway",
  async (binary) => {
    using root = new TemporaryFolder();
    const libraries = await linkedBy(binary);
    for (const library of libraries) {
      Deno.mkdirSync(root.path + dirname(library), { recursive: true });
      Deno.copyFileSync(library, root.path + library);
    }
    Deno.copyFileSync(binary, root.file("nym-gateway"));
    for (const folder of ["proc", "state"]) Deno.mkdirSync(root.file(folder));
    Deno.chownSync(root.file("state"), USER, USER);
    Deno.chmodSync(root.path, 0o755);

    const hosts = ["--mix-host", `127.0.0.1:${freePort()}`, "--clients-host", `127.0.0.1:${freePort()}`];
    const made = await inRoot(root.path, "init", "--id", "gw", ...hosts, "--directory", "http://127.0.0.1:1");
    assertEquals(made.code, 0, made.stderr);
    assertEquals(Deno.statSync(root.file("state/gateways/gw/config/config.toml")).uid, USER);

    const ran = await inRoot(root.path, "run", "--id", "gw");
    assertEquals(ran.code, 0, ran.stderr);
    assertStringIncludes(ran.stderr, "Finished nym gateway startup");
    assertStringIncludes(ran.stderr, "Stopped");
  },
  ROOT_ON_LINUX,
);

binaryTest("the binary links only the C library", async (binary) => {
  const names = (await linkedBy(binary)).map((path) => LINKED.find((name) => path.includes(name)) ?? path);
  assertEquals(names.sort(), LINKED);
}, { name: "Linux with ldd", isMet: Deno.build.os === "linux" });

/** The libraries that the dynamic linker loads for a program. */
async function linkedBy(program: string): Promise<string[]> {
  const { stdout } = await outcomeOf(["ldd", program], { PATH: Deno.env.get("PATH")! });
  return [...stdout.matchAll(/\/\S+/g)].map(([path]) => path);
}

/** Runs the gateway with `root` as its root, with /proc mounted; `run` is stopped after three seconds. */
function inRoot(root: string, ...args: string[]) {
  const script = `mount -t proc proc "$0/proc" && cd / && ` +
    `exec timeout --preserve-status 3 chroot --userspec=${USER}:${USER} "$0" /nym-gateway "$@"`;
  const env = { NYM_HOME: "/state", PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };
  return outcomeOf(["unshare", "--mount", "sh", "-c", script, root, ...args], env);
}
