// The calls of the public connector of Activepieces for this product, with its own
// HTTP client: it sends, replies and reacts with a key "local:<key>".
import { httpClient } from "@activepieces/pieces-common";
import assert from "node:assert/strict";
import { test } from "node:test";
import { start } from "./server.js";

test("the connector sends, replies and reacts", { timeout: 120_000 }, async (t) => {
  const server = await start();
  t.after(server.stop);
  const auth = `local:${server.key}`;
  const call = async (method, path, body) => {
    const response = await httpClient.sendRequest({ method, url: `${server.url}/apis/v1/${path}`, headers: { Authorization: `Bearer ${auth.split(":")[1]}` }, body });
    return response.body;
  };
  await call("POST", "users", { email: "ada@example.com", username: "ada", firstname: "Ada", lastname: "Lovelace" });
  await call("POST", "channels", { topic: "general", channelType: "open" });
  await call("POST", "channels", { topic: "questions", channelType: "forum" });

  const channels = await call("GET", "channels");
  assert.equal(channels.status, "success");
  assert.deepEqual(channels.data.map((one) => [one.topic, one.channelType]), [["general", "open"], ["questions", "forum"]]);
  const [general, forum] = channels.data;

  const sent = await call("POST", "messages/send", { channelId: general._id, message: "Hello", sender: "ada@example.com" });
  assert.equal(sent.status, "success");
  assert.equal(typeof sent.data.messageId, "string");
  const reply = await call("POST", "messages/reply", { messageId: sent.data.messageId, message: "Again", sender: "ada" });
  assert.equal(reply.data.parentId, sent.data.messageId);
  for (let i = 0; i < 2; i++) {
    const reaction = await call("POST", "messages/react", { messageId: reply.data.messageId, emoji: ":sparkling_heart:", sender: "ada" });
    assert.equal(reaction.message, "Reaction added successfully");
    assert.equal(reaction.data.count, 1);
  }

  const topic = await call("POST", `channels/${forum._id}/topics`, { title: "How?", message: "Like this", sender: "ada" });
  const inTopic = await call("POST", "messages/send", { channelId: forum._id, message: "More", sender: "ada", forumTopicId: topic.data.topicId });
  assert.equal(inTopic.data.topicId, topic.data.topicId);
  await assert.rejects(call("POST", "messages/send", { channelId: forum._id, message: "Where?", sender: "ada" }), (error) => {
    assert.equal(error.response.status, 400);
    assert.equal(error.response.body.errors[0].code, "topic_required");
    return true;
  });
});
