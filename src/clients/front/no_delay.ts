/** Sends small messages at once. Ignores the error of a connection that is already gone: reading from it will report that. */
export function setNoDelay(connection: Pick<Deno.TcpConn, "setNoDelay">): void {
  try {
    connection.setNoDelay();
  } catch {
    // It is gone.
  }
}
