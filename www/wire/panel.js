// The wire view beside the page whose connection it watches: a panel that a button in the header opens. The
// chat, echo.html and broadcast.html load it. While the panel is closed there is no connection to /wire.

import { createElement } from "./create-element.js";
import { wireId } from "./id.js";
import { Secrets } from "./secrets.js";

/** The page tells it what else has to be hidden: `secrets.learn(token)`. */
export const secrets = new Secrets();
secrets.learn(wireId);

const openButton = document.getElementById("wire-button");
const closeButton =
  createElement("button", { type: "button", class: "quiet close", "aria-label": "Close the wire view", title: "Close" }, "×");
const secondScreenLink = createElement("a", { href: "wire.html", title: "This view alone in a tab of its own, for a projector" },
  "Second screen");
const title = createElement("h2", { id: "wire-title", class: "hidden" }, "Wire view");
export const panel = createElement("section", { id: "wire", "aria-labelledby": "wire-title", hidden: true },
  createElement("div", { class: "wire-title" }, title, closeButton));
document.body.querySelector("main").after(panel);

/** A promise of the view, from the first time that the panel is opened. */
let viewPromise = null;

/** Loads the view and puts it into the panel. It has as many files as the rest of the page, so a page that
 *  does not show it loads faster without them. */
async function loadView() {
  const [{ WireConnection }, { WireView }] = await Promise.all([import("./connection.js"), import("./view.js")]);
  const view = new WireView(new WireConnection(wireId), secrets);
  title.after(view.tools);
  view.moreTools.append(secondScreenLink);
  view.emptyLine.after(createHelloButton());
  panel.append(view.root);
  return view;
}

/** Says “Hello” in the page's own message box, so that there is a frame to look at. */
function createHelloButton() {
  const button = createElement("button", { type: "button", class: "quiet hello" });
  const box = document.getElementById("text");
  button.addEventListener("click", () => {
    if (box.value === "") box.value = "Hello"; // what is already written is sent instead
    box.form.requestSubmit();
  });
  // Its name says when everyone will read it, as the label of the box does.
  const [label] = box.labels;
  function nameButton() {
    button.textContent = `Send “Hello”${label.textContent.endsWith(" to everyone") ? " to everyone" : ""}`;
  }
  new MutationObserver(nameButton).observe(label, { childList: true });
  nameButton();
  return button;
}

/** In a narrow window the panel takes the place of the page, all but the message box: see panel.css. */
export const narrowWindow = matchMedia("(width < 64em)");

function showPanel(isShown) {
  panel.hidden = !isShown;
  document.body.classList.toggle("wired", isShown);
  openButton.setAttribute("aria-expanded", String(isShown));
}

async function openPanel() {
  showPanel(true);
  if (narrowWindow.matches) closeButton.focus(); // the button that was pressed is hidden now
  viewPromise ??= loadView();
  try {
    const view = await viewPromise;
    if (!panel.hidden) view.open(); // it may have been closed meanwhile
  } catch {
    viewPromise = null; // the next press tries again
    closePanel();
  }
}

export function closePanel() {
  showPanel(false);
  viewPromise?.then((view) => view.close(), () => {}); // openPanel handles the error
  openButton.focus();
}

openButton.addEventListener("click", () => {
  if (panel.hidden) openPanel();
  else closePanel();
});
closeButton.addEventListener("click", closePanel);
panel.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !panel.querySelector(":popover-open")) closePanel();
});

// The link to the second screen contains the wire id, and anyone who can read it from the page could watch.
// So while secrets are hidden, the link has no id, and a press opens the address all the same. The id stands
// after the #, because browsers do not send that part to a server.
const secondScreenAddress = `wire.html#id=${wireId}`;
for (const type of ["click", "auxclick"]) {
  secondScreenLink.addEventListener(type, (event) => {
    const isRightButton = event.button > 1;
    if (isRightButton) return;
    event.preventDefault();
    // Without "noopener" the new tab would get a copy of this tab's storage, and so the same token.
    open(secondScreenAddress, "_blank", "noopener");
  });
}
secrets.addEventListener("change", () => {
  secondScreenLink.href = secrets.shown ? secondScreenAddress : "wire.html";
});
