// Draws the handshake: the request and the answer line by line, and how the accept value is computed.
// handshake.js explains; here it becomes elements, with dots in place of secrets.

import { compareValues } from "./compare-values.js";
import { DOT, coverText } from "./cover.js";
import { createCode, createElement } from "./create-element.js";
import { plural } from "./format.js";
import {
  acceptSteps, explainHead, explainHiding, isOrdinaryLine, pathOf, proxyHeaders, statusOf,
} from "./handshake.js";
import { linkedSentence } from "./linked-sentence.js";
import { ACCEPT_STEPS, placeOfLine } from "./source-places.js";

/** Draws a handshake into these elements of the view. What was unfolded stays unfolded. */
export function drawHandshake({ handshake: place, handshakeSummary, handshakeBody }, handshake, secrets) {
  const accept = acceptSteps(handshake);
  const wereOpen = Array.from(handshakeBody.querySelectorAll("details"), (fold) => fold.open);
  handshakeBody.replaceChildren(...drawBody(handshake, accept, secrets));
  handshakeBody.querySelectorAll("details").forEach((fold, index) => {
    fold.open = wereOpen[index] ?? false;
  });
  const tick = accept.matches ? "✓" : "✗ wrong accept value";
  handshakeSummary.textContent = `GET ${pathOf(handshake.request)} → ${statusOf(handshake.response)} ${tick}`;
  place.hidden = false;
  const wasWrong = place.classList.contains("wrong");
  place.classList.toggle("wrong", !accept.matches);
  if (accept.matches || wasWrong) return;
  place.open = true;
  handshakeBody.querySelector(".compared").scrollIntoView({ block: "center" });
}

function drawBody(handshake, accept, secrets) {
  const { request, response } = handshake;
  const isProxied = proxyHeaders(request).length > 0;
  const answer = drawHead("The answer, from the server", response, false, secrets);
  if (!accept.matches) markWrong(answer[1], accept);
  return [
    ...drawHead(`The request, from ${isProxied ? "a proxy" : "the browser"}`, request, true, secrets),
    ...answer,
    ...drawAcceptSteps(accept, secrets),
  ];
}

/** Marks the accept value in the lines of the 101, with the right one beside it. */
function markWrong(lines, { answered, right }) {
  const values = Array.from(lines.querySelectorAll(".header-name + code"));
  values.find((it) => it.textContent.trim() === answered)?.replaceWith(" ", compareValues(answered, right));
}

function drawHead(title, head, isRequest, secrets) {
  // Covered as a whole: some secrets are found by what stands around them.
  const lines = explainHead(coverText(head, secrets), isRequest);
  const items = [];
  let ordinary = [];
  for (const line of lines) {
    if (isRequest && isOrdinaryLine(line.line)) {
      ordinary.push(line);
      continue;
    }
    if (ordinary.length > 0) items.push(drawFold(ordinary));
    ordinary = [];
    items.push(drawLine(line, isRequest));
  }
  return [createElement("h3", {}, title), createElement("ol", { class: "head" }, ...items)];
}

function drawLine({ line, sentence }, isRequest) {
  const isStatusLine = !isRequest && line.startsWith("HTTP");
  const [name, value] = isStatusLine ? [line, ""] : splitLine(line);
  const text = line === ""
    ? createElement("span", { class: "empty-line" }, "(empty)")
    : createCode(name, { class: "header-name" });
  const item = createElement("li", {},
    createElement("p", {}, text, value === "" ? "" : createCode(value)),
    createElement("p", { class: "words" }, ...linkedSentence(sentence, placeOfLine(line, isRequest))));
  if (line.includes(DOT)) item.append(createElement("p", { class: "words" }, explainHiding(line)));
  return item;
}

/** Draws lines that have nothing to do with WebSocket: at their place, but folded up. */
function drawFold(lines) {
  const title = `${plural(lines.length, "more line")}, as in any other request`;
  const items = lines.map((line) => drawLine(line, true));
  return createElement("li", { class: "fold" },
    createElement("details", {},
      createElement("summary", {}, title),
      createElement("ol", { class: "head-more" }, ...items)));
}

/** Splits a line into a header field's name with the colon, or the request's method, and the rest. */
function splitLine(line) {
  const [, name, rest] = /^([A-Z]+ |[^\s:]+:)?(.*)$/.exec(line);
  return name ? [name, rest] : [line, ""];
}

function drawAcceptSteps({ steps, matches, answered, right }, secrets) {
  const items = steps.map(({ sentence, value }) =>
    createElement("li", {},
      createElement("p", { class: "words" }, sentence),
      createCode(coverText(value, secrets))));
  if (!matches) items.at(-1).lastChild.replaceWith(compareValues(answered, right));
  const verdict = matches
    ? "It matches the 101 ✓ So the answer belongs to this request, and its sender speaks WebSocket."
    : "It does not match the 101 ✗ A browser ends such a connection at once, and tells its page only 1006.";
  return [
    createElement("h3", {}, "Where the accept value comes from"),
    createElement("ol", { class: "steps" }, ...items),
    createElement("p", { class: matches ? "verdict" : "verdict wrong" }, ...linkedSentence(verdict, ACCEPT_STEPS)),
  ];
}
