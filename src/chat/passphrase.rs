//! The passphrase of the chat, `--passphrase`, if it has one.

use std::hint::black_box;

use crate::secret::sha1_base64;

/// Whether `given` is the passphrase. It always is if the chat has none.
///
/// The comparison takes constant time: how long the answer takes must not tell a client how much of
/// its guess was right. It compares hashes, because an attacker cannot vary those byte by byte, and
/// compares all of their bytes. `black_box` keeps the compiler from leaving the loop early.
pub fn is_right(passphrase: Option<&str>, given: Option<&str>) -> bool {
    let Some(passphrase) = passphrase else { return true };
    let (right, given) = (sha1_base64(passphrase), sha1_base64(given.unwrap_or_default()));
    let differences = right.bytes().zip(given.bytes()).map(|(a, b)| a ^ b);
    differences.fold(0, |all, difference| black_box(all | difference)) == 0
}
