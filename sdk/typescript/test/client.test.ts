import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { Regulars, RegularsError } from "../src/index.js";

const root = join(import.meta.dirname, "..", "..", "..", "..");

test("a person signs up and imports ten members", { timeout: 120_000 }, async () => {
  await using server = await start();
  const nobody = new Regulars({ baseUrl: server.url });
  const password = "a long walk in spring!";
  await nobody.api.POST("/v1/auth/register", {
    body: { email: "ada@example.com", username: "ada", password, firstname: "Ada", lastname: "Lovelace" },
  });
  await nobody.api.POST("/v1/auth/verify-email", { body: { token: server.token() } });
  const session = await nobody.api.POST("/v1/auth/login", { body: { emailOrUsername: "ada", password } });
  const ada = nobody.as(session.data!.data.token);

  const made = await ada.api.POST("/v1/servers", { body: { name: "Walkers" } });
  const communityId = made.data!.data._id;
  const rows = Array.from({ length: 10 }, (_, i) => `Walker,No ${i},walker${i},walker${i}@example.com`);
  const file = ["First Name,Last Name,Username,Email", ...rows].join("\n");
  const jobId = await ada.importUsers(file, { communityId, idempotencyKey: "first" });
  assert.equal(await ada.importUsers(file, { communityId, idempotencyKey: "first" }), jobId);
  const job = await ada.waitForJob(jobId, { communityId, every: 20 });
  assert.equal(job.counts.created, 10);

  const list = await ada.api.GET("/v1/communities/{communityId}/users", { params: { path: { communityId } } });
  assert.equal(list.data!.meta.total, 11); // and the owner
  await assert.rejects(
    nobody.api.GET("/v1/communities/{communityId}/users", { params: { path: { communityId } } }),
    (error: unknown) => error instanceof RegularsError && error.status === 401 && error.code === "authentication_required" && error.requestId !== "",
  );
});

// start runs the program of this repository on an empty folder.
async function start() {
  const folder = mkdtempSync(join(tmpdir(), "regulars-client-"));
  const binary = join(folder, "regulars");
  const data = join(folder, "data");
  execFileSync("go", ["build", "-o", binary, "./cmd/regulars"], { cwd: root });
  const running = spawn(binary, ["serve", "--data", data, "--addr", "127.0.0.1:0"], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise<void>((resolve) => running.once("exit", () => resolve()));
  let address = "";
  for await (const line of createInterface({ input: running.stderr })) {
    address = /msg=serving address=(\S+)/.exec(line)?.[1] ?? "";
    if (address) break;
  }
  running.stderr.resume();
  assert.notEqual(address, "", "the server ended at once");
  return {
    url: `http://${address}`,
    // The token in the link of the last mail: without SMTP, mails stay in the
    // development mailbox, which the command line reads.
    token: () => {
      const mails = execFileSync(binary, ["mail", "--json", "--data", data], { encoding: "utf8" });
      return /.*token=([0-9a-f]{64})/s.exec(mails)![1]!;
    },
    async [Symbol.asyncDispose]() {
      running.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}
