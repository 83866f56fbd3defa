import { PROTOCOL_VERSION } from "../../build/version.ts";

/** What every command of a program of 0.7.0 (`gateway`, `mixnode`) prints first. */
export function banner(program: string): string {
  return String.raw`

      _ __  _   _ _ __ ___
     | '_ \| | | | '_ \ _ \
     | | | | |_| | | | | | |
     |_| |_|\__, |_| |_| |_|
            |___/

             (${program} - version ${PROTOCOL_VERSION})

    `;
}
