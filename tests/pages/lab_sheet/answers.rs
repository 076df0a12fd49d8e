//! Check of exercises 1 and 2, which ask for an answer. (`make lab-check` has the same mistakes for `make lab`.)

use partyline::by_hand::{base64, sha1};
use tungstenite::handshake::derive_accept_key;

use super::*;

#[allow(dead_code)]
#[path = "../../lab/table.rs"]
mod table;

/// What a server adds to the key (RFC 6455, 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

#[test]
fn answers_are_right_or_say_what_is_wrong() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = open_sheet(&browser, &server, (1280, 800));
    let seed: u32 = page.evaluate_text("part(1, 'label input').value").parse().unwrap();
    let words = table::Words::new(seed);
    assert!(page.evaluate_text("part(1, '.question').textContent").contains(&words.key));
    let answer = |n: u64, answer: &str| {
        page.evaluate(&format!("part({n}, '.run > input').value = {}", json!(answer)));
        check(&page, n);
        page.evaluate_text(&format!("verdict({n})"))
    };
    assert!(answer(1, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=").contains("The form is right, the value is not"));
    assert!(answer(1, "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8").contains("40 hex digits"));
    let hash = |text: &str| base64(&sha1(text.as_bytes()));
    let both = format!("{}{GUID}", words.key);
    let hex_text: String = sha1(both.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(answer(1, &hash(&both.replace('=', ""))).contains("hashed without its =="));
    assert!(answer(1, &hash(&both.replace(GUID, &GUID.to_lowercase()))).contains("small letters"));
    assert!(answer(1, &hash(&format!("{both}\n"))).contains("printf, not echo"));
    assert!(answer(1, &base64(format!("{hex_text}\n").as_bytes())).contains("have been put into base64"));
    let decode = format!("Array.from(atob('{}'), (it) => it.charCodeAt(0))", words.key);
    let key: Vec<u8> = serde_json::from_value(page.evaluate(&decode)).unwrap();
    let decoded = base64(&sha1(&[&key, GUID.as_bytes()].concat()));
    assert!(answer(1, &decoded).contains("The key has been decoded"));
    assert!(answer(1, &derive_accept_key(words.key.as_bytes())).contains("Solved"));
    // The words of the other exercise, of another seed: a person types it.
    page.evaluate(
        "(it => { it.value = '42'; it.dispatchEvent(new Event('input')); })(part(2, 'label input'))",
    );
    let words = table::Words::new(42);
    let text = words.fill("{1}");
    assert!(page.evaluate_text("part(2, '.question').textContent").contains(&format!("“{text}”")));
    let masked: Vec<u8> =
        text.bytes().zip(words.mask.into_iter().cycle()).map(|(byte, key)| byte ^ key).collect();
    let frame = [&[0x81, 0x80 | text.len() as u8][..], &words.mask, &masked].concat();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X} ")).collect::<String>();
    let server_frame = [&[0x81, text.len() as u8], text.as_bytes()].concat();
    assert!(answer(2, &hex(&server_frame)).contains("Mask: expected 1, received 0"));
    assert!(answer(2, &hex(&frame[..frame.len() - 1])).contains("no whole frame"));
    let mut short = frame.clone();
    short[1] -= 2; // the length counted in letters
    let says = format!("your header says {}, the payload has {} bytes", text.len() - 2, text.len());
    assert!(answer(2, &hex(&short)).contains(&says));
    let mut no_mask_bit = frame.clone();
    no_mask_bit[1] &= 0x7F; // what follows seems to be a payload that is too long
    assert!(answer(2, &hex(&no_mask_bit)).contains("Mask: expected 1, received 0"));
    let not_masked = [&frame[..6], text.as_bytes()].concat();
    assert!(answer(2, &hex(&not_masked)).contains("Payload: it is not masked"));
    let mut other_mask = frame.clone();
    other_mask[6] ^= 1;
    assert!(answer(2, &hex(&other_mask)).contains("Payload: byte 1 after unmasking: expected "));
    let decimal: Vec<String> = frame.iter().map(u8::to_string).collect();
    assert!(answer(2, &decimal.join(",")).contains("In hex, please: 81 and not 129."));
    assert!(answer(2, &hex(&frame)).contains("Solved"));
    assert_eq!(page.evaluate("document.querySelectorAll('#list .solved').length"), 2);
    page.assert_clean();
}
