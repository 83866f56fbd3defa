/** Has small messages go at once. Some systems refuse that for a connection that is gone already, as reading will tell. */
export function setNoDelay(connection: Deno.TcpConn): void {
  try {
    connection.setNoDelay();
  } catch {
    // It is gone.
  }
}
