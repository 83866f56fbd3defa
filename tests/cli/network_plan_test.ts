import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type HostPlan, parseHosts, planNetwork } from "../../src/cli/network_plan.ts";
import { OperatorError } from "../../src/errors/operator_error.ts";
import { parseArguments } from "../../src/cli/options/arguments.ts";
import { DIRECTORY_ROLE, GATEWAY_ROLE, MIXNODE_ROLE } from "../../src/cli/role.ts";
import { defaultsOf } from "../../src/config/config.ts";
import { readPlan } from "../network/printed_plan.ts";
import { nymGateway } from "./program.ts";

const STYLE = { services: false };

function hostsOf(directory: string, mixnodes: string, gateway: string, style = STYLE): readonly HostPlan[] {
  return planNetwork(parseHosts(directory, mixnodes, gateway), style).hosts;
}

const listing = (hosts: readonly HostPlan[]) =>
  hosts.map(({ host, roles, ports }) => [host, roles.join(), ports.map(({ port }) => port).join()]);

Deno.test("a plan gives each host its roles, in order, and each role on a host ports of its own", () => {
  assertEquals(listing(hostsOf("a.example", "a.example,b.example,c.example", "c.example")), [
    ["a.example", "directory,mixnode of layer 1", "8080,1789"],
    ["b.example", "mixnode of layer 2", "1789"],
    ["c.example", "mixnode of layer 3,gateway", "1789,1790,9000"],
  ]);
  assertEquals(listing(hostsOf("10.0.0.1", "10.0.0.1, 10.0.0.2,10.0.0.3,10.0.0.2,10.0.0.1", "10.0.0.1")), [
    ["10.0.0.1", "directory,mixnode of layer 1,mixnode of layer 2,gateway", "8080,1789,1790,1791,9000"],
    ["10.0.0.2", "mixnode of layer 2,mixnode of layer 1", "1789,1790"],
    ["10.0.0.3", "mixnode of layer 3", "1789"],
  ]);
});

Deno.test("hosts are compared in canonical form, and IPv6 is listened on for IPv6", () => {
  const hosts = hostsOf("A.example", "a.Example,2001:DB8:0::1,[2001:db8::1]", "2001:db8::1");
  assertEquals(hosts.map(({ host }) => host), ["a.example", "2001:db8::1"]);
  assertStringIncludes(hosts[1]!.steps[1]![0]!, "--host :: --port 1790 --announce-host 2001:db8::1 --layer 3 ");
  assertStringIncludes(hosts[1]!.steps[2]![0]!, "--directory http://a.example:8080");
});

Deno.test("a host that is named by name and by address is one", () => {
  const { hosts } = planNetwork(parseHosts("a", "1.2.3.4,b,c", "a"), STYLE, new Map([["a", "1.2.3.4"]]));
  assertEquals(listing(hosts)[0], ["a", "directory,mixnode of layer 1,gateway", "8080,1789,1790,9000"]);
});

Deno.test("a plan with TLS has https and wss, and a plan of services starts these", () => {
  const { directory, hosts } = planNetwork(parseHosts("d.example", "a,b,c", "g.example"), {
    tls: "/etc/nym-tls",
    services: true,
  }, new Map([["b", "2.3.4.5"], ["g.example", "2001:db8::7"]]));
  assertEquals(directory, "https://d.example:8080");
  const commands = hosts.map(({ steps }) => steps.flat());
  assertEquals(commands.map((lines) => lines.at(-1)), [
    "systemctl enable --now nym-directory@directory",
    ...[1, 2, 3].map((n) => `systemctl enable --now nym-mixnode@mixnode${n}`),
    "systemctl enable --now nym-gateway",
  ]);
  assertStringIncludes(
    commands[4]![0]!,
    "--clients-announce-host wss://g.example:9000 --directory https://d.example:8080",
  );
  assertStringIncludes(commands[2]![0]!, "--host 0.0.0.0 --announce-host 2.3.4.5 --layer 2 ");
  assertStringIncludes(commands[4]![0]!, "--mix-host :: --mix-announce-host 2001:db8::7 --clients-host :: ");
  for (const i of [0, 4]) assertStringIncludes(commands[i]![1]!, 'tls_key = "/etc/nym-tls/privkey.pem"');
});

Deno.test("what can't be planned is refused, naming the option", () => {
  const cases: [directory: string, mixnodes: string, gateway: string, error: string, tls?: string][] = [
    ["a", "", "b", '--mixnodes: "" has an empty place: separate hosts by single commas'],
    ["a", "b,,c", "b", '--mixnodes: "b,,c" has an empty place: separate hosts by single commas'],
    ["a", "b,c", "d", "--mixnodes: 2 hosts for 3 layers"],
    ["a", "b,c,1.2.3", "d", '--mixnodes: "1.2.3" is not a host'],
    ["http://a", "b,c,d", "e", '--directory: "http://a" is not a host'],
    ["a", "b,c,d", "e:9000", '--gateway: "e:9000" is not a host'],
    ["a", "b,c,d", "::", "--gateway: :: is no address that others can connect to"],
    ["1.2.3.4", "b,c,d", "e", "--directory: with --tls it must be a DNS name, not 1.2.3.4", "/etc/tls"],
    ["a", "b,c,d", "e", '--tls: "tls" is not an absolute path', "tls"],
    ["a", "b,c,d", "e", '--tls: "/\'" is not an absolute path', "/'"],
  ];
  for (const [directory, mixnodes, gateway, error, tls] of cases) {
    const { message } = assertThrows(
      () => planNetwork(parseHosts(directory, mixnodes, gateway), { tls, services: false }),
      OperatorError,
    );
    assertStringIncludes(message, error);
  }
});

Deno.test("the program takes every command that it prints, and nodes of one host listen on different ports", async () => {
  const line = "network plan --directory 1.2.3.4 --mixnodes 1.2.3.4,1.2.3.4,1.2.3.4,fd00::5 --gateway 1.2.3.4";
  const { code, stdout, stderr } = await nymGateway(line, {});
  assertEquals([code, stderr], [0, ""]);
  const { directory, hosts } = readPlan(stdout);
  assertEquals([directory, hosts.map(({ host }) => host)], ["http://1.2.3.4:8080", ["1.2.3.4", "fd00::5"]]);
  assertEquals(hosts[0]!.ports, [8080, 1789, 1790, 1791, 1792, 9000]);
  for (const { ports, steps } of hosts) {
    const listening = steps.flatMap((commands) =>
      commands.filter((command) => !command.startsWith("sed ")).flatMap((command): { listeningAddress: string }[] => {
        const request = parseArguments(command.split(" ").slice(1));
        if (request.kind !== "command") throw new Error(`no command: ${command}`);
        const { options } = request;
        switch (request.command) {
          case "directory init":
            return [DIRECTORY_ROLE.override(defaultsOf(DIRECTORY_ROLE.table, "", ""), options).directory];
          case "mixnode init":
            return [MIXNODE_ROLE.override(defaultsOf(MIXNODE_ROLE.table, "", ""), options).mixnode];
          case "init": {
            const config = GATEWAY_ROLE.override(defaultsOf(GATEWAY_ROLE.table, "", ""), options);
            return [config.mixnetEndpoint, config.clientsEndpoint];
          }
          default:
            return [];
        }
      })
    ).map(({ listeningAddress }) => Number(listeningAddress.split(":").at(-1)));
    assertEquals(listening, ports);
  }
});
