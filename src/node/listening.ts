import { ExitCode, OperatorError, reasonOf } from "../errors/operator_error.ts";
import { parseSocketAddress, type SocketAddress } from "../addresses/socket_address.ts";

/** What ends the message of an error that the system reported, unlike those of the runtime's own checks. */
const SYSTEM_ERROR = / \(os error \d+\)$/;
/** Said of a link-local address, which would need a zone, and of IPv6 where the kernel has none. */
const UNUSABLE_ADDRESS = /^(Invalid argument|Address family not supported)/;

/**
 * Opens a listener on `address` (`ip:port`) with `open`.
 *
 * @param whom what the listener is for, in errors, as in `sphinx packets`
 * @param key the key in the configuration that sets the address, as in `listening_address in [mixnet_endpoint]`
 * @throws {OperatorError} if the address is invalid, in use, not one of this machine, or not allowed, or the system
 *   refuses it for another reason
 */
export function listen<T>(whom: string, key: string, address: string, open: (address: SocketAddress) => T): T {
  const attempt = `Cannot listen for ${whom} on ${address}`;
  const parsed = parseSocketAddress(address);
  if (parsed === undefined) throw new OperatorError(`${attempt}: it is not ip:port`, ExitCode.CONFIGURATION);
  try {
    return open(parsed);
  } catch (error) {
    throw explained(error, attempt, key);
  }
}

/** Throws what {@linkcode listen} throws, if nothing can listen on that address now. */
export function mustBeFree(whom: string, key: string, address: string): void {
  listen(whom, key, address, ({ host, port }) => Deno.listen({ hostname: host, port }).close());
}

function explained(error: unknown, attempt: string, key: string): unknown {
  if (error instanceof Deno.errors.AddrInUse) {
    const remedy = `stop the program that uses it, or set another ${key}`;
    return new OperatorError(`${attempt}: the port is in use; ${remedy}`, ExitCode.UNAVAILABLE);
  }
  if (error instanceof Deno.errors.AddrNotAvailable) {
    const remedy = `set one of its addresses, or 0.0.0.0 or [::] for all, as ${key}`;
    return new OperatorError(`${attempt}: this machine has no such address; ${remedy}`, ExitCode.UNAVAILABLE);
  }
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    const remedy = `set a port of 1024 or above as ${key}, or give the program CAP_NET_BIND_SERVICE`;
    return new OperatorError(`${attempt}: this user may not listen on that port; ${remedy}`, ExitCode.NO_PERMISSION);
  }
  if (error instanceof Error && SYSTEM_ERROR.test(error.message)) {
    const remedy = UNUSABLE_ADDRESS.test(error.message)
      ? `; set another address of this machine, or 0.0.0.0 or [::] for all, as ${key}`
      : "";
    return new OperatorError(`${attempt}: ${reasonOf(error)}${remedy}`, ExitCode.UNAVAILABLE);
  }
  return error;
}
