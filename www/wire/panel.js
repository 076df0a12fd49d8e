// The wire view beside the page whose connection it watches: a panel, opened by a button in the header.
// While it is closed, there is no connection to /wire.

import { wireId } from "./id.js";
import { make } from "./create-element.js";
import { Secrets } from "./secrets.js";
import { Source } from "./connection.js";
import { WireView } from "./view.js";

/** The page may tell it what else is secret: `secrets.learn(token)`. */
export const secrets = new Secrets();
secrets.learn(wireId);

const opener = document.getElementById("wire-button");
const view = new WireView(new Source(wireId), secrets);
const close = make("button", { type: "button", class: "quiet" }, "Close");
const elsewhere = make("a", { href: "wire.html" }, "Second screen");
const panel = make("section", { id: "wire", "aria-labelledby": "wire-title", hidden: true },
  make("div", { class: "wire-title" }, make("h2", { id: "wire-title" }, "Wire view"), view.stateLine, elsewhere, close),
  view.root);
document.body.querySelector("main").after(panel);

/** In a narrow window it takes the place of the page, all but the box in which one writes: see wire.css. */
const narrow = matchMedia("(width < 64em)");

function show(isOpen) {
  panel.hidden = !isOpen;
  document.body.classList.toggle("wired", isOpen);
  opener.setAttribute("aria-expanded", String(isOpen));
}

function openPanel() {
  show(true);
  view.open();
  if (narrow.matches) close.focus(); // the button that has opened it is not there any more
}

function closePanel() {
  show(false);
  view.close();
  view.hideSecrets();
  opener.focus();
}

opener.addEventListener("click", () => (panel.hidden ? openPanel() : closePanel()));
close.addEventListener("click", closePanel);
panel.addEventListener("keydown", ({ key }) => key === "Escape" && closePanel());

/** The id comes after the #, so that it is in no request, and is not in the page while it is hidden. */
const address = `wire.html#id=${wireId}`;
for (const type of ["click", "auxclick"]) {
  elsewhere.addEventListener(type, (event) => {
    if (event.button > 1) return;
    event.preventDefault();
    open(address, "_blank", "noopener"); // with an opener it would get a copy of this tab's storage
  });
}
secrets.addEventListener("change", () => (elsewhere.href = secrets.shown ? address : "wire.html"));
