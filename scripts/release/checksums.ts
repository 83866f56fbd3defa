import { createHash } from "node:crypto";
import { join } from "node:path";

/** A line for each file in `folder` and its subfolders, in alphabetical order, in the format of sha256sum. */
export async function sha256Sums(folder: string): Promise<string> {
  const lines = (await namesIn(folder, "")).sort().map(async (name) => {
    const hash = createHash("sha256");
    using file = await Deno.open(join(folder, name));
    for await (const chunk of file.readable.values({ preventCancel: true })) hash.update(chunk);
    return `${hash.digest("hex")}  ${name}\n`;
  });
  return (await Promise.all(lines)).join("");
}

async function namesIn(folder: string, prefix: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(join(folder, prefix)));
  const names = entries.map(({ name, isDirectory }) =>
    isDirectory ? namesIn(folder, `${prefix}${name}/`) : [`${prefix}${name}`]
  );
  return (await Promise.all(names)).flat();
}
