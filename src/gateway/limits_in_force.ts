import type { ClientLimits } from "../clients/server.ts";
import type { Config } from "../config/config.ts";
import type { PlaceLimits } from "../limits/places.ts";
import type { DiskSpace } from "../mailbox/disk_space.ts";
import type { MailboxLimits } from "../mailbox/limits.ts";
import type { MixnetLimits } from "../mixnet/listener.ts";

// What each part may take. All follow `limits` when the configuration is loaded again: each is read when it is needed.

export function clientLimits(limits: Config["limits"]): ClientLimits {
  const own = {
    connections: placeLimits(() => limits.clientConnections, () => limits.clientConnectionsPerNetwork),
    beforeLogin: placeLimits(() => limits.connectionsBeforeLogin, () => limits.connectionsBeforeLoginPerNetwork),
  };
  return Object.assign(Object.create(limits) as Config["limits"], own);
}

export function mailboxLimits(limits: Config["limits"], disk: DiskSpace): MailboxLimits {
  const own = {
    get timeToLive() {
      return limits.timeToLive || Infinity;
    },
    get diskIsLow() {
      return disk.isBelow(limits.minimumFreeDisk);
    },
  };
  return Object.create(limits, Object.getOwnPropertyDescriptors(own));
}

export function mixnetLimits(limits: Config["limits"]): MixnetLimits {
  return {
    connections: placeLimits(() => limits.mixnetConnections, () => limits.mixnetConnectionsPerNetwork),
    get frameDeadline() {
      return limits.mixnetFrameDeadline;
    },
    get idleTimeout() {
      return limits.mixnetIdleTimeout;
    },
    get limitLoopback() {
      return limits.limitLoopback;
    },
  };
}

function placeLimits(total: () => number, perNetwork: () => number): PlaceLimits {
  return {
    get total() {
      return total();
    },
    get perNetwork() {
      return perNetwork();
    },
  };
}
