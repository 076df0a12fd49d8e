// Names the packets that the Socket.IO library puts into text messages: Engine.IO's, and Socket.IO's inside
// it. A pure function; draw-frame.js shows what it returns, for connections to /socket.io/.

/** Engine.IO keeps the connection. The first digit is the type of its packet. */
const ENGINE_IO = {
  0: ["open", "The server’s first packet: the id of the session, and how often it will ask whether the client is there."],
  1: ["close", "The end of the connection. Mostly a Close frame says it instead."],
  2: ["ping", "Are you there? WebSocket has a frame for that, but a script cannot see or send one; so it is asked in text."],
  3: ["pong", "I am here."],
  4: ["message", "Something for the protocol inside: the next digit is the type of a Socket.IO packet."],
  5: ["upgrade", "The client, which began with polling over HTTP, moves to this WebSocket."],
  6: ["noop", "Nothing: it ends a GET that waits."],
};

/** Socket.IO has events. The second digit is the type of its packet. */
const SOCKET_IO = {
  0: ["connect", "The client asks to take part in a namespace, “/” if none is written, and the server answers."],
  1: ["disconnect", "The end of taking part. The connection stays."],
  2: ["event", "A JSON list: the name of the event, then what emit was given. A number before it asks for an acknowledgement."],
  3: ["acknowledgement", "The answer to the event with this number: what the other side gave to the callback."],
  4: ["refused", "There is no such namespace here, or the client may not enter it."],
  5: ["event with binary data", "The data follow in binary messages, one for each placeholder."],
  6: ["acknowledgement with binary data", "The data follow in binary messages."],
};

/** Returns the { name, sentences } of the packet that begins like this, or null if it is none. */
export function explainPacket(text) {
  const [engineName, engineSentence] = ENGINE_IO[text[0]] ?? [];
  if (!engineName) return null;
  const engine = `Engine.IO ${text[0]} ${engineName}`;
  const [name, sentence] = (text[0] === "4" && SOCKET_IO[text[1]]) || [];
  if (!name) return { name: engine, sentences: [`${engine}. ${engineSentence}`] };
  const inside = `Socket.IO ${text[1]} ${name}`;
  return { name: `${engine}, ${inside}`, sentences: [`${engine}. ${engineSentence}`, `${inside}. ${sentence}`] };
}
