import { addressesOf } from "../addresses/resolve.ts";
import { ExitCode, OperatorError } from "../errors/operator_error.ts";
import { type HostPlan, namesIn, parseHosts, planNetwork } from "./network_plan.ts";
import { GIVEN, type Options } from "./options/options.ts";
import { printText } from "./output/output.ts";

/**
 * Prints the commands that create a mixnet, for each host. Names are looked up in the DNS.
 * @throws {OperatorError} naming the option that is not valid, or the name that has no address
 */
export async function plan({ directory = "", mixnodes = "", gateway = "", tls, services }: Options): Promise<void> {
  const style = { tls, services: services === GIVEN };
  const named = parseHosts(directory, mixnodes, gateway);
  const addresses = new Map(
    await Promise.all(namesIn(named).map(async (name) => [name, await addressOf(name)] as const)),
  );
  const { directory: url, hosts } = planNetwork(named, style, addresses);
  const lasting = style.services
    ? "Paste the commands as root, one host after the other, once install.sh has installed the program there."
    : `Enter the commands one by one, one host after the other. The last one of each block keeps running: leave it in its
terminal. (To have services instead, which root sets up, add --services.)`;
  printText(`${lasting}

${hosts.map((host, i) => `${i + 1}. ${describe(host)}`).join("\n")}
Then ${url}/ shows the network in a browser, and clients connect with "${url}" as their directory.
`);
}

/** IPv4 if there is one, since everybody can connect to that. */
async function addressOf(name: string): Promise<string> {
  const addresses = await addressesOf(name);
  const address = addresses.find((address) => !address.includes(":")) ?? addresses[0];
  if (address !== undefined) return address;
  throw new OperatorError(
    `${name} has no address in the DNS: create its record first, or give the address instead of the name`,
    ExitCode.UNAVAILABLE,
  );
}

/** The commands are the lines that are indented by four spaces. */
function describe({ host, roles, ports, steps }: HostPlan): string {
  const open = ports.map(({ port, from }) => `   - ${port}, for ${from}\n`).join("");
  const blocks = steps.map((commands) => `${commands.map((command) => `    ${command}\n`).join("")}\n`).join("");
  return `${host}: ${roles.join(", ")}
   TCP ports to open:
${open}
${blocks}`;
}
