// The addresses under which classmates open this chat. The server's half is src/share.rs.

/**
 * Returns { addresses, hasPassphrase }. Each address is { url, reach }, the best first; `reach` is whom it is for:
 * "network", "vpn", "machine" (this machine alone), or "page": it is this page's own address.
 *
 * On "localhost" this page's address is of no use to others. The server knows its machine's addresses, and tells
 * them to such a page only: in front of all other pages may be a proxy, and the page's own address is right.
 */
export async function findAddresses() {
  const own = new URL("./", location.href);
  let found = { addresses: [], passphrase: false };
  try {
    const response = await fetch("share.json");
    if (response.ok) found = await response.json();
  } catch {
    // Without the server the page's own address still is what it is.
  }
  const addresses = found.addresses.map(({ url, vpn }) => ({ url, reach: vpn ? "vpn" : "network" }));
  if (addresses.length === 0) addresses.push({ url: own.href, reach: isLoopback(own.hostname) ? "machine" : "page" });
  return { addresses, hasPassphrase: found.passphrase };
}

/** Returns the address as people type it: without a slash at its end. */
export const withoutSlash = (url) => url.replace(/^(https?:\/\/[^/]+)\/$/, "$1");

const isLoopback = (host) => /(^|\.)localhost$|^127\.|^\[::1\]$/.test(host);
