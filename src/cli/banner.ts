import { PROTOCOL_VERSION } from "../build/version.ts";

/** What every command prints first. */
export const BANNER: string = String.raw`

      _ __  _   _ _ __ ___
     | '_ \| | | | '_ \ _ \
     | | | | |_| | | | | | |
     |_| |_|\__, |_| |_| |_|
            |___/

             (gateway - version ${PROTOCOL_VERSION})

    `;
