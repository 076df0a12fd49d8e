//! Photos: announced, sent as a binary message, said, acknowledged, fetched over HTTP; and what is refused.

use std::io::{Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::chat::*;
use crate::support::images::*;
use crate::support::*;

#[test]
fn a_photo_of_each_format_is_said_acknowledged_and_fetched() {
    let server = Server::start_without_pace(&[]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    assert_eq!(ana.welcome["limits"]["photo"], 1 << 20);
    for (number, Sample { mime, bytes }) in samples().into_iter().enumerate() {
        let (id, reference) = (number as u64 + 1, format!("r{number}"));
        let caption = if number % 2 == 0 { json!({ "caption": "the \"sea\"" }) } else { json!({}) };
        let text = caption["caption"].as_str().unwrap_or_default();
        ana.send_photo(&merged(json!({ "ref": reference }), &caption), &bytes);
        let photo = ana.read_photo_ack(&reference, id);
        // What the client says of its type and size does not count.
        let expected =
            json!({ "url": photo["url"], "mime": mime, "size": bytes.len(), "width": 3, "height": 2 });
        assert_eq!(photo, merged(expected, &caption));
        ben.expect(&json!({ "type": "said", "id": id, "from": ana.person(), "text": text, "photo": photo }));
        let reply = fetch(&server, &photo);
        reply.assert_body(mime, 200, &bytes);
        assert_eq!(reply.header("Content-Type"), Some(mime));
        assert_eq!(reply.header("Content-Security-Policy"), Some("default-src 'none'; sandbox"));
        assert_eq!(reply.header("X-Content-Type-Options"), Some("nosniff"));
        assert_eq!(reply.header("Cross-Origin-Resource-Policy"), Some("same-origin"));
        assert_eq!(reply.header("Cache-Control"), Some("private, max-age=31536000, immutable"));
        let head = exchange_photo(&server, "HEAD", &photo, "localhost");
        head.assert_body("HEAD", 200, b"");
        assert_eq!(head.header("Content-Length"), Some(bytes.len().to_string().as_str()));
        exchange_photo(&server, "GET", &photo, "elsewhere.example").assert_status("another Host", 421);
    }
}

#[test]
fn what_is_no_photo_has_no_address() {
    let server = Server::start(&[]);
    let id = "A".repeat(27);
    for path in ["", "x", &id, &format!("{id}.new"), "..%2Fmessages.jsonl", "%2e%2e/x", &format!("{id}/")] {
        let reply = server.exchange(format!("GET /photo/{path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        reply.assert_status(path, 404);
        reply.assert_contains(path, "not kept any more");
    }
}

/// A member that gets what everyone gets, and an author of photos.
fn author(options: &[&str]) -> (Server, Member, Member) {
    let server = Server::start_without_pace(options);
    let [ana, ben] = gather(&server, ["Ana", "Ben"]);
    (server, ana, ben)
}

#[test]
fn each_fault_gets_one_error_and_the_connection_goes_on() {
    let (_server, mut ana, mut ben) = author(&["--photo", "2000"]);
    let (good, fields) = (samples().remove(2).bytes, json!({ "ref": "r" }));
    let long = "x".repeat(4097);
    let mut wide = good.clone(); // 25,005,000 pixels
    wide[16..24].copy_from_slice(&[0, 0, 0x13, 0x89, 0, 0, 0x13, 0x88]);
    // What is announced besides the ref, the bytes, and the code of the error.
    let faults: [(Value, &[u8], &str); 15] = [
        (json!({ "size": good.len() + 1 }), &good, "photo-size"),
        (json!({ "size": good.len() - 1 }), &good, "photo-size"),
        (json!({ "size": 0 }), b"", "not-a-photo"),
        (json!({ "size": 2001 }), &[0; 2001], "photo-too-large"),
        (json!({ "size": u64::MAX }), &good, "photo-too-large"),
        (json!({ "size": -1 }), &good, "bad-field"),
        (json!({ "size": null }), &good, "bad-field"),
        (json!({ "caption": 7 }), &good, "bad-field"),
        (json!({ "caption": long }), &good, "text-too-long"),
        (json!({ "to": null }), &good, "bad-field"),
        (json!({ "to": "Zoe" }), &good, "not-here"),
        (json!({ "to": "operator" }), &good, "not-here"), // a terminal shows no photos
        (json!({}), b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "not-a-photo"),
        (json!({ "mime": "image/jpeg" }), b"<!doctype html><script>alert(1)</script>", "not-a-photo"),
        (json!({ "width": 1, "height": 1 }), &wide, "not-a-photo"),
    ];
    for (announced, bytes, code) in faults {
        ana.send_photo(&merged(fields.clone(), &announced), bytes);
        ana.expect_error(code, Some("r"));
    }
    // Not announced: without a ref, or with the one that stands in it.
    for (bytes, reference) in [(&good[..], None), (br#"{"type":"say","ref":"q"}"#, Some("q"))] {
        ana.peer.send(0x82, bytes);
        ana.expect_error("not-text", reference);
    }
    // A second one before the first has come: the first stays.
    ana.send(&json!({ "type": "photo", "size": good.len(), "ref": "first" }));
    ana.send(&json!({ "type": "photo", "size": good.len(), "ref": "second" }));
    ana.expect_error("photo-expected", Some("second"));
    ana.peer.send(0x82, &good);
    let photo = ana.read_photo_ack("first", 1);
    // After a refused one, whose photo does not come, the next is announced as always. Texts may come between.
    ana.send(&json!({ "type": "photo", "size": 2001, "ref": "large" }));
    ana.expect_error("photo-too-large", Some("large"));
    ana.send(&json!({ "type": "photo", "size": good.len(), "ref": "next" }));
    ana.say_and_wait("meanwhile");
    ana.peer.send(0x82, &good);
    ana.read_photo_ack("next", 3);
    // Ben has heard of nothing else.
    assert_eq!(ben.read()["photo"], photo);
    ben.expect_said(2, &ana.person(), "meanwhile");
    assert_eq!(ben.read()["id"], 3);
}

#[test]
fn a_large_binary_message_that_was_not_announced_gets_an_error() {
    let (_server, mut ana, mut ben) = author(&[]);
    ana.peer.send(0x82, &vec![7; 300_000]);
    ana.expect_error("not-text", None);
    ana.peer.send(0x82, &vec![7; 1 << 20]);
    ana.expect_error("not-text", None);
    ana.say("still here");
    ben.expect_said(1, &ana.person(), "still here");
    // A text may not be as long, and nothing may be longer.
    ben.peer.send(0x81, &[b'x'; 64 * 1024 + 1]);
    ben.peer.expect_close(1009);
    ana.expect_notice("away", &ben.person());
    ana.peer.send_raw(&client_frame(0x82, &vec![7; (1 << 20) + 1])[..100]);
    ana.peer.expect_close(1009);
}

#[test]
fn binary_messages_that_were_not_announced_take_no_more_memory_than_they_have_bytes() {
    let server = Server::start_without_pace(&["--photo", "16777216", "--log", "warn"]);
    let frame = client_frame(0x82, &vec![0xFF; 16 << 20]);
    let mut members = gather(&server, ["Ana", "Ben", "Cleo", "Dora", "Emil", "Finn"]);
    thread::scope(|scope| {
        for member in &mut members {
            scope.spawn(|| {
                member.peer.send_raw(&frame);
                member.expect_error("not-text", None);
            });
        }
    });
    let peak = server.status("VmHWM");
    assert!(peak < 150_000, "{peak} kB at the most");
}

#[test]
fn without_photos_every_announcement_is_too_large() {
    let (_server, mut ana, _ben) = author(&["--photo", "0"]);
    assert_eq!(ana.welcome["limits"]["photo"], 0);
    ana.send_photo(&json!({ "ref": "r" }), &samples()[0].bytes);
    ana.expect_error("photo-too-large", Some("r"));
}

#[test]
fn a_photo_in_pieces_of_any_length_arrives_whole() {
    let (server, mut ana, mut ben) = author(&[]);
    let bytes = padded(&samples()[2].bytes, 200_000);
    ana.send(&json!({ "type": "photo", "size": bytes.len(), "ref": "r" }));
    let mut pieces = bytes.chunks(65_536).peekable();
    let mut opcode = 2;
    while let Some(piece) = pieces.next() {
        ana.peer.send(0x89, b"?"); // a ping before and between fragments
        ana.peer.expect_frame(0x8A, b"?");
        ana.peer.send(if pieces.peek().is_none() { 0x80 | opcode } else { opcode }, piece);
        opcode = 0;
    }
    let photo = ana.read_photo_ack("r", 1);
    assert_eq!(ben.read()["photo"], photo);
    fetch(&server, &photo).assert_body("in pieces", 200, &bytes);
    exchange_photo(&server, "HEAD", &photo, "localhost").assert_body("a long body", 200, b"");
    // One byte at a time over TCP, in the same packet as another message.
    let small = &samples()[3].bytes;
    let announced = json!({ "type": "photo", "size": small.len(), "ref": "s" }).to_string();
    let frames = [client_frame(0x81, announced.as_bytes()), client_frame(0x82, small)].concat();
    for byte in frames {
        ana.peer.stream.write_all(&[byte]).unwrap();
    }
    ana.read_photo_ack("s", 2);
}

#[test]
fn a_photo_that_is_sent_again_is_said_once() {
    let (_server, mut ana, mut ben) = author(&[]);
    let bytes = &samples()[0].bytes;
    ana.send_photo(&json!({ "ref": "r", "caption": "once" }), bytes);
    let photo = ana.read_photo_ack("r", 1);
    ana.send_photo(&json!({ "ref": "r", "caption": "once" }), bytes);
    assert_eq!(ana.read_photo_ack("r", 1), photo);
    ana.say("after it");
    assert_eq!(ben.read()["photo"], photo);
    ben.expect_said(2, &ana.person(), "after it");
}

#[test]
fn photos_are_resumed_counted_in_receipts_and_in_earlier_pages() {
    let (server, mut ana, mut ben) = author(&[]);
    ana.send_photo(&json!({ "ref": "r" }), &samples()[0].bytes);
    let photo = ana.read_photo_ack("r", 1);
    let said = ben.read();
    ben.send(&json!({ "type": "received", "id": 1 }));
    ana.expect(&json!({ "type": "receipt", "messages": [{ "id": 1, "received": 1, "of": 1 }] }));
    assert_eq!(earlier(&mut ben, 2)["messages"], json!([said]));
    let mut own = said.clone();
    own["ref"] = "r".into();
    assert_eq!(earlier(&mut ana, 2)["messages"], json!([own]));
    let cleo = Member::come(&server, "Cleo");
    assert_eq!(cleo.welcome["messages"], json!([said]));
    // Ben misses one, and gets it when he is back.
    let token = ben.token.clone();
    drop(ben);
    ana.read_until(|message| message["type"] == "away");
    ana.send_photo(&json!({ "ref": "s" }), &samples()[1].bytes);
    let second = ana.read_photo_ack("s", 2);
    let ben = Member::come_back(&server, &token, 1);
    assert_eq!(column(&ben.welcome["messages"], "photo"), [second]);
    fetch(&server, &photo).assert_status("the first", 200);
}

#[test]
fn a_private_photo_is_told_to_its_two_people_only() {
    let server = Server::start_without_pace(&[]);
    let [mut ana, mut ben, mut cleo] = gather(&server, ["Ana", "Ben", "Cleo"]);
    ana.send_photo(&json!({ "ref": "r", "to": ben.id, "caption": "psst" }), &samples()[0].bytes);
    let photo = ana.read_photo_ack("r", 1);
    ben.expect(&json!({
        "type": "said", "id": 1, "from": ana.person(), "to": ben.person(), "text": "psst", "photo": photo
    }));
    fetch(&server, &photo).assert_status("with the address", 200);
    ana.say("to all");
    // All that a third has got, before and after, and when it asks.
    cleo.expect_said(2, &ana.person(), "to all");
    let page = earlier(&mut cleo, u64::MAX);
    assert_eq!(texts(&page["messages"]), ["to all"]);
    let newcomer = Member::come(&server, "Dora");
    assert_eq!(texts(&newcomer.welcome["messages"]), ["to all"]);
    assert_eq!(earlier(&mut ben, u64::MAX)["messages"][0]["photo"], photo);
}

/// An announcement without a photo, one with half of it, one whose bytes come now and then, one that the rate limit
/// keeps waiting, and a reader that pauses for longer than that: at the same time, since each takes more than ten
/// seconds.
#[test]
fn ten_seconds_without_a_byte_end_the_wait_for_a_photo_and_bytes_now_and_then_do_not() {
    let server = Server::start_without_pace(&["--photo", "16777216"]);
    let [mut none, mut half, mut slow, mut large] = gather(&server, ["None", "Half", "Slow", "Large"]);
    let bytes = samples().remove(2).bytes;
    let frame = client_frame(0x82, &bytes);
    let announced = |reference: &str| json!({ "type": "photo", "size": bytes.len(), "ref": reference });
    let (is_late, seconds) = (Duration::from_secs(10)..Duration::from_secs(25), Duration::from_secs);
    let is_it = |kind: &'static str| move |message: &Value| message["type"] == kind && message["ref"] == "r";
    thread::scope(|scope| {
        scope.spawn(|| {
            let began = Instant::now();
            none.send(&announced("r"));
            thread::sleep(seconds(5));
            none.say("a text is no byte of the photo"); // id 1 or 2
            let error = none.read_until(is_it("error"));
            assert_eq!(error["code"], "photo-late");
            assert!(is_late.contains(&began.elapsed()), "{:?}", began.elapsed());
            none.peer.send_raw(&frame);
            none.read_until(|message| message["code"] == "not-text");
            none.send_photo(&json!({ "ref": "r" }), &bytes);
            none.read_until(is_it("ack"));
        });
        scope.spawn(|| {
            half.send(&announced("r"));
            half.peer.send_raw(&frame[..40]);
            let began = Instant::now();
            assert_eq!(half.read_until(is_it("error"))["code"], "photo-late");
            assert!(is_late.contains(&began.elapsed()), "{:?}", began.elapsed());
            half.peer.send_raw(&frame[40..]);
            half.read_until(|message| message["code"] == "not-text");
            half.say_and_wait_among("still here");
        });
        scope.spawn(|| {
            slow.send(&announced("r"));
            for piece in frame.chunks(frame.len().div_ceil(5)) {
                thread::sleep(seconds(5)); // 25 s in all, so a ping is due before the end
                slow.peer.send_raw(piece);
            }
            let mut pings = 0;
            loop {
                let frame = slow.peer.read();
                pings += usize::from(frame.first == 0x89);
                let text = String::from_utf8_lossy(&frame.payload).into_owned();
                assert!(!text.contains("error"), "{text}");
                if text.contains("\"ack\"") {
                    break;
                }
            }
            assert_eq!(pings, 1, "a page counts on pings while its photo is on the way");
        });
        scope.spawn(|| {
            // All of it has come at once, and the server reads a message a second.
            let server = Server::start(&["--pace", "1"]);
            let mut quick = Member::come(&server, "Quick");
            let text =
                |number| json!({ "type": "say", "text": "x".repeat(100), "ref": format!("t{number}") });
            let texts = (0..14).map(text).map(|text| client_frame(0x81, text.to_string().as_bytes()));
            let announced = client_frame(0x81, announced("r").to_string().as_bytes());
            let all: Vec<_> = [announced].into_iter().chain(texts).chain([frame.clone()]).collect();
            quick.peer.send_raw(&all.concat());
            let photo = quick.read_until(|message| {
                assert_ne!(message["type"], "error", "{message}");
                message["ref"] == "r"
            });
            assert_eq!(photo["type"], "ack");
        });
        scope.spawn(|| {
            let whole = padded(&bytes, 16 << 20);
            large.send_photo(&json!({ "ref": "r" }), &whole);
            let photo = large.read_until(is_it("ack"))["photo"].clone();
            let url = photo["url"].as_str().unwrap();
            let mut reader = server.connect();
            reader.write_all(format!("GET /{url} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).unwrap();
            thread::sleep(seconds(12));
            let mut answer = Vec::new();
            reader.read_to_end(&mut answer).unwrap();
            assert!(answer.ends_with(&whole), "{} bytes", answer.len());
        });
    });
}
