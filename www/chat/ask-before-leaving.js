// Asks before the page is left or reloaded while a photo is not sent yet. The texts of the outbox are stored and
// survive that; photos would be too large for the storage.

const preview = document.getElementById("photo-preview");

export function askBeforeLeaving(connection) {
  // For Back, Firefox does not keep a page that listens to "beforeunload", so it listens only when needed.
  let isAsking = false;

  function update() {
    const isUnsent = preview.open || connection.outbox.entries.some(({ bytes }) => bytes);
    if (isUnsent === isAsking) return;
    isAsking = isUnsent;
    if (isUnsent) addEventListener("beforeunload", ask);
    else removeEventListener("beforeunload", ask);
  }

  const ask = (event) => event.preventDefault(); // the browser asks in its own words

  connection.outbox.addEventListener("change", update);
  new MutationObserver(update).observe(preview, { attributeFilter: ["open"] });
}
