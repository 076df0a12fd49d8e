//! Checks JSON without a tree of it: events are passed on as they came, and `packet.rs` only has to know that clients
//! can read them. serde_json's tree takes up to 80 times the bytes of its text, in each thread's part of the heap.

use serde_json::{Deserializer, Value};

/// The deepest nesting that is read, as in serde_json.
const DEPTH_MAX: usize = 127;

/// Whether a text is JSON. serde_json reads its texts and numbers, one at a time.
pub fn is_json(text: &str) -> bool {
    skip_value(text, DEPTH_MAX).is_some_and(|rest| skip_blanks(rest).is_empty())
}

/// The text in quotes that JSON begins with.
pub fn first_text(json: &str) -> Option<String> {
    Deserializer::from_str(json).into_iter().next()?.ok()
}

/// What stands behind the JSON value that comes first; `None` if there is none.
fn skip_value(text: &str, depth_left: usize) -> Option<&str> {
    let text = skip_blanks(text);
    let (end, is_object) = match text.as_bytes().first()? {
        b'[' => (']', false),
        b'{' => ('}', true),
        _ => {
            let mut values = Deserializer::from_str(text).into_iter::<Value>();
            values.next()?.ok()?;
            return Some(&text[values.byte_offset()..]);
        }
    };
    let depth_left = depth_left.checked_sub(1)?;
    let mut rest = skip_blanks(&text[1..]);
    if let Some(rest) = rest.strip_prefix(end) {
        return Some(rest);
    }
    loop {
        if is_object {
            let key = Some(skip_blanks(rest)).filter(|rest| rest.starts_with('"'))?;
            rest = skip_blanks(skip_value(key, 0)?).strip_prefix(':')?;
        }
        rest = skip_blanks(skip_value(rest, depth_left)?);
        if let Some(rest) = rest.strip_prefix(end) {
            return Some(rest);
        }
        rest = rest.strip_prefix(',')?;
    }
}

fn skip_blanks(json: &str) -> &str {
    json.trim_start_matches([' ', '\t', '\r', '\n'])
}
