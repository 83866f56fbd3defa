/** Sends a message to itself through the mixnet, from a page: browser.html?directory=http://127.0.0.1:8080 */
import { Peap } from "@nym-gateway/peap";
import { loadKernel } from "@nym-gateway/peap/kernel";

const shown = document.querySelector("output");
try {
  const directory = new URL(location.href).searchParams.get("directory");
  const client = await Peap.connect({ directory, kernel: await loadKernel() });
  await client.send(client.address, "hello from a page");
  for await (const message of client) {
    shown.textContent = message.text();
    break;
  }
  await client.close();
} catch (error) {
  shown.textContent = String(error);
}
