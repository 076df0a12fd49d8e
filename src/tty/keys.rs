//! Bytes from a raw terminal become keys. A key is the text of its bytes: `a`, `\r`, `\x1b[A`.
//!
//! A paste of several lines becomes one text with line breaks, `\n`, to be read before Enter, `\r`, sends
//! it. Terminals with bracketed paste say where a paste begins and ends. What is pasted may contain the
//! sequence for the end itself, so the paste ends only where a pause follows; and where there is no bracketed
//! paste, an Enter with more bytes close behind it is a line break.

use std::mem::take;
use std::time::{Duration, Instant};

/// Bytes that come closer together than this are one burst: a paste, and not a person's typing.
const PAUSE: Duration = Duration::from_millis(30);
/// A paste whose end does not come for this long is over.
const PASTE_PAUSE: Duration = Duration::from_secs(1);

/// Finds the keys in the bytes that come from the terminal.
#[derive(Default)]
pub struct Keys {
    /// What is not decided yet: the start of a key, or an Enter.
    bytes: Vec<u8>,
    /// When the last bytes came; `None` after a pause.
    last: Option<Instant>,
    /// Whether a paste has begun, and whether its end has come.
    in_paste: bool,
    paste_ended: bool,
    /// Whether the burst has a line break.
    has_break: bool,
}

impl Keys {
    /// When to call [`Keys::pause`] if no more bytes come.
    pub fn pause_at(&self) -> Option<Instant> {
        let pause = if self.in_paste && !self.paste_ended { PASTE_PAUSE } else { PAUSE };
        self.last.map(|last| last + pause)
    }

    /// Takes the next bytes and the time when they came. Returns the keys in them.
    pub fn feed(&mut self, bytes: &[u8], at: Instant) -> Vec<String> {
        let mut keys: Vec<String> = self.pause(at).into_iter().collect();
        let is_alone = bytes.len() == 1 && self.bytes.is_empty(); // a key, and not part of a paste
        self.last = Some(at);
        self.bytes.extend_from_slice(bytes);
        while let Some(length) = self.first_length() {
            let key = String::from_utf8_lossy(&self.bytes[..length]).replace('\n', "\r");
            let next = self.bytes.get(length).copied();
            if key == "\r" && next.is_none() && !is_alone && !self.in_paste {
                break; // what comes next decides
            }
            self.bytes.drain(..length);
            self.paste_ended = key == "\x1b[201~";
            let is_text = |next: u8| !next.is_ascii_control() || b"\t\r\n".contains(&next);
            match key.as_str() {
                "\x1b[200~" => self.in_paste = true,
                "\r" if self.in_paste || self.has_break || next.is_some_and(is_text) => {
                    self.has_break = true;
                    keys.push("\n".to_string());
                }
                "\x1b\r" => keys.push("\n".to_string()), // Alt-Enter
                "\t" if self.in_paste || self.has_break => keys.push("    ".to_string()),
                "\u{FFFD}" => {} // no UTF-8
                _ if self.in_paste && key.starts_with(char::is_control) => {}
                _ => keys.push(key),
            }
        }
        keys
    }

    /// If there has been a pause until `now`: an Enter that was the last before it is meant to send.
    pub fn pause(&mut self, now: Instant) -> Option<String> {
        self.pause_at().filter(|at| *at <= now)?;
        let sends = !self.has_break && (self.bytes == b"\r" || self.bytes == b"\n");
        // An Escape alone means nothing, but a slow line may divide a character.
        let bytes = take(&mut self.bytes).into_iter().filter(|byte| *byte >= 0x80).collect();
        *self = Keys { bytes, ..Keys::default() };
        sends.then(|| "\r".to_string())
    }

    /// The number of bytes of the first key; `None` if they have not all come.
    fn first_length(&self) -> Option<usize> {
        let length = match self.bytes[..] {
            [] => return None,
            [0x1B, b'[', b'[', ..] => 4, // F1 to F5 of Linux's own console
            [0x1B, b'[', ref rest @ ..] => 3 + rest.iter().position(|byte| (0x40..0x7F).contains(byte))?,
            [0x1B, b'O', ..] => 3,
            [0x1B, ..] => 2, // Alt with a key, or Escape alone
            [first, ..] if first >= 0xC0 => first.leading_ones() as usize, // UTF-8 (RFC 3629, 3)
            _ => 1,
        };
        (length <= self.bytes.len()).then_some(length)
    }
}
