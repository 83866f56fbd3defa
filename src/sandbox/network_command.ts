/** `deno task network`: a local mixnet to play with, until Ctrl-C. */
import { parseArgs } from "node:util";
import { formatSocketAddress } from "../addresses/socket_address.ts";
import { EventReporter } from "./events.ts";
import { fingerprintOf } from "./certificate.ts";
import { Network } from "./network.ts";
import { type NetworkPorts, PortInUse, portsFrom, USUAL_PORTS } from "./ports.ts";
import { Terminal } from "./terminal.ts";
import { aborted, runOnTerminal } from "./terminal_program.ts";

const HELP = `Runs a directory, three mixnodes and a gateway on 127.0.0.1, until Ctrl-C.

usage: deno task network [--ports-from <port>] [--tls]

  --ports-from <port>   use this port and the next five; 0 for any free ports
                        (default: 8080, 2001, 2002, 2003, 10000 and 10001)
  --tls                 clients use https and wss, with a certificate made for
                        this run; needs openssl`;

/** For the gateway's status page, whose usual port may be in use by another gateway. */
const ANY_LOCAL_PORT = "127.0.0.1:0";

/** Exit code for an invalid command line (sysexits). */
const USAGE = 64;

/** What the command line asks for. */
interface Request {
  readonly ports: NetworkPorts;
  readonly withTls: boolean;
}

async function main(): Promise<number> {
  const terminal = Terminal.standard();
  const request = readArguments();
  if (typeof request === "string") {
    terminal.line(request);
    return request === HELP ? 0 : USAGE;
  }
  return await runOnTerminal((terminal, signal) => keepNetwork(request, terminal, signal), "warn", {
    interrupted: "The network has stopped, and its files are removed.",
    failed: (terminal, reason, error) => {
      const remedy = error instanceof PortInUse ? "; choose other ports with --ports-from, or 0 for any free ones" : "";
      return `${terminal.paint("error:", "red")} ${reason}${remedy}`;
    },
  });
}

async function keepNetwork({ ports, withTls }: Request, terminal: Terminal, signal: AbortSignal): Promise<void> {
  await using network = await Network.start(ports, signal, { operator: ANY_LOCAL_PORT, withTls });
  await introduce(terminal, network);
  const report = (line: string) =>
    terminal.line(`  ${terminal.paint(new Date().toTimeString().slice(0, 8), "dim")}  ${line}`);
  using _events = new EventReporter(network.gateway.counters, report);
  await aborted(signal);
}

/** The network to start, or what to print instead. */
function readArguments(): Request | string {
  try {
    const { values } = parseArgs({
      args: Deno.args,
      options: { "ports-from": { type: "string" }, "tls": { type: "boolean" }, "help": { type: "boolean" } },
    });
    if (values.help === true) return HELP;
    const { "ports-from": first } = values;
    const ports = first === undefined ? USUAL_PORTS : portsFrom(Number(first || NaN));
    return { ports, withTls: values.tls === true };
  } catch (error) {
    if (error instanceof TypeError) return `error: ${error.message}; see --help`;
    if (!(error instanceof RangeError)) throw error;
    return "error: --ports-from must be a port with at least five more above it, or 0 for any free ones";
  }
}

async function introduce(terminal: Terminal, network: Network): Promise<void> {
  const { directoryUrl, mixnodes, gateway, gatewayKey, certificate } = network;
  const code = (line: string) => terminal.line(terminal.paint(`    ${line}`, "green"));
  const part = (name: string, what: string) => terminal.line(`  ${terminal.paint(name.padEnd(12), "cyan")}${what}`);
  terminal.line();
  terminal.line(`  ${terminal.paint("A mixnet of your own", "bold")}`);
  terminal.line();
  part("directory", directoryUrl);
  for (const [i, { address }] of mixnodes.entries()) {
    part(`mixnode ${i + 1}`, `${formatSocketAddress(address)}, layer ${i + 1}`);
  }
  part("gateway", `${formatSocketAddress(gateway.mixnetAddress)} for mixnodes`);
  part("", `${certificate === undefined ? "ws" : "wss"}://${formatSocketAddress(gateway.clientsAddress)} for clients`);
  if (gateway.operatorAddress !== undefined) {
    part("", `http://${formatSocketAddress(gateway.operatorAddress)}/ is its status page`);
  }
  part("its key", gatewayKey);
  terminal.line();
  if (certificate === undefined) {
    terminal.line("  To connect a 0.7.0 client:");
    terminal.line();
    code(`nym-client init --id alice --directory ${directoryUrl}`);
    code("nym-client run --id alice");
  } else {
    terminal.line("  Programs and browsers have to trust its certificate, as in");
    terminal.line();
    code(`deno run --cert ${certificate.certificate} …`);
    code(`NODE_EXTRA_CA_CERTS=${certificate.certificate} node …`);
    code("chromium --user-data-dir=$(mktemp -d) \\");
    code(`  --ignore-certificate-errors-spki-list=${await fingerprintOf(certificate)}`);
  }
  terminal.line();
  terminal.line(`  ${certificate === undefined ? "Or from" : "From"} TypeScript:`);
  terminal.line();
  code(`import { Peap } from "./src/peap/mod.ts";`);
  code(`const client = await Peap.connect({ directory: "${directoryUrl}" });`);
  terminal.line();
  terminal.line(terminal.paint("  Ctrl-C stops it and removes its files. Events at the gateway:", "dim"));
  terminal.line();
}

if (import.meta.main) Deno.exit(await main());
