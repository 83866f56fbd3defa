/** The script of the worker whose client is measured. Its options are in its URL. */
import { loadKernel } from "../../../src/peap/kernel.ts";
import { Peap, type Traffic } from "../../../src/peap/mod.ts";
import { serveTabs } from "../../../src/tabs/script.ts";

const { searchParams } = new URL((globalThis as unknown as { location: { href: string } }).location.href);
const { directory, traffic, kernel } = Object.fromEntries(searchParams) as {
  directory: string;
  traffic: Traffic;
  kernel?: string;
};

serveTabs(async () =>
  Peap.connect({ directory, traffic, meanHopDelay: 0, kernel: kernel ? await loadKernel() : undefined })
);
