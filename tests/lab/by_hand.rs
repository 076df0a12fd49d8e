//! Exercises 1, 2 and 4: a handshake and a frame that the student makes by hand, and a handshake that is wrong.

use tungstenite::handshake::derive_accept_key;

use super::frame::{Frame, TEXT, hex};
use super::socket::ask;
use super::table::{Exercise, Expectation, Random, base64};
use super::{Check, Failure};

/// Compares the student's answer with the right one. Without an answer it says what is asked.
pub fn check_answer(check: &Check, exercise: &Exercise) -> Result<(), Failure> {
    let words = &check.words;
    let frame = Frame { first: TEXT, key: Some(words.mask), payload: words.fill("{1}").into_bytes() };
    let question = match exercise.ask.as_deref() {
        Some("accept") => format!("Which Sec-WebSocket-Accept belongs to Sec-WebSocket-Key: {} ?", words.key),
        _ => format!(
            "Which bytes are the text “{}” as one frame of a client’s, with the masking key {} ?",
            words.fill("{1}"),
            hex(&words.mask)
        ),
    };
    let Some(answer) = check.answer.as_deref().map(str::trim) else {
        let answer = format!("Answer with: make lab N={} SEED={} ANSWER=\"…\"", exercise.number, words.seed);
        return Err(vec![question, answer]);
    };
    if exercise.ask.as_deref() == Some("accept") {
        let right = derive_accept_key(words.key.as_bytes());
        return match answer == right {
            true => Ok(()),
            false => Err(vec![question, format!("received “{answer}”"), why_not_accept(answer).to_string()]),
        };
    }
    let digits: String = answer.chars().filter(|c| !c.is_whitespace()).collect();
    let pairs: Option<Vec<u8>> =
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()).collect();
    let wrong = |why: String| Err(vec![question.clone(), format!("received “{answer}”"), why]);
    match pairs.as_deref().map(|bytes| (bytes, Frame::parse(bytes))) {
        None => wrong("This is not pairs of hex digits.".to_string()),
        Some((_, None)) => wrong("This is no whole frame: the header promises more bytes.".to_string()),
        Some((bytes, Some((received, end)))) if end < bytes.len() => {
            let says = received.payload.len();
            wrong(format!(
                "Payload length: your header says {says}, the payload has {} bytes.",
                says + bytes.len() - end
            ))
        }
        Some((_, Some((received, _)))) => frame.difference(&received).map_or(Ok(()), wrong),
    }
}

/// What the form of a wrong accept value says of the mistake.
fn why_not_accept(answer: &str) -> &'static str {
    match answer.len() {
        40 => "These are 40 hex digits: the 20 bytes of SHA-1 have to be written in base64.",
        28 => {
            "The form is right, the value is not: key and 258EAFA5-… in a row, and nothing behind, no line end."
        }
        _ => "An accept value has 28 characters: 20 bytes in base64.",
    }
}

/// Checks the accept value on one path, for two keys, so that no constant does.
pub fn check_accept(check: &Check, expectation: &Expectation) -> Result<(), Failure> {
    let path = expectation.json["on"].as_str().expect("a path");
    let target = if path == "/wire" { check.words.fill("/wire?id={id}") } else { path.to_string() };
    let second = base64(&Random::new(u32::from_be_bytes(check.words.mask)).bytes::<16>());
    for key in [&check.words.key, &second] {
        let hashed = if path == "/wire" { key } else { key.trim_end_matches('=') };
        let expected = derive_accept_key(hashed.as_bytes());
        let asked = format!("sent     Sec-WebSocket-Key: {key}");
        let (_, head, _) = ask(check.server.port, &target, key).map_err(|why| vec![asked.clone(), why])?;
        let field = |line: &str| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("sec-websocket-accept").then(|| value.trim().to_string())
        };
        let received = head.lines().find_map(field).unwrap_or_else(|| "(none)".to_string());
        let right = derive_accept_key(key.as_bytes());
        let why = match received == right {
            true => "✓ right for this key".to_string(),
            false => format!("✗ wrong. Right for this key: {right} ✓"),
        };
        if received != expected {
            return Err(vec![
                asked,
                format!("expected Sec-WebSocket-Accept: {expected}"),
                format!("received Sec-WebSocket-Accept: {received} {why}"),
            ]);
        }
    }
    Ok(())
}
