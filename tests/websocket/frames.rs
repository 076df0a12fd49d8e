//! Frames as raw bytes: what RFC 6455 asks of a server, and each close code as a client gets it.

use std::io::Write;

use crate::support::*;

#[test]
fn the_masked_hello_of_the_rfc_is_echoed() {
    let server = Server::start(&[]);
    let mut peer = server.open("/echo");
    peer.send_raw(b"\x81\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58");
    peer.expect_frame(0x81, b"Hello");
}

#[test]
fn a_frame_may_arrive_byte_by_byte() {
    let server = Server::start(&[]);
    let mut peer = server.open("/echo");
    for byte in client_frame(0x82, &[7; 300]) {
        peer.send_raw(&[byte]);
    }
    peer.expect_frame(0x82, &[7; 300]);
}

#[test]
fn every_form_of_length_is_read_and_written() {
    let server = Server::start(&[]);
    let mut peer = server.open("/echo");
    let headers: [(usize, &[u8]); 6] = [
        (0, b"\x82\x00"),
        (1, b"\x82\x01"),
        (125, b"\x82\x7D"),
        (126, b"\x82\x7E\x00\x7E"),
        (65_535, b"\x82\x7E\xFF\xFF"),
        (65_536, b"\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00"),
    ];
    for (size, header) in headers {
        peer.send(0x82, &vec![0xAB; size]);
        let mut expected = header.to_vec();
        expected.resize(header.len() + size, 0xAB);
        assert!(peer.take(expected.len()) == Some(expected), "{size} bytes");
    }
}

#[test]
fn a_ping_between_fragments_is_answered_at_once() {
    let server = Server::start(&[]);
    let mut peer = server.open("/echo");
    peer.send(0x01, "Grü".as_bytes());
    peer.send(0x89, b"are you there?");
    peer.expect_frame(0x8A, b"are you there?");
    peer.send(0x00, "ße aus ".as_bytes());
    peer.send(0x89, &[9; 125]);
    peer.expect_frame(0x8A, &[9; 125]);
    peer.send(0x80, "Köln".as_bytes());
    peer.expect_text("Grüße aus Köln");
}

#[test]
fn a_character_may_be_cut_between_fragments() {
    let server = Server::start(&[]);
    let mut peer = server.open("/echo");
    peer.send(0x01, b"\xE2\x82");
    peer.send(0x80, b"\xAC");
    peer.expect_text("€");
}

#[test]
fn an_unsolicited_pong_is_ignored() {
    let server = Server::start(&[]);
    let mut peer = server.open("/echo");
    peer.send(0x8A, b"unsolicited");
    peer.send_text("next");
    peer.expect_text("next");
}

#[test]
fn each_protocol_error_is_answered_with_its_close_code() {
    let server = Server::start(&[]);
    let masked = client_frame;
    let mut table = vec![
        ("unmasked text", b"\x81\x05Hello".to_vec(), 1002),
        ("unmasked, empty", b"\x81\x00".to_vec(), 1002),
        ("unmasked ping", b"\x89\x00".to_vec(), 1002),
        ("RSV1", masked(0xC1, b"x"), 1002),
        ("RSV2", masked(0xA1, b"x"), 1002),
        ("RSV3", masked(0x91, b"x"), 1002),
        ("RSV1 on a ping", masked(0xC9, b""), 1002),
        ("fragmented ping", masked(0x09, b"x"), 1002),
        ("fragmented Close", masked(0x08, b""), 1002),
        ("ping of 126 bytes", masked(0x89, &[0; 126]), 1002),
        ("Close of 126 bytes", masked(0x88, &[0; 126]), 1002),
        ("continuation of nothing", masked(0x80, b"x"), 1002),
        ("text inside a message", [masked(0x01, b"a"), masked(0x81, b"b")].concat(), 1002),
        ("binary inside a text", [masked(0x01, b"a"), masked(0x02, b"b")].concat(), 1002),
        ("Close with half a code", masked(0x88, b"\x03"), 1002),
        ("Close 999", masked(0x88, b"\x03\xE7"), 1002),
        ("Close 1005", masked(0x88, b"\x03\xED"), 1002),
        ("Close 1006", masked(0x88, b"\x03\xEE"), 1002),
        ("Close 1015", masked(0x88, b"\x03\xF7"), 1002),
        ("Close 2000", masked(0x88, b"\x07\xD0"), 1002),
        ("Close 5000", masked(0x88, b"\x13\x88"), 1002),
        ("Close with bad UTF-8", masked(0x88, b"\x03\xE8\xFF"), 1007),
        ("bad UTF-8", masked(0x81, b"ab\xFFcd"), 1007),
        ("overlong UTF-8", masked(0x81, b"\xC0\xAF"), 1007),
        ("a surrogate", masked(0x81, b"\xED\xA0\x80"), 1007),
        ("above U+10FFFF", masked(0x81, b"\xF4\x90\x80\x80"), 1007),
        ("a character that stops short", masked(0x81, b"\xE2\x82"), 1007),
        ("bad UTF-8 across fragments", [masked(0x01, b"\xE2\x82"), masked(0x80, b"\x41")].concat(), 1007),
        ("2^62 bytes announced", b"\x82\xFF\x40\0\0\0\0\0\0\0\x37\xFA\x21\x3D".to_vec(), 1009),
        ("2^64-1 bytes announced", [&b"\x82"[..], &[0xFF; 9], &[0; 4]].concat(), 1009),
        ("16 MiB and 1 byte", b"\x82\xFF\0\0\0\0\x01\0\0\x01\x37\xFA\x21\x3D".to_vec(), 1009),
        (
            "16 MiB and 1 byte in fragments",
            [masked(0x02, &vec![0; 16 << 20]), masked(0x80, b"1")].concat(),
            1009,
        ),
    ];
    for opcode in [3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF] {
        table.push(("a reserved opcode", masked(0x80 | opcode, b"x"), 1002));
    }
    for (what, bytes, code) in &table {
        println!("{what}"); // the harness shows it when the test fails
        let mut peer = server.open("/echo");
        peer.send_raw(bytes);
        peer.expect_close(*code);
        // Bytes after the mistake that the server has not read when it closes must not cause a TCP reset,
        // which would destroy the Close frame.
        let mut peer = server.open("/echo");
        let _ = peer.stream.write_all(&[bytes.as_slice(), &[0x55; 200_000]].concat());
        peer.expect_close(*code);
    }
    server.assert_serves();
}

#[test]
fn a_close_is_answered_with_the_same_close() {
    let server = Server::start(&[]);
    let payloads: [&[u8]; 7] = [
        b"",
        b"\x03\xE8",
        b"\x03\xE8bye",
        b"\x03\xE9leaving the page",
        b"\x03\xF3",
        b"\x0B\xB8",
        b"\x10\xE1mine",
    ];
    for payload in payloads {
        for path in ["/echo", "/broadcast"] {
            let mut peer = server.open(path);
            peer.send(0x88, payload);
            peer.expect_last(payload);
        }
    }
}

#[test]
fn frames_before_a_close_are_answered_and_frames_after_it_are_not() {
    let server = Server::start(&[]);
    let mut peer = server.open("/echo");
    peer.send_raw(
        &[
            client_frame(0x81, b"one"),
            client_frame(0x81, b"two"),
            client_frame(0x88, b"\x03\xE8"),
            client_frame(0x81, b"three"),
        ]
        .concat(),
    );
    peer.expect_text("one");
    peer.expect_text("two");
    peer.expect_close(1000);
}

#[test]
fn a_message_of_16_mib_comes_back_whole() {
    let server = Server::start(&[]);
    let mut peer = server.open("/echo");
    let payload: Vec<u8> = (0..16u32 << 20).map(|i| (i ^ (i >> 11)) as u8).collect();
    peer.send(0x82, &payload);
    peer.expect_frame(0x82, &payload);
    // The same as a text in fragments, three times: another thread writes while this one reads.
    let text = "ä".repeat(2 << 20);
    let (one, two) = text.as_bytes().split_at(1_000_001);
    let mut writer = peer.stream.try_clone().unwrap();
    let frames = [client_frame(0x01, one), client_frame(0x80, two)].concat();
    let writing = std::thread::spawn(move || {
        for _ in 0..3 {
            writer.write_all(&frames).unwrap();
        }
    });
    for _ in 0..3 {
        peer.expect_text(&text);
    }
    writing.join().unwrap();
}

#[test]
fn broadcast_accepts_one_mib_and_no_more() {
    let server = Server::start(&[]);
    let mut peer = server.open("/broadcast");
    peer.send(0x82, &vec![1; 1 << 20]);
    assert_eq!(peer.read().payload.len(), 1 << 20);
    peer.send(0x82, &vec![1; (1 << 20) + 1]);
    peer.expect_close(1009);
}

#[test]
fn deeply_nested_and_huge_texts_do_not_end_the_process() {
    let server = Server::start(&[]);
    let nested = |open: &str, close: &str| [open.repeat(1 << 18), close.repeat(1 << 18)].concat();
    let messages = [
        nested("[", "]"),
        nested("{\"a\":", "}"),
        nested("[", ""),
        "9".repeat(1 << 20),
        "\"\\u0000".repeat(100_000),
        "\0".repeat(1 << 20),
        "😀".repeat(1 << 18),
    ];
    for message in &messages {
        for path in ["/echo", "/broadcast", "/"] {
            let mut peer = server.open(path);
            let message = &message[..message.len().min(1 << 20)];
            peer.send_text(message);
            peer.expect_text(message);
        }
    }
    server.assert_serves();
}
