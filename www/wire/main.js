// Lab step 4: the wire view on a page of its own, for a second screen. wire.html#id=… shows the connection
// with this wire id. The id is removed from the address at once, because it is a secret.
//
// In reading order:
//   decode-frame.js       bytes become the fields of a frame; begin here
//   explain-frame.js      what the fields say, in words
//   handshake.js          what the lines of the handshake say, and the accept value step by step
//   connection.js         the connection to /wire
//   frame-log.js          keeps the newest frames, and assembles fragments into messages
//   secrets.js            hides secrets; secret-places.js and secret-search.js find them
//   cover.js              puts dots in place of what is hidden; byte-text.js helps with UTF-8
//   view.js               the whole view: what comes, what the buttons do
//   view-elements.js      builds its elements
//   view-sentences.js     what it says about itself
//   frame-list.js         the list of frames; filter.js leaves some out
//   list-end.js           follows its end, or counts what has come below the reader
//   draw-handshake.js     draws the handshake; compare-values.js a wrong accept value in it
//   draw-frame.js         draws a frame in one line, and its bytes and fields
//   draw-bits.js          draws its bits, as in the RFC
//   draw-payload.js       draws the unmasking and the payload
//   highlight-fields.js   lights up a field and its bytes together
//   frame-as-text.js      a frame as plain text; ../shared/copy-text.js copies it
//   panel.js              the view beside the page whose connection it watches
//   id.js                 the wire id of a tab
//   create-element.js, format.js   small helpers

import { WireConnection } from "./connection.js";
import { Secrets } from "./secrets.js";
import { WireView } from "./view.js";
import { ON_ITS_OWN_PAGE } from "./view-sentences.js";
import { isText, load, save } from "../shared/storage.js";

const place = document.getElementById("place");

function start() {
  const [, idInAddress] = /^#id=([\w-]{16,64})$/.exec(location.hash) ?? [];
  const id = idInAddress ?? load("watching", null, isText(/^[\w-]{16,64}$/)); // after a reload the view goes on
  if (!id) return; // the page says what to do
  save("watching", id);
  history.replaceState(null, "", location.pathname);
  const secrets = new Secrets();
  secrets.learn(id);
  const view = new WireView(new WireConnection(id), secrets, ON_ITS_OWN_PAGE);
  view.handshake.open = true;
  place.replaceChildren(view.root);
  view.open();
}

start();

// A printed handout contains the whole request.
addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll(".fold > details")) fold.open = true;
});

// Another link with an id was opened in this tab.
addEventListener("hashchange", () => {
  if (location.hash !== "") location.reload();
});
