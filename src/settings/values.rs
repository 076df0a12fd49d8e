//! The values of options that are more than a word, checked, and the sentences about wrong ones.

use std::ffi::OsStr;

use crate::{handshake::origin::Origin, http::Authority, text::is_invisible};

/// The most bytes of a passphrase. A much longer one would not fit into a request head.
const PASSPHRASE_MAX: usize = 1024;

/// A name of the server. Errors: a sentence, as in all functions below.
pub fn host(name: &str) -> Result<String, String> {
    match Authority::parse(name) {
        Some(Authority { host, is_address: false, port: None }) => Ok(host),
        Some(Authority { is_address: true, .. }) => {
            Err("addresses are let in anyway; a name is wanted here".to_string())
        }
        _ => Err("a name is wanted here, such as chat.example, without port or path".to_string()),
    }
}

/// The origin of a page.
pub fn origin(url: &str) -> Result<Origin, String> {
    let wanted = "a scheme, a host and perhaps a port are wanted here, such as https://chat.example, or any";
    let url = url.trim_end_matches('/').to_ascii_lowercase();
    Origin::parse(&url).ok_or_else(|| wanted.to_string())
}

/// A passphrase that people can type and clients can send.
pub fn passphrase(words: &str) -> Result<String, String> {
    if words.chars().any(char::is_control) {
        return Err("there is a control character in it, which people cannot type".to_string());
    }
    if words.chars().all(|c| c.is_whitespace() || is_invisible(c)) {
        return Err("there are only blanks in it".to_string());
    }
    if words.len() > PASSPHRASE_MAX {
        return Err(format!("it is longer than {PASSPHRASE_MAX} bytes"));
    }
    Ok(words.to_string())
}

/// What is wrong with a value. A passphrase is not repeated, since it may be the right one.
pub fn complaint(name: &str, option: &str, value: &OsStr, why: &str) -> String {
    let value = if name == "passphrase" { "…".into() } else { value.to_string_lossy() };
    format!("{}: {why}", format!("{option}{value}").trim_end())
}

/// That there is no such option, and which one is spelled most like it.
pub fn unknown(given: &str, known: impl Iterator<Item = String>) -> String {
    let likeness = |name: &str| {
        let is_same = |(a, b): &(u8, u8)| a.eq_ignore_ascii_case(b);
        let front = given.bytes().zip(name.bytes()).take_while(is_same).count();
        front + given.bytes().rev().zip(name.bytes().rev()).take_while(is_same).count()
    };
    let is_near = |name: &String| likeness(name) * 2 > given.len();
    let nearest = known.filter(is_near).max_by_key(|name| likeness(name));
    let hint = nearest.map_or(String::new(), |name| format!(" Perhaps {name} is meant."));
    format!("{given} is no option here; --help lists them.{hint}")
}
