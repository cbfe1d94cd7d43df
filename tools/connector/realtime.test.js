// The client of the npm package ws has the same view of frames, pings and close codes.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import WebSocket from "ws";
import { start } from "./server.js";

test("a client of ws is served", { timeout: 120_000 }, async (t) => {
  const server = await start();
  t.after(server.stop);
  const call = async (token, method, path, body) => {
    const response = await fetch(`${server.url}/v1/${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    assert.equal(Math.floor(response.status / 100), 2, path);
    return (await response.json()).data;
  };
  const channel = await call(server.key, "POST", "channels", { topic: "general", channelType: "open" });

  const address = `${server.url.replace("http", "ws")}/v1/realtime?communityId=${server.communityId}`;
  const headers = { Authorization: `Bearer ${server.session}` };
  const client = new WebSocket(address, "regulars.v1", { headers, perMessageDeflate: true }); // which the server declines
  t.after(() => client.terminate());
  const closed = once(client, "close");
  const pong = once(client, "pong");
  const frames = [];
  let arrived = () => {};
  client.on("message", (data, binary) => {
    assert.equal(binary, false);
    frames.push(JSON.parse(data));
    arrived();
  });
  // until returns the next frame with an op.
  const until = async (op) => {
    for (;;) {
      for (let frame = frames.shift(); frame; frame = frames.shift()) if (frame.op === op) return frame;
      await new Promise((resolve) => (arrived = resolve));
    }
  };
  await once(client, "open");
  assert.equal(client.protocol, "regulars.v1");
  assert.equal(client.extensions, "");

  client.ping("p");
  assert.equal(String((await pong)[0]), "p");
  await until("hello");
  client.send(JSON.stringify({ op: "subscribe", channels: ["*"] }));
  await until("subscribed");
  const sent = await call(server.key, "POST", "messages/send", { channelId: channel._id, message: "Hello", sender: "olivia" });
  let frame = await until("event");
  while (frame.type !== "message.posted") frame = await until("event");
  assert.equal(frame.data.message.id, sent.messageId);
  await call(server.session, "POST", "auth/logout", {});
  assert.equal((await closed)[0], 4009);
});
