import { createHash } from "node:crypto";
import { join } from "node:path";

/** A line for each file of `folder`, in alphabetical order, as sha256sum prints and checks them. */
export async function sha256Sums(folder: string): Promise<string> {
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
  const lines = names.map(async (name) => {
    const hash = createHash("sha256");
    using file = await Deno.open(join(folder, name));
    for await (const chunk of file.readable.values({ preventCancel: true })) hash.update(chunk);
    return `${hash.digest("hex")}  ${name}\n`;
  });
  return (await Promise.all(lines)).join("");
}
