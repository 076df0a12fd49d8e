// The door of a chat that has a passphrase: a form in the place of all the rest, until the server says
// welcome.

const door = document.getElementById("door");
const form = document.getElementById("door-form");
const input = document.getElementById("passphrase");
const note = document.getElementById("door-note");

export function askForPassphrase(connection) {
  function lock(isLocked) {
    door.hidden = !isLocked;
    document.body.classList.toggle("locked", isLocked);
  }

  connection.addEventListener("state", ({ detail: { state, isWrong } }) => {
    if (state === "locked") {
      lock(true);
      note.textContent = isWrong ? "That is not the passphrase." : "";
      input.select(); // what is typed next replaces it
      input.focus();
    } else if (state === "open" && !door.hidden) {
      lock(false);
      input.value = "";
      document.getElementById("text").focus();
    }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (connection.state === "connecting") return; // it has been said, and the answer takes a second
    note.textContent = "";
    connection.unlock(input.value);
  });
}
