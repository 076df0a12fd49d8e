// Lab step 2½: what the Socket.IO library puts into WebSocket messages, by hand. This is the whole script of
// socketio.html; the server's half is src/socketio.rs. Each text begins with a digit for Engine.IO, which keeps
// the connection; that of a message, 4, is followed by one for Socket.IO, which has events.

import { socketAddress } from "./shared/socket-address.js"; // beside this page, with ws for http
import { load, save } from "./shared/storage.js"; // keeps the text in the box over a reload
import { wellFormed } from "./shared/well-formed.js"; // half an emoji, which JavaScript allows, is not JSON
import { withWireId } from "./wire/id.js"; // adds "&wire=<id>", by which the wire view finds the connection

const status = document.getElementById("state");
const messages = document.getElementById("messages");
const form = document.getElementById("form");
const text = document.getElementById("text");

const socket = new WebSocket(withWireId(socketAddress("socket.io/?EIO=4&transport=websocket")));

socket.addEventListener("message", ({ data: packet }) => {
  if (packet.startsWith("0")) socket.send("40"); // open: now connect to the namespace "/"
  if (packet === "2") socket.send("3"); // ping: the library would give up a connection that gets no pong
  if (packet.startsWith("40")) {
    status.textContent = "Connected";
    status.className = "open";
  }
  if (packet.startsWith("42")) { // an event: ["its name", what emit was given, …]
    const [name, ...values] = JSON.parse(packet.slice(2));
    show(`${name}: ${values.map((value) => (typeof value === "string" ? value : JSON.stringify(value))).join(", ")}`);
  }
});

function show(line) {
  const item = document.createElement("li");
  item.dir = "auto"; // Arabic or Hebrew text begins on the right
  item.textContent = line; // not innerHTML, which would run scripts that others send
  messages.append(item);
  if (messages.children.length > 500) messages.firstElementChild.remove(); // thousands make a page slow
}

socket.addEventListener("close", (event) => {
  const why = `code ${event.code}: ${event.reason || "no reason was given"}`;
  status.textContent = `The connection is closed (${why}). Reload the page to connect again.`;
  status.className = "closed";
});

form.addEventListener("submit", (event) => {
  event.preventDefault(); // otherwise the browser would load the page again, and the connection would end
  if (status.className !== "open" || text.value === "") return; // the text stays in the box
  socket.send(`42${JSON.stringify(["chat message", wellFormed(text.value)])}`); // socket.emit("chat message", …)
  text.value = "";
  text.focus();
});

text.value = load("text of socketio", "", (value) => typeof value === "string");
addEventListener("pagehide", () => {
  save("text of socketio", text.value);
  socket.close(); // with a Close frame; otherwise the browser breaks the connection off
  status.textContent = "Connecting …"; // so that a page which is shown again does not claim to be connected
});

// Some browsers keep a page that was left, and show it again after Back. Its connection has ended.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
