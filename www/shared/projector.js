// Large letters, for a page that a class reads from the back row: `?projector` in the address, or the button.
// The tab remembers it, so that the lab's pages have it too. style.css says how large they are.
// This is no module, so that it runs before anything is drawn.
{
  const KEY = `chat${location.pathname.replace(/\/[^/]*$/, "")}.projector`; // as storage.js would call it
  const root = document.documentElement;

  function show(isLarge) {
    root.classList.toggle("projector", isLarge);
    document.getElementById("projector-button")?.setAttribute("aria-pressed", String(isLarge));
  }

  let isLarge = new URLSearchParams(location.search).has("projector");
  try {
    isLarge ||= sessionStorage.getItem(KEY) === "true";
    sessionStorage.setItem(KEY, String(isLarge));
  } catch {
    // The browser refuses storage: the address still counts.
  }
  show(isLarge);

  addEventListener("DOMContentLoaded", () => {
    show(isLarge);
    document.getElementById("projector-button")?.addEventListener("click", () => {
      isLarge = !isLarge;
      show(isLarge);
      try {
        sessionStorage.setItem(KEY, String(isLarge));
      } catch {
        // As above.
      }
    });
  });
}
