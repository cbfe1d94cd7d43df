// Posts a message in a channel and prints those of the community as they arrive, each
// once, also after a lost connection.
//
//   URL=http://localhost:3333 TOKEN=... CHANNEL=... node chat.mjs "Hello"
//
// Node 22 has WebSocket built in. Node 20 needs `npm install ws`.
const WebSocket = globalThis.WebSocket ?? (await import("ws")).default;
const { URL: base, TOKEN: token, CHANNEL: channel } = process.env;
let position = null; // the highest sequence that was processed
let newest; // sequence of the community when the connection began

function connect() {
  const socket = new WebSocket(base.replace(/^http/, "ws") + "/v1/realtime", "regulars.v1");
  const send = (frame) => socket.send(JSON.stringify(frame));
  socket.onopen = () => send({ op: "auth", token });
  socket.onerror = () => {}; // followed by close
  socket.onmessage = ({ data }) => {
    const frame = JSON.parse(data);
    if (frame.op === "hello") {
      newest = frame.sequence;
      send({ op: "subscribe", channels: ["*"] });
      if (position !== null) send({ op: "resume", after: position });
      else post(process.argv[2]), (position = newest);
    }
    if (frame.op === "event" && frame.sequence > position) show(frame.type, frame.data);
    if (frame.op === "event" || frame.op === "mark") position = Math.max(position, frame.sequence);
    if (frame.op === "gap") position = newest; // too old to resume: read the list of messages
  };
  socket.onclose = ({ code }) => {
    if (![4001, 4003, 4009].includes(code)) setTimeout(connect, Math.random() * 5000);
  };
}

function show(type, data) {
  if (type === "message.posted") console.log(data.message.user.username + ": " + data.message.message);
}

async function post(text) {
  const nonce = crypto.randomUUID(); // a repetition of the request posts nothing twice
  const answer = await fetch(base + "/v1/messages/send", {
    method: "POST",
    headers: { "Authorization": "Bearer " + token, "Content-Type": "application/json" },
    body: JSON.stringify({ channelId: channel, message: text, nonce }),
  });
  if (!answer.ok) throw new Error((await answer.json()).message);
}

connect();
