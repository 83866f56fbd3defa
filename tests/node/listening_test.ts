import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { listen } from "../../src/node/listening.ts";
import { ExitCode, OperatorError } from "../../src/errors/operator_error.ts";
import type { SocketAddress } from "../../src/addresses/socket_address.ts";

const open = ({ host, port }: SocketAddress) => Deno.listen({ hostname: host, port });
const attempt = (address: string, opener: (address: SocketAddress) => unknown = open) => () =>
  listen("clients", "listening_address in [clients_endpoint]", address, opener);

Deno.test("the opened listener is returned", () => {
  using listener = listen("clients", "--clients-host", "127.0.0.1:0", open);
  assertEquals(listener.addr.hostname, "127.0.0.1");
});

Deno.test("a port in use, a foreign address and a privileged port are named with the remedy", () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const taken = `127.0.0.1:${listener.addr.port}`;
  const inUse = assertThrows(attempt(taken), OperatorError);
  assertEquals(
    inUse.message,
    `Cannot listen for clients on ${taken}: the port is in use; stop the program that uses it, ` +
      "or set another listening_address in [clients_endpoint]",
  );
  assertEquals(inUse.exitCode, ExitCode.UNAVAILABLE);

  const elsewhere = assertThrows(attempt("203.0.113.7:0"), OperatorError);
  assertEquals(
    elsewhere.message,
    "Cannot listen for clients on 203.0.113.7:0: this machine has no such address; " +
      "set one of its addresses, or 0.0.0.0 or [::] for all, as listening_address in [clients_endpoint]",
  );

  const denied = () => {
    throw new Deno.errors.PermissionDenied();
  };
  const notAllowed = assertThrows(attempt("127.0.0.1:80", denied), OperatorError);
  assertEquals(
    notAllowed.message,
    "Cannot listen for clients on 127.0.0.1:80: this user may not listen on that port; " +
      "set a port of 1024 or above as listening_address in [clients_endpoint], or give the program CAP_NET_BIND_SERVICE",
  );
  assertEquals(notAllowed.exitCode, ExitCode.NO_PERMISSION);
});

Deno.test("whatever else the system says is reported, with the key if the address is at fault", () => {
  // a link-local address without a zone
  const { message, exitCode } = assertThrows(attempt("[fe80::1]:0"), OperatorError);
  assertMatch(
    message,
    /^Cannot listen for clients on \[fe80::1\]:0: [^;]+; set .* listening_address in \[clients_endpoint\]$/,
  );
  assertEquals(exitCode, ExitCode.UNAVAILABLE);

  const exhausted = () => {
    throw new Error("Too many open files (os error 24)");
  };
  const other = assertThrows(attempt("127.0.0.1:80", exhausted), OperatorError);
  assertEquals(other.message, "Cannot listen for clients on 127.0.0.1:80: Too many open files");
});

Deno.test("an invalid address is refused as such", () => {
  const error = assertThrows(attempt("localhost:1789"), OperatorError);
  assertEquals(error.message, "Cannot listen for clients on localhost:1789: it is not ip:port");
  assertEquals(error.exitCode, ExitCode.CONFIGURATION);
});

Deno.test("errors that are not the system's are not changed", () => {
  const failing = () => {
    throw new RangeError("a bug");
  };
  assertThrows(attempt("127.0.0.1:80", failing), RangeError, "a bug");
});
