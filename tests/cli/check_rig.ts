import { assertEquals } from "@std/assert";
import type { Finding } from "../../src/cli/checks/finding.ts";
import { quietPort } from "../support/quiet_port.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { nymGateway } from "./program.ts";

/** A gateway of ours, which is never started, and a directory that lists a whole network. */
export class CheckRig implements AsyncDisposable {
  readonly home = new TemporaryFolder();
  readonly configPath = this.home.file("gateways/gw/config/config.toml");
  readonly data = this.home.file("gateways/gw/data");
  readonly env = { NYM_HOME: this.home.file("") };
  date = new Date();
  layers = [1, 2, 3];
  /** what the directory lists */
  gatewayNodes: unknown[] = [];
  /** what the directory answers instead */
  answer: (() => Response) | undefined;
  readonly #directory = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    if (this.answer !== undefined) return this.answer();
    const node = { host: "127.0.0.1:1", pubKey: "", version: "0.7.0", location: "", lastSeen: 0 };
    const mixNodes = this.layers.map((layer) => ({ ...node, layer }));
    const topology = { cocoNodes: [], mixNodes, mixProviderNodes: [], gatewayNodes: this.gatewayNodes };
    return Response.json(topology, { headers: { date: this.date.toUTCString() } });
  });

  async init(...args: string[]): Promise<void> {
    const [mix, clients] = [quietPort(), quietPort()];
    const hosts = `--mix-host 127.0.0.1:${mix} --clients-host 127.0.0.1:${clients}`;
    const directory = `--directory http://127.0.0.1:${this.#directory.addr.port}`;
    const { code, stderr } = await nymGateway(`init --id gw ${hosts} ${directory} ${args.join(" ")}`, this.env);
    assertEquals(code, 0, stderr);
    await this.edit((text) => text.replace(/(\[operator\][^[]*listening_address = ).*/, '$1""'));
  }

  async edit(change: (text: string) => string): Promise<void> {
    await Deno.writeTextFile(this.configPath, change(await Deno.readTextFile(this.configPath)));
  }

  /** The findings of check, by subject, and the exit code. */
  async check(): Promise<{ code: number; found: Record<string, Finding> }> {
    const { code, stdout, stderr } = await nymGateway("check --id gw --output json", this.env);
    assertEquals(stderr, "");
    const { ready, findings }: { ready: boolean; findings: Finding[] } = JSON.parse(stdout);
    assertEquals(ready, code === 0);
    return { code, found: Object.fromEntries(findings.map((finding) => [finding.subject, finding])) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#directory.shutdown();
    this.home[Symbol.dispose]();
  }
}
