//! Random texts that cannot be guessed, and the hash under which a secret is stored and compared.

use std::sync::{LazyLock, Mutex};

use tungstenite::handshake::client::generate_key;
use tungstenite::handshake::derive_accept_key;

use crate::mutex::lock;

/// SHA-1 in base64, 28 characters: the hash of the handshake, which tungstenite exports. (So the fixed
/// text of RFC 6455, 1.3 is hashed too, which makes no difference here.) SHA-1 is broken for signatures,
/// where an attacker chooses both inputs, and good enough for this use.
pub fn sha1_base64(text: &str) -> String {
    derive_accept_key(text.as_bytes())
}

/// A new random text with 128 bits of entropy, in 27 characters that need no encoding in a URL: letters, digits,
/// `-` and `_`.
pub fn unguessable_in_url() -> String {
    unguessable().replace('+', "-").replace('/', "_").replace('=', "")
}

/// The same in base64, 28 characters.
///
/// std has no random numbers for secrets. tungstenite generates them for the keys of clients; it is asked once, for
/// a secret. Each call hashes the secret twice: for the text, and for the next secret. Earlier texts
/// cannot be computed from today's secret.
///
/// *Speed*: tungstenite's generator keeps 0.5 kB for each thread that has ever used it.
fn unguessable() -> String {
    static SECRET: LazyLock<Mutex<String>> = LazyLock::new(|| Mutex::new(generate_key()));
    let mut secret = lock(&SECRET);
    let text = sha1_base64(&format!("{secret} text"));
    *secret = sha1_base64(&format!("{secret} next"));
    text
}
