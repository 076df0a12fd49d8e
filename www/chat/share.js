// The sheet "Share": the address of this chat in large letters and as a QR code, for a projector.

import { copyText } from "../shared/copy-text.js";
import { findAddresses, withoutSlash } from "./addresses.js";

const address = document.getElementById("share-address");
const body = document.getElementById("share-body");
const code = new Image();
const note = document.getElementById("share-note");
const passphraseNote = document.getElementById("share-passphrase");
const copyButton = document.getElementById("share-copy");
const others = document.getElementById("share-others");

const REACH = {
  page: "Point a camera at the code, or type the address into a browser.",
  network: "In the same network as this machine, point a camera at the code, or type the address into a browser.",
  vpn: "Only for people in the same VPN as this machine.",
  machine: "This works on this machine only, which seems to be in no network. Is its Wi-Fi on?",
};

/** Starts the buttons that open the sheet. sheet.js opens it. */
export function startSharing() {
  for (const opener of document.querySelectorAll("[data-sheet='share']")) {
    opener.addEventListener("click", open);
  }
  copyButton.addEventListener("click", () => copyText(address.textContent, copyButton));
  code.addEventListener("error", () => {
    code.hidden = true; // there is no code of an address that is too long
  });
}

/** The addresses are asked for each time: the machine may be in another network than before. */
async function open() {
  const { addresses, hasPassphrase } = await findAddresses();
  passphraseNote.hidden = !hasPassphrase;
  show(addresses[0], addresses);
}

/** Shows one address, and buttons for the others. */
function show(shown, addresses) {
  const { url, reach } = shown;
  const text = withoutSlash(url);
  const [, scheme, rest] = /^(https?:\/\/)(.*)$/.exec(text);
  const schemeElement = document.createElement("span");
  schemeElement.className = "scheme";
  schemeElement.textContent = scheme;
  address.replaceChildren(schemeElement, rest);
  address.style.setProperty("--length", text.length); // share.css fits it into one line
  code.id = "share-code";
  code.hidden = false;
  body.prepend(code);
  code.alt = `QR code of ${text}`;
  code.src = `qr.svg?url=${encodeURIComponent(url)}`;
  note.textContent = REACH[reach];
  const buttons = addresses.filter((other) => other !== shown).map((other) => otherButton(other, addresses));
  others.replaceChildren(...buttons);
  others.parentElement.hidden = buttons.length === 0;
}

function otherButton(other, addresses) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.textContent = withoutSlash(other.url) + (other.reach === "vpn" ? " (VPN)" : "");
  button.addEventListener("click", () => {
    show(other, addresses);
    copyButton.focus(); // the button that had the focus is gone
  });
  return button;
}
