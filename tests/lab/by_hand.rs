//! Exercises 1, 2 and 4: a handshake and a frame that the student makes by hand, and a handshake that is wrong.

use partyline::by_hand::sha1;
use tungstenite::handshake::derive_accept_key;

use super::frame::{Frame, TEXT, hex};
use super::socket::ask;
use super::table::{Exercise, Expectation, Random, base64};
use super::{Check, Failure};

/// What a server adds to the key (RFC 6455, 1.3).
pub const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Compares the student's answer with the right one. Without an answer it says what is asked.
pub fn check_answer(check: &Check, exercise: &Exercise) -> Result<(), Failure> {
    let words = &check.words;
    let frame = Frame { first: TEXT, key: Some(words.mask), payload: words.fill("{1}").into_bytes() };
    let question = match exercise.ask.as_deref() {
        Some("accept") => format!("Which Sec-WebSocket-Accept belongs to Sec-WebSocket-Key: {} ?", words.key),
        _ => format!(
            "Which bytes, in hex, are the text “{}” as one frame of a client’s, with the masking key {} ?",
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
            false => Err(vec![question, format!("received “{answer}”"), why_not_accept(answer, &words.key)]),
        };
    }
    let wrong = |why: String| Err(vec![question.clone(), format!("received “{answer}”"), why]);
    if is_decimal(answer) {
        return wrong("In hex, please: 81 and not 129.".to_string());
    }
    let digits = answer.replace("0x", "").replace(|c: char| c.is_whitespace() || ":,".contains(c), "");
    let pairs: Option<Vec<u8>> =
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()).collect();
    let Some(bytes) = pairs else { return wrong("This is not pairs of hex digits.".to_string()) };
    // The first two bytes by themselves: without the mask bit, what follows is cut in the wrong place.
    if let [first, second, ..] = bytes[..] {
        let begun = Frame { first, key: (second & 0x80 != 0).then_some(words.mask), ..frame.clone() };
        if let Some(field) = frame.difference(&begun) {
            return wrong(field);
        }
    }
    match Frame::parse(&bytes) {
        None => wrong("This is no whole frame: the header promises more bytes.".to_string()),
        Some((received, end)) if end < bytes.len() => {
            let says = received.payload.len();
            let has = says + bytes.len() - end;
            wrong(format!("Payload length: your header says {says}, the payload has {has} bytes."))
        }
        Some((received, _)) => frame.difference(&received).map_or(Ok(()), wrong),
    }
}

/// Whether these are bytes in decimal: `129,146,166`.
fn is_decimal(answer: &str) -> bool {
    let groups: Vec<&str> = answer.split([' ', ',']).filter(|group| !group.is_empty()).collect();
    groups.iter().all(|group| group.len() <= 3 && group.parse::<u8>().is_ok())
        && groups.iter().any(|group| group.len() == 3)
}

/// Names the mistake that leads to this accept value, or says what its form tells.
fn why_not_accept(answer: &str, key: &str) -> String {
    let both = format!("{key}{GUID}");
    let decoded = [&decode_base64(key), GUID.as_bytes()].concat();
    let hashed = [
        (decoded, "The key has been decoded: hash it as it stands in the header, in base64."),
        (both.replace('=', "").into_bytes(), "The key has been hashed without its ==, which belongs to it."),
        (
            both.replace(GUID, &GUID.to_lowercase()).into_bytes(),
            "258EAFA5-… has been hashed in small letters.",
        ),
        (format!("{both}\n").into_bytes(), "A line end has been hashed too: printf, not echo."),
        (format!("{both}\r\n").into_bytes(), "A line end has been hashed too: printf, not echo."),
    ];
    if let Some((_, why)) = hashed.iter().find(|(bytes, _)| base64(&sha1(bytes)) == answer) {
        return why.to_string();
    }
    let in_hex = |bytes: &[u8]| sha1(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    // The last digit shares its letters with what stands behind: nothing, or a line end.
    let is_hex_text = |bytes: &[u8]| answer.starts_with(&base64(&in_hex(bytes).as_bytes()[..39]));
    if is_hex_text(both.as_bytes()) || hashed.iter().any(|(bytes, _)| is_hex_text(bytes)) {
        return "The 40 hex digits of SHA-1 have been put into base64: it takes the 20 bytes.".to_string();
    }
    match answer.len() {
        40 => "These are 40 hex digits: the 20 bytes of SHA-1 have to be written in base64.",
        28 => {
            "The form is right, the value is not: key and 258EAFA5-… in a row, and nothing behind, no line end."
        }
        _ => "An accept value has 28 characters: 20 bytes in base64.",
    }
    .to_string()
}

/// The bytes of a text in base64.
pub fn decode_base64(text: &str) -> Vec<u8> {
    let digit = |c: &u8| (0..64).find(|value| base64(&[value << 2]).as_bytes()[0] == *c);
    let values: Vec<u8> = text.as_bytes().iter().map_while(digit).collect();
    let bits = |four: &[u8]| four.iter().fold(0_u32, |bits, value| bits << 6 | u32::from(*value));
    values
        .chunks(4)
        .flat_map(|four| {
            let bytes = (bits(four) << (6 * (4 - four.len()))).to_be_bytes();
            bytes[1..four.len()].to_vec()
        })
        .collect()
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
