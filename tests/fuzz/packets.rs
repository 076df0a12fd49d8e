//! Packets of Socket.IO at random, through the function that reads them.

use partyline::socketio::{json_check::is_json, packet::Packet};
use serde_json::Value;

use crate::support::corpus::to_bytes;
use crate::support::fuzzing::fuzz;

#[rustfmt::skip]
const TOKENS: [&[u8]; 34] = [
    b"0", b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"9", b"/", b"/admin,", b",", b"?token=x", b"-", b"99999999999999999",
    b"[", b"]", b"{", b"}", b"\"", b"\\", b"\"a\"", b":", b"null", b"1e999", b"\\ud83d", b"\\ude00", b"\"disconnect\"",
    b"\"connect\"", b" ", b"\xF0\x9F\x98\x80", b"\xFF", b"\x1E", b"[[[[[[[[",
];

/// What is taken for a packet is written again from its parts, which has to give the same packet; an event is a
/// JSON list with a name first that the library's clients accept; and a refusal fits into a Close frame.
#[test]
fn a_packet_is_understood_in_one_way_or_refused() {
    let corpus = to_bytes(&[
        "0",
        "0{\"token\":\"x\"}",
        "0/admin,{\"token\":\"x\"}",
        "0/admin?token=x,",
        "1",
        "1/admin,",
        "2[\"chat message\",\"hi\"]",
        "27[\"a\",{\"n\":[1,null]}]",
        "2/,0[\"a\"]",
        "2/admin,12[1]",
        "37[]",
        "4{\"message\":\"no\"}",
        "51-[\"a\",{\"_placeholder\":true,\"num\":0}]",
        "2[\"\\ud83d\\ude00\"]",
        "",
    ]);
    fuzz("packets", &corpus, &TOKENS, |input, _| {
        let Ok(text) = std::str::from_utf8(input) else { return };
        let Packet { kind, namespace, acknowledge, payload } = match Packet::parse(text) {
            Ok(packet) => packet,
            Err((code, why)) => {
                assert!([1002, 1003, 1007].contains(&u16::from(code)) && (1..=123).contains(&why.len()));
                return;
            }
        };
        assert!(matches!(kind, b'0'..=b'4') && namespace.starts_with('/') && !namespace.contains([',', '?']));
        assert!(acknowledge.is_none_or(|number| number.bytes().all(|digit| digit.is_ascii_digit())));
        if kind == b'2' {
            let list: Vec<Value> = serde_json::from_str(payload).expect("a list");
            assert!(list[0].is_string() || list[0].is_number());
            assert!(!["connect", "disconnect"].iter().any(|name| list[0] == *name));
        }
        let number = acknowledge.unwrap_or_default();
        let again = format!("{}{namespace},{number}{payload}", char::from(kind));
        let packet = Packet::parse(&again).unwrap_or_else(|_| panic!("{again:?}"));
        let parts = (packet.kind, packet.namespace, packet.acknowledge, packet.payload);
        assert_eq!(parts, (kind, namespace, acknowledge, payload));
    });
}

/// What serde_json reads into a tree, and nothing else, is JSON.
#[test]
fn json_is_checked_as_serde_json_reads_it() {
    let nested = |depth| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let [deep, deeper] = [nested(127), nested(128)];
    assert!(is_json(&deep) && !is_json(&deeper));
    let corpus = to_bytes(&[
        "[\"a\",{\"n\":[1,null,true],\"\\u00e9\":-1.5e3} , [ ] ,{}]",
        " {\"a\": {\"b\" :\t[]}}\r\n",
        "[1,]",
        "{\"a\":1,}",
        "{1:2}",
        "[1 2]",
        "01",
        "nul",
        &deep,
        &deeper,
        "",
    ]);
    fuzz("json", &corpus, &TOKENS, |input, _| {
        let Ok(text) = std::str::from_utf8(input) else { return };
        assert_eq!(is_json(text), serde_json::from_str::<Value>(text).is_ok(), "{text:?}");
    });
}
