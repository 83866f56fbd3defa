/** Measures in a process of its own: `<runtime> child.js '<subject as JSON>' <seconds of cover>`; prints JSON. */
import process from "node:process";
import { idle, measure } from "./client.ts";

const subject = JSON.parse(process.argv[2]!);
const seconds = Number(process.argv[3]);
const times = await measure(subject);
const stop = await idle(subject, "full");
const before = process.cpuUsage();
await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
const { user, system } = process.cpuUsage(before);
await stop();
process.stdout.write(JSON.stringify({ ...times, cover: (user + system) / 1000 * 60 / seconds }) + "\n");
process.exit();
