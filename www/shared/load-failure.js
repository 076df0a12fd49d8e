// Says it when a file of the page did not arrive: a page that lacks one of its modules does nothing at all.
// This is no module, so that it runs without them. The event of a script does not bubble: hence the `true`.
addEventListener("error", ({ target }) => {
  const state = document.getElementById("state");
  if (!(target instanceof HTMLScriptElement) || !state) return;
  state.textContent = "A file of this page did not arrive. Please reload the page.";
}, true);
