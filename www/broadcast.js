// Lab step 2: what anyone sends, everyone gets. This is the whole script of broadcast.html; the server's
// half is src/broadcast.rs. The new things happen on the server. Here only the path "/broadcast" is new, and
// that the messages of others come, too.

import { socketAddress } from "./shared/socket-address.js"; // "broadcast" beside this page, with ws for http
import { load, save } from "./shared/storage.js"; // keeps the text in the box over a reload
import { withWireId } from "./wire/id.js"; // adds "?wire=<id>", by which the wire view finds the connection

const status = document.getElementById("state");
const messages = document.getElementById("messages");
const form = document.getElementById("form");
const text = document.getElementById("text");

const socket = new WebSocket(withWireId(socketAddress("broadcast")));

/**
 * The texts that this page has sent and that have not come back yet, with the time (in milliseconds). The server
 * does not say who has sent a message, so the page recognises its own by the text. When two clients send the same
 * text at the same time, it cannot know which is which: the chat has a `ref` in each message for that.
 */
const waiting = [];

socket.addEventListener("open", () => {
  status.textContent = "Connected";
  status.className = "open";
});

socket.addEventListener("message", (event) => {
  if (event.data === waiting[0]?.text) {
    const time = performance.now() - waiting.shift().sentAt;
    showMessage("own", `yours, back after ${time.toFixed(1)} ms`, event.data);
  } else {
    showMessage("", "from another client", event.data);
  }
});

/** Adds a message to the list, with a line above it. `data` is a string or a Blob of bytes. */
function showMessage(className, line, data) {
  const item = document.createElement("li");
  item.className = className;
  const about = document.createElement("p");
  about.className = "about";
  about.textContent = line;
  const content = document.createElement("p");
  content.className = "text";
  content.dir = "auto"; // Arabic or Hebrew text begins on the right
  // textContent shows "<b>" as it was typed. With innerHTML it would become part of this page and could run
  // a script in it (cross-site scripting).
  content.textContent = typeof data === "string" ? data : `(binary, ${data.size} bytes)`;
  item.append(about, content);
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
  // A text that cannot be sent now stays in the box.
  if (socket.readyState !== WebSocket.OPEN || text.value === "") return;
  socket.send(text.value);
  waiting.push({ text: text.value, sentAt: performance.now() });
  text.value = "";
  text.focus();
});

text.value = load("text of broadcast", "", (value) => typeof value === "string");
addEventListener("pagehide", () => {
  save("text of broadcast", text.value);
  socket.close(); // with a Close frame; otherwise the browser breaks the connection off
  status.textContent = "Connecting …"; // so that a page which is shown again does not claim to be connected
});

// Some browsers keep a page that was left, and show it again after Back. Its connection has ended.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
