import { join } from "node:path";
import { Arrivals } from "./arrivals.ts";
import type { Forwarding } from "../clients/connection.ts";
import { CLIENTS_ADDRESS, ClientsListener } from "./clients_listener.ts";
import { hostOf } from "../config/addresses.ts";
import type { Config } from "../config/config.ts";
import { type Changes, takeOver } from "../config/reloading.ts";
import { isConnectable, isOnTheInternet } from "../directory/connectable.ts";
import { directoryClient } from "../directory/client.ts";
import { KEPT_TOPOLOGY } from "../directory/kept_topology.ts";
import { Presence, presenceTimings } from "../directory/presence.ts";
import { encodeBase58 } from "../encoding/base58.ts";
import { opened } from "../errors/opened.ts";
import { openOperatorEndpoint } from "../node/operator_endpoint.ts";
import { mustBeFree } from "../node/listening.ts";
import { PacketsIn } from "../node/packets_in.ts";
import { openReplays } from "../node/replays.ts";
import { Reloads } from "../node/reloads.ts";
import { countLostLines, logger } from "../logging/log.ts";
import { lockPrivateFolder } from "../mailbox/database.ts";
import { mailboxFile } from "../mailbox/database_files.ts";
import { DiskSpace } from "../mailbox/disk_space.ts";
import { holdsInboxes070, importInboxes } from "../mailbox/import_070.ts";
import type { Ledger } from "../mailbox/ledger.ts";
import { LedgerCaretaker } from "../mailbox/ledger_caretaker.ts";
import type { MessageStore } from "../mailbox/message_store.ts";
import { Sealer } from "../mailbox/sealing.ts";
import { Forwarder } from "../mixnet/forwarder.ts";
import { type Connect, connectElsewhere } from "../mixnet/mixnode_link.ts";
import { Counters } from "../counting/counters.ts";
import { Health } from "../operator/health.ts";
import { emptyHistograms } from "../operator/histogram.ts";
import type { KeyPair } from "../sphinx/curve.ts";
import { plural } from "../text/plural.ts";
import { destinationOf } from "../addresses/kind_of_address.ts";
import type { SocketAddress } from "../addresses/socket_address.ts";
import { PROTOCOL_VERSION } from "../build/version.ts";
import { gaugesOf } from "./gauges.ts";
import { checksOf } from "./health_checks.ts";
import type { Parts } from "./parts.ts";
import { DURATIONS, GATEWAY_METRICS } from "./metric_table.ts";
import { openStorage } from "./storage.ts";

const log = logger("nym_gateway::node");

/** The key with the address that mixnodes connect to, in errors. */
const MIXNET_ADDRESS = "listening_address in [mixnet_endpoint]";

/** How long to go on retrying a failing disk while stopping, in ms: part of the time for stopping (cli/running/signals.ts). */
const LAST_RETRIES = 3_000;

/**
 * Announced instead of the registered clients if `announce_clients` is false. Always the same array, so that it is
 * known to be unchanged.
 */
const NOBODY: readonly { pubKey: string }[] = [];

/**
 * The map of the program: opens all parts, connects them through functions, and closes them.
 *
 * - mixnode → PacketsIn → Arrivals → Mailbox → (nudge) → ClientsServer → client
 * - client → ClientsServer → Forwarder → mixnode
 */
export class Gateway {
  private constructor(
    private readonly parts: AsyncDisposableStack,
    readonly counters: Counters,
    readonly mailbox: MessageStore,
    readonly ledger: Ledger,
    readonly mixnetAddress: SocketAddress,
    readonly clientsAddress: SocketAddress,
    /** undefined without an operator's endpoint */
    readonly operatorAddress: SocketAddress | undefined,
    private readonly config: Config,
    private readonly clientsListener: ClientsListener,
    private readonly reloads: Reloads,
    private readonly health: Health,
  ) {}

  /**
   * Resolves when the gateway is listening for packets and clients. `connect` replaces TCP connections to mixnodes.
   *
   * @throws {OperatorError} if it cannot start for a reason that the operator can fix
   */
  static async start(
    configured: Config,
    keys: KeyPair,
    storageKey: Uint8Array,
    connect?: Connect,
  ): Promise<Gateway> {
    log.info("Starting nym gateway!");
    const config = structuredClone(configured); // our own copy, which `reload` changes
    const { gateway, mixnetEndpoint, clientsEndpoint, limits, debug } = config;
    const counters = new Counters();
    const count = counters.add;
    countLostLines((lines) => count("log_lines_dropped", lines));
    const histograms = emptyHistograms(DURATIONS);
    await using starting = new AsyncDisposableStack();
    // Closed in reverse order: inputs before the parts they feed, the databases last.

    const sealer = new Sealer(storageKey);
    const storage = await openStorage(config, sealer, count, starting);
    const { ledger } = storage;
    starting.use(await opened("inboxes", clientsEndpoint.inboxesDirectory, lockPrivateFolder));
    const replays = starting.use(await openReplays(clientsEndpoint.inboxesDirectory, mixnetEndpoint, count));
    const disk = starting.use(
      new DiskSpace(clientsEndpoint.inboxesDirectory, mailboxFile(clientsEndpoint.inboxesDirectory)),
    );
    const mailbox = starting.use(await storage.openMailbox(histograms.commit.observe, () => replays.sync(), disk));
    if (await holdsInboxes070(clientsEndpoint.inboxesDirectory).catch(() => true)) {
      // A 0.7.0 gateway that still runs here locks nothing. What it stores while its inboxes move could be lost.
      mustBeFree("sphinx packets", MIXNET_ADDRESS, mixnetEndpoint.listeningAddress);
      mustBeFree("clients", CLIENTS_ADDRESS, clientsEndpoint.listeningAddress);
    }
    const stored = () => counters.get("messages_stored");
    await importInboxes(clientsEndpoint.inboxesDirectory, mailbox, ledger, stored);

    const announced = hostOf(mixnetEndpoint.announceAddress);
    const own = [
      announced,
      hostOf(mixnetEndpoint.listeningAddress),
      hostOf(new URL(clientsEndpoint.announceAddress).host),
      hostOf(clientsEndpoint.listeningAddress),
    ].map(destinationOf);
    const presence = starting.use(
      new Presence(
        directoryClient(gateway),
        {
          keys,
          self: {
            location: gateway.location,
            clientListener: clientsEndpoint.announceAddress,
            mixnetListener: mixnetEndpoint.announceAddress,
            pubKey: encodeBase58(keys.publicKey),
            version: PROTOCOL_VERSION,
          },
          announcedClients: () => clientsEndpoint.announceClients ? ledger.announced() : NOBODY,
          mayConnect: (ip) => mixnetEndpoint.allowPrivateMixnodes || isConnectable(ip, announced, own),
          keptAt: join(clientsEndpoint.inboxesDirectory, KEPT_TOPOLOGY),
          refuseAnyClash: gateway.refuseAddressClash,
        },
        presenceTimings(debug.presenceSendingDelay),
      ),
    );
    await presence.prepare();

    log.info("Starting mix packet forwarder...");
    const mayStayHere = () =>
      mixnetEndpoint.forwardTo === "any" || mixnetEndpoint.allowPrivateMixnodes || !isOnTheInternet(announced);
    const forwarder = starting.use(
      new Forwarder({ ...debug, connect: connect ?? connectElsewhere(mayStayHere) }, count),
    );
    const forward = (to: SocketAddress, packet: Uint8Array): Forwarding => {
      if (mixnetEndpoint.forwardTo !== "any" && !presence.isMixnode(to)) {
        count("packets_unforwarded_not_a_mixnode");
        return "refused";
      }
      return forwarder.forward(to, packet) ? "queued" : "full";
    };

    log.info("Starting clients handler");
    log.info("Starting mix socket listener...");
    log.info("Starting client [web]socket listener...");
    log.info("Starting presence notifier...");
    starting.use(new LedgerCaretaker(ledger));
    const clientsListener = starting.use(
      ClientsListener.open(clientsEndpoint, limits, {
        ...keys,
        allowReRegistration: clientsEndpoint.allowReRegistration,
        requireProof: clientsEndpoint.requireProof,
        isRegistered: (id) => ledger.has(id),
        registeredAt: (id) => ledger.registeredAt(id),
        register: (id) => ledger.add(id),
        establish: (id) => ledger.establish(id),
        openInbox: (id, nudge, superseded) => mailbox.openInbox(id, nudge, superseded),
        forward,
        count,
      }),
    );
    const clients = clientsListener.server;
    ledger.isOnline = (id) => clients.isOnline(id);

    const arrivals = new Arrivals(ledger, sealer, replays, mailbox, clients, count);
    const packetsIn = starting.use(
      await PacketsIn.open(mixnetEndpoint.listeningAddress, MIXNET_ADDRESS, {
        privateKey: keys.privateKey,
        hops: "final",
        take: (results, packets, seconds) => {
          histograms.unwrap.observe(seconds);
          arrivals.take(results, packets);
        },
        room: () => mailbox.room(),
        isMixnodeHost: presence.isMixnodeHost,
        limits,
        count,
      }),
    );
    logger("nym_gateway::node::mixnet_handling::receiver::listener")
      .info(`Starting mixnet listener at ${mixnetEndpoint.listeningAddress}`);
    logger("nym_gateway::node::client_handling::websocket::listener")
      .info(`Starting websocket listener at ${clientsEndpoint.listeningAddress}`);
    presence.start();
    log.info(
      "Finished nym gateway startup procedure - it should now be able to receive mix and client traffic!",
    );
    const reloads = new Reloads();
    const parts: Parts = {
      reloads,
      ledger,
      mailbox,
      store: config.storage.kind === "embedded" ? "disk" : "database",
      disk,
      limits,
      presence,
      forwarder,
      mixnetListener: packetsIn.listener,
      clientsListener,
      unwrapping: packetsIn.unwrapping,
    };
    const health = starting.use(new Health(checksOf(parts)));
    health.watch();
    const operator = starting.use(
      openOperatorEndpoint(config, {
        kind: "gateway",
        metrics: GATEWAY_METRICS,
        counters,
        histograms,
        gauges: gaugesOf(parts),
        health,
        name: gateway.id,
        location: gateway.location,
        identity: {
          publicKey: encodeBase58(keys.publicKey),
          mixnet: mixnetEndpoint.announceAddress,
          clients: clientsEndpoint.announceAddress,
          directory: gateway.presenceDirectoryServer,
          store: config.storage.kind === "embedded" ? "files on this machine" : `PostgreSQL, ${config.storage.url}`,
        },
      }),
    );
    return new Gateway(
      starting.move(),
      counters,
      mailbox,
      ledger,
      packetsIn.listener.address,
      clients.address,
      operator?.address,
      config,
      clientsListener,
      reloads,
      health,
    );
  }

  /** The gateway's state in one line, as in `2 clients online, 345 messages stored`. */
  get summary(): string {
    const { online } = this.clientsListener.server;
    return `${plural(online, "client")} online, ${plural(this.mailbox.totals.messages, "message")} stored`;
  }

  /**
   * Applies the reloadable changes in the configuration that `read` returns, and renewed certificates.
   *
   * @throws {OperatorError} if it cannot be read, or a certificate or key is invalid; nothing is changed in that case,
   *   and the health check warns
   */
  reload(read: () => Config): Changes {
    try {
      return this.reloads.attempt(() => {
        const config = read();
        this.clientsListener.reload(config.clientsEndpoint);
        return takeOver(this.config, config);
      });
    } finally {
      this.health.renew();
    }
  }

  /**
   * Stops accepting, processes and commits the packets already read, sends clients a close frame, and closes
   * everything.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.mailbox.endRetries(LAST_RETRIES); // otherwise the listeners would wait for room as long as the disk is full
    await this.parts.disposeAsync();
  }
}
