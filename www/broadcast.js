// Lab step 2: what anyone sends, everyone gets. The other half of this file is src/broadcast.rs.
// Only the door, "/broadcast", differs from echo.js: what is new happens on the server.

import { watched } from "./wire/id.js"; // puts "?wire=<id>" to it, by which the wire view finds it

const [state, messages, form, text] =
  ["state", "messages", "form", "text"].map((id) => document.getElementById(id));

// http becomes ws, and https becomes wss: a page that came encrypted may not connect unencrypted.
const socket = new WebSocket(watched(location.origin.replace(/^http/, "ws") + "/broadcast"));

socket.addEventListener("open", () => {
  state.textContent = "Connected";
  state.className = "open";
});

socket.addEventListener("message", (event) => {
  const item = document.createElement("li");
  item.dir = "auto"; // Arabic or Hebrew text begins on the right
  // A message is a string or a Blob of bytes. textContent shows "<b>" as it was typed; with
  // innerHTML it would become a part of this page, and so would somebody's <script>.
  const isText = typeof event.data === "string";
  item.textContent = isText ? event.data : `(binary, ${event.data.size} bytes)`;
  messages.append(item);
});

socket.addEventListener("close", (event) => {
  const why = `code ${event.code}: ${event.reason || "no reason was given"}`;
  state.textContent = `The connection is closed (${why}). Reload the page to connect again.`;
  state.className = "closed";
});

form.addEventListener("submit", (event) => {
  event.preventDefault(); // or the browser would load the page anew, which ends the connection
  // What cannot be sent now stays in the box, so that it is not lost.
  if (socket.readyState !== WebSocket.OPEN || text.value === "") return;
  socket.send(text.value);
  text.value = "";
  text.focus();
});

// Reloading the page, to connect again, must not lose what is in the box either.
try {
  text.value = sessionStorage.getItem(location.pathname) ?? "";
  addEventListener("pagehide", () => sessionStorage.setItem(location.pathname, text.value));
} catch {
  // A browser that blocks cookies allows no storage: then it is lost.
}
