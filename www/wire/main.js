// The wire view on a page of its own, for a second screen: wire.html#id=… shows what the panel shows
// of the connection with this id. The id goes out of the address at once, because it is a secret.

import { load, save } from "../shared/storage.js";
import { Secrets } from "./secrets.js";
import { Source } from "./connection.js";
import { WireView } from "./view.js";

/** Here it is another tab whose connection is watched. */
const WORDS = {
  noClose: "No Close yet. Close the tab that is watched to see one.",
  ended: "Open a page in that tab, and it is watched here.",
};

const place = document.getElementById("place");

function start() {
  const [, given] = /^#id=([\w-]{16,64})$/.exec(location.hash) ?? [];
  const id = given ?? load("watching", null); // a reload goes on watching
  if (!id) return;
  save("watching", id);
  history.replaceState(null, "", location.pathname);
  const secrets = new Secrets();
  secrets.learn(id);
  const view = new WireView(new Source(id), secrets, WORDS);
  view.handshake.open = true;
  place.replaceChildren(view.root);
  view.open();
}

start();
// A handout has the whole request.
addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll(".fold > details")) fold.open = true;
});
// Another id for a page that is already there.
addEventListener("hashchange", () => location.hash !== "" && location.reload());
