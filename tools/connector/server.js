import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const root = join(import.meta.dirname, "..", "..");

// start runs the program of this repository with a community, a key, and a session of its
// owner olivia.
export async function start() {
  const folder = mkdtempSync(join(tmpdir(), "regulars-connector-"));
  const binary = join(folder, "regulars");
  const data = join(folder, "data");
  execFileSync("go", ["build", "-o", binary, "./cmd/regulars"], { cwd: root });
  const command = (...args) => JSON.parse(execFileSync(binary, [...args, "--json", "--data", data], { encoding: "utf8" }));
  const { communityId } = command("community", "create", "--name", "Club");
  const { key } = command("key", "create", "--name", "connector", "--permission", "*", "--community", communityId);
  const password = "a long walk in spring!";
  const owner = ["user", "create", "--email", "olivia@example.com", "--username", "olivia", "--owner-of", communityId, "--password-stdin", "--data", data];
  execFileSync(binary, owner, { input: password });
  const running = spawn(binary, ["serve", "--data", data, "--addr", "127.0.0.1:0"], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise((resolve) => running.once("exit", resolve));
  let address = "";
  for await (const line of createInterface({ input: running.stderr })) {
    address = /msg=serving address=(\S+)/.exec(line)?.[1] ?? "";
    if (address) break;
  }
  running.stderr.resume();
  assert.notEqual(address, "", "the server ended at once");
  const url = `http://${address}`;
  const response = await fetch(`${url}/v1/auth/login`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ emailOrUsername: "olivia", password }),
  });
  const session = (await response.json()).data.token;
  return {
    url,
    key,
    session,
    communityId,
    async stop() {
      running.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}
