//! The handshake: a [`Request`] in, the `101 Switching Protocols` out, or a refusal with a reason.
//!
//! In a connection's life this comes after the head is read and before the first frame. RFC 6455,
//! 4.2.1 lists what a client has to send; the numbers below are the items of that list. Two of them
//! stand elsewhere: that Host names this server (item 2) in `http/host.rs`, that the page may connect
//! (item 7) in `handshake/origin.rs`.

use tungstenite::handshake::derive_accept_key;

use crate::http::{Request, Response, decode_text, form_value};

pub mod origin; // item 7: which pages may connect
pub mod client; // the other side: what a client sends, and how it checks the answer

/// Whether a request asks for a WebSocket at all (items 1 and 3): a GET on HTTP/1.1 with
/// `Upgrade: websocket`. HTTP/1.0 has no upgrades (RFC 9110, 7.8).
pub fn wants_websocket(request: &Request) -> bool {
    request.method == "GET" && !request.is_http_1_0 && request.has_token("upgrade", "websocket")
}

/// The answer to a request for a WebSocket: the 101 (RFC 6455, 4.2.2).
///
/// Offers of extensions and of other subprotocols than ours (items 9 and 8) get no answer, which declines
/// them. Some clients then close the connection, because they insist on their subprotocol.
/// Errors: the refusal to send: 400 or 426, with a sentence that says what is wrong.
pub fn upgrade(request: &Request) -> Result<Response, Response> {
    let bad = |why: &str| Err(Response::refusal(400, why));
    // Item 4: Connection.
    if !request.has_token("connection", "upgrade") {
        return bad("there is an Upgrade header, but no Connection: Upgrade");
    }
    // Not in the list: the bytes of a body would be taken for frames.
    if request.has_body {
        return bad("a request to upgrade cannot have a body");
    }
    // Item 6: the version. The refusal names the one to use (RFC 6455, 4.4).
    if request.headers("sec-websocket-version").collect::<Vec<_>>() != ["13"] {
        let why = "Sec-WebSocket-Version must be 13, the one of RFC 6455";
        return Err(upgrade_required(why).with_header("Sec-WebSocket-Version", "13"));
    }
    // Item 5: the key.
    let [key] = request.headers("sec-websocket-key").collect::<Vec<_>>()[..] else {
        return bad("there has to be one Sec-WebSocket-Key");
    };
    let why = match base64_size(key) {
        Some(16) => None,
        Some(size) => Some(format!("this one has {size}")),
        None => Some("this is not base64".to_string()),
    };
    if let Some(why) = why {
        return bad(&format!("Sec-WebSocket-Key must be 16 bytes in base64; {why}"));
    }
    let mut response =
        Response::new(101).with_header("Upgrade", "websocket").with_header("Connection", "Upgrade");
    // Item 8: one of the offered ones and never more, so what `secret` reads is not repeated.
    if request.items("sec-websocket-protocol").any(|offer| offer == SUBPROTOCOL) {
        response = response.with_header("Sec-WebSocket-Protocol", SUBPROTOCOL);
    }
    // The accept value is the key and a fixed text, hashed with SHA-1, in base64. It proves that this
    // is the answer to this request, from a program that speaks WebSocket.
    Ok(response.with_header("Sec-WebSocket-Accept", derive_accept_key(key.as_bytes())))
}

/// The subprotocol that the pages offer.
const SUBPROTOCOL: &str = "partyline";

/// A secret of the page that asks, `token` or `passphrase`. A script can set no header field of a handshake
/// but its offer of subprotocols, and what stands in the URL would be written into the logs of proxies. So
/// pages offer a second one, `secret.` and then `token=…&passphrase=…`, percent-encoded once more because
/// an offer may have no `=` and no `&`.
pub fn secret(request: &Request, name: &str) -> Option<String> {
    let mut offers = request.items("sec-websocket-protocol");
    let encoded = offers.find_map(|offer| offer.strip_prefix("secret."))?;
    form_value(&decode_text(encoded)?, name)
}

/// 426 Upgrade Required: the client has to ask with `Upgrade: websocket`, or with another version.
pub fn upgrade_required(why: &str) -> Response {
    // A message with Upgrade has to list it in Connection (RFC 9110, 7.8).
    Response::refusal(426, why)
        .with_header("Upgrade", "websocket")
        .with_header("Connection", "close, Upgrade")
}

/// How many bytes the base64 in `text` stands for (RFC 4648, section 4); `None` if it is not base64.
fn base64_size(text: &str) -> Option<usize> {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let is_digit = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
    let is_complete = text.len().is_multiple_of(4) && padding <= 2;
    (is_complete && digits.bytes().all(is_digit)).then_some(digits.len() * 3 / 4)
}
