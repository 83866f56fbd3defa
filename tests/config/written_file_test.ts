import { assertEquals } from "@std/assert";
import { defaultConfig, GATEWAY } from "../../src/config/config.ts";
import { renderTable } from "../../src/config/render.ts";

/** What `init` writes, without comments. New keys may be added in between; these stay as they are. */
const FILE = `
[gateway]
id = "gw"
location = "unknown"
private_sphinx_key_file = "/n/gw/data/private_sphinx.pem"
public_sphinx_key_file = "/n/gw/data/public_sphinx.pem"
storage_key_file = "/n/gw/data/storage_key.pem"
presence_directory_server = "https://directory.nymtech.net"
nym_root_directory = "/n"
[mixnet_endpoint]
listening_address = "0.0.0.0:1789"
announce_address = "127.0.0.1:1789"
forward_to = "topology"
replay_window = 86400000
replay_packets = 5242880
[clients_endpoint]
listening_address = "0.0.0.0:9000"
announce_address = "ws://127.0.0.1:9000"
inboxes_directory = "/n/gw/data/inboxes"
ledger_path = "/n/gw/data/client_ledger.kv"
allow_re_registration = false
tls_certificate = ""
tls_key = ""
require_proof = false
announce_clients = true
[limits]
client_connections = 10000
client_connections_per_network = 500
connections_before_login = 1024
connections_before_login_per_network = 32
login_deadline = 10000
frames_per_second = 1000
registrations_per_hour = 10000
registrations_per_hour_per_network = 200
wrong_tokens_per_hour_per_network = 100
wrong_token_delay = 500
mixnet_connections = 2000
mixnet_connections_per_network = 200
mixnet_frame_deadline = 30000
mixnet_idle_timeout = 0
limit_loopback = false
trusted_proxies = []
inbox_messages = 100000
inbox_bytes = 100000000
mailbox_bytes = 10000000000
time_to_live = 2592000000
minimum_free_disk = 200000000
slow_client_bytes = 65536
[operator]
listening_address = "127.0.0.1:9001"
allowed_hosts = []
[logging]
format = "text"
level = "info"
file = ""
[debug]
presence_sending_delay = 1500
packet_forwarding_initial_backoff = 10000
packet_forwarding_maximum_backoff = 300000
initial_connection_timeout = 1500
stored_messages_filename_length = 16
message_retrieval_limit = 5
`;

Deno.test("the file that init writes has these sections and keys, in this order, with these values", () => {
  const expected = FILE.trim().split("\n");
  const written = renderTable(GATEWAY, defaultConfig("gw", "/n")).split("\n");
  assertEquals(written.filter((line) => expected.includes(line)), expected);
});
