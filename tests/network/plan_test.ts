import { assertEquals, assertStringIncludes } from "@std/assert";
import { Peap } from "../../src/peap/mod.ts";
import { nymGateway } from "../cli/program.ts";
import { eventually } from "../support/eventually.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { selfSigned } from "../tls/self_signed.ts";
import { isLong } from "./long.ts";
import { Namespaces, obstacleToNamespaces } from "./namespaces.ts";
import { PlannedHost } from "./planned_host.ts";
import { readPlan } from "./printed_plan.ts";

/** Resolves once the directory lists the gateway, which was started last. */
async function listed(machine: PlannedHost): Promise<void> {
  const status = () => machine.carryOut("nym-gateway directory status");
  await eventually("the gateway is listed", async () => (await status()).includes("3 mixnodes, 1 gateway"), 120_000);
}

Deno.test({
  name:
    "the commands that a plan prints, one after the other, create a network that carries a message (`deno task test:network`)",
  ignore: Deno.build.os !== "linux" || !isLong,
  fn: async () => {
    // No other program of this machine uses this address, so the usual ports are free.
    const [b, c] = crypto.getRandomValues(new Uint8Array(2));
    const host = `127.94.${b}.${(c! % 254) + 1}`;
    const mixnodes = [host, host, host].join();
    const planned = await nymGateway(`network plan --directory ${host} --mixnodes ${mixnodes} --gateway ${host}`, {});
    assertEquals([planned.code, planned.stderr], [0, ""]);
    const { directory, hosts: [plan, ...others] } = readPlan(planned.stdout);
    assertEquals([plan!.host, plan!.ports, others], [host, [8080, 1789, 1790, 1791, 1792, 9000], []]);
    await using machine = new PlannedHost();
    for (const commands of plan!.steps) await machine.paste(commands);
    await listed(machine);
    await using client = await Peap.connect({ directory, traffic: "none", meanHopDelay: 1 });
    // Each mixnode drops the first packet for a node that it does not know yet, and then looks for it.
    const sending = setInterval(() => void client.send(client.address, "as planned").catch(() => {}), 1000);
    for await (const message of client) {
      assertEquals(message.text(), "as planned");
      break;
    }
    clearInterval(sending);
  },
});

const obstacle = isLong ? obstacleToNamespaces() : "run it with `deno task test:network`";

Deno.test({
  name: `a planned network with TLS, whose nodes then trust only the directory's key${
    obstacle === undefined ? "" : ` (skipped: ${obstacle})`
  }`,
  ignore: obstacle !== undefined,
  fn: async () => {
    using folder = new TemporaryFolder();
    const { certificate, key } = await selfSigned(folder, "localhost");
    Deno.renameSync(certificate, folder.file("fullchain.pem"));
    Deno.renameSync(key, folder.file("privkey.pem"));
    using namespaces = new Namespaces(); // so that the usual ports are free
    const trusting = ["env", `DENO_CERT=${folder.file("fullchain.pem")}`];
    await using machine = new PlannedHost([...namespaces.addHost().prefix, ...trusting]);
    const line = "--directory localhost --mixnodes localhost,localhost,localhost --gateway localhost";
    const { directory, hosts: [plan] } = readPlan(
      await machine.carryOut(`nym-gateway network plan --tls ${folder.path} ${line}`),
    );
    assertEquals(directory, "https://localhost:8080");
    for (const commands of plan!.steps) await machine.paste(commands);
    await listed(machine);
    const example = new URL("../../examples/peap/deno.ts", import.meta.url).pathname;
    const send = `'${Deno.execPath()}' run --no-check --allow-net '${example}' ${directory}`;
    assertStringIncludes(await machine.carryOut(send), "hello from Deno");

    const { identity } = JSON.parse(await machine.carryOut("nym-gateway directory status --output json"));
    const trustOnly = `sed -i 's|^directory_key = .*|directory_key = [ "${identity.publicKey}" ]|'`;
    await machine.carryOut(
      `${trustOnly} "$NYM_HOME"/mixnodes/*/config/config.toml "$NYM_HOME"/gateways/*/config/config.toml`,
    );
    const nodes = ["mixnode1", "mixnode2", "mixnode3"].map((id) => `mixnode reload --id ${id}`);
    for (const reload of [...nodes, "reload"]) {
      assertStringIncludes(await machine.carryOut(`nym-gateway ${reload}`), "directory_key");
    }
    assertStringIncludes(await machine.carryOut(send), "hello from Deno");
    for (const check of ["mixnode check --id mixnode2", "check"]) {
      assertStringIncludes(
        await machine.carryOut(`nym-gateway ${check}`),
        "✓ directory          https://localhost:8080 answers",
      );
    }
  },
});
