// Random ids. (`crypto.randomUUID` does not exist on pages that are served over plain http.)

/** Returns `length` random bytes in hex. */
export function randomId(length) {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
