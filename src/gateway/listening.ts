import { ExitCode, OperatorError } from "../errors/operator_error.ts";
import { parseSocketAddress, type SocketAddress } from "../addresses/socket_address.ts";

/**
 * Opens what listens at `address` (`ip:port`).
 *
 * @param whom who comes there, as in `sphinx packets`
 * @param options the options that set the address, as in `--mix-host or --mix-port`
 * @throws {OperatorError} when the address is none, in use, not this machine's, or not allowed
 */
export function listen<T>(whom: string, options: string, address: string, open: (address: SocketAddress) => T): T {
  const attempt = `Cannot listen for ${whom} on ${address}`;
  const parsed = parseSocketAddress(address);
  if (parsed === undefined) throw new OperatorError(`${attempt}: it is not ip:port`, ExitCode.CONFIGURATION);
  try {
    return open(parsed);
  } catch (error) {
    throw explained(error, attempt, options);
  }
}

function explained(error: unknown, attempt: string, options: string): unknown {
  if (error instanceof Deno.errors.AddrInUse) {
    const remedy = `stop the program that listens there, or give another address with ${options}`;
    return new OperatorError(`${attempt}: the port is in use; ${remedy}`, ExitCode.UNAVAILABLE);
  }
  if (error instanceof Deno.errors.AddrNotAvailable) {
    const remedy = `give one that it has, or 0.0.0.0 or [::] for all, with ${options}`;
    return new OperatorError(`${attempt}: this machine has no such address; ${remedy}`, ExitCode.UNAVAILABLE);
  }
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    const remedy = `give a port from 1024 on with ${options}`;
    return new OperatorError(`${attempt}: this user may not listen on that port; ${remedy}`, ExitCode.NO_PERMISSION);
  }
  return error;
}
