//! The rate limit, a token bucket for each client. The server reads a client that sends faster more slowly:
//! none of its messages is lost, and no other client waits.
//!
//! The tests check only the least time that something takes, because a slow machine cannot break that.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use partyline::websocket::rate_limit::RateLimit;
use serde_json::json;

use crate::support::chat::*;
use crate::support::images::*;
use crate::support::*;

#[test]
fn photos_do_not_use_up_the_rate_of_texts_and_have_one_of_their_own() {
    let mut limit = RateLimit::new(20, 1000).with_binary(1000);
    limit.bucket(true).spend(1_000_000);
    assert!(!limit.bucket(false).wait(), "texts may still come");
    let mut shared = RateLimit::new(20, 100_000);
    shared.bucket(true).spend(810_000);
    assert!(shared.bucket(false).wait(), "without a rate of their own they use that of texts");
    // The photos of one client, in the chat: those of eight seconds pass at once, the rest at the rate.
    let server = Server::start(&["--pace-bytes", "50000"]);
    let mut ana = Member::come(&server, "Ana");
    let began = Instant::now();
    for reference in ["a", "b", "c"] {
        ana.send_photo(&json!({ "ref": reference }), &padded(&samples()[2].bytes, 150_000));
    }
    ana.read_until(|message| message["ref"] == "c");
    assert!(began.elapsed() > Duration::from_millis(900), "{:?}", began.elapsed());
}

/// The least time for `count` messages: those of two seconds pass at once, the rest at 20 a second.
fn time_for_messages(count: u32) -> Duration {
    (count - 1) * Duration::from_millis(50) - Duration::from_secs(2)
}

/// The least time for `count` bytes at this rate: those of eight seconds pass at once. Two pieces of up to
/// 1 KiB do not count: the one that came with the request, and the one that the server reads ahead.
fn time_for_bytes(count: usize, per_second: usize) -> Duration {
    Duration::from_secs_f64((count - 8 * per_second - 2048) as f64 / per_second as f64)
}

#[track_caller]
fn assert_took_at_least(began: Instant, least: Duration) {
    assert_took(began, least, Duration::MAX);
}

/// Numbered texts as frames, to be sent in one write.
fn flood(count: u32, text: impl Fn(u32) -> String) -> Vec<u8> {
    (1..=count).flat_map(|number| client_frame(0x81, text(number).as_bytes())).collect()
}

#[test]
fn messages_beyond_the_rate_wait_and_none_is_lost() {
    let server = Server::start(&[]);
    let broadcast = server.open("/broadcast");
    let broadcast = thread::spawn(move || {
        let mut peer = broadcast;
        let began = Instant::now();
        peer.send_raw(&flood(60, |number| number.to_string()));
        for number in 1..=60 {
            peer.expect_text(number.to_string());
        }
        assert_took_at_least(began, time_for_messages(60));
    });
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    let began = Instant::now();
    let say = |number: u32| json!({ "type": "say", "text": "x", "ref": number.to_string() }).to_string();
    ana.peer.send_raw(&flood(60, say));
    for number in 1..=60 {
        let ack = ana.read();
        assert_eq!((&ack["type"], &ack["id"]), (&json!("ack"), &json!(number)), "{ack}");
        assert_eq!(ack["ref"], number.to_string());
    }
    assert_took_at_least(began, time_for_messages(60));
    for number in 1..=60 {
        ben.expect_said(number, &ana.person(), "x");
    }
    broadcast.join().unwrap();
}

#[test]
fn only_flooding_clients_wait_and_all_are_told_when_the_server_stops() {
    // What the flooding clients send would take a minute.
    let mut server = Server::start(&["--pace", "1", "--pace-bytes", "1024"]);
    let [mut ana, mut ben, mut cleo] = gather(&server, ["Ana", "Ben", "Cleo"]);
    ana.peer.send_raw(&flood(60, |_| "x".to_string()));
    cleo.peer.send_raw(&flood(1, |_| "y".repeat(60_000)));
    ben.expect_said(1, &ana.person(), "x");
    ben.send(&json!({ "type": "say", "text": "me too", "ref": "mine" }));
    let mut others = 1;
    loop {
        let message = ben.read();
        if message["type"] == "ack" {
            break;
        }
        assert_eq!(message["from"], ana.person(), "{message}");
        others += 1;
    }
    assert!(others < 60, "all of Ana's texts came before Ben's ack");

    let [mut flooder, mut other] = [server.open("/broadcast"), server.open("/broadcast")];
    flooder.send_raw(&flood(60, |number| format!("flood {number}")));
    other.expect_text("flood 1");
    other.send_text("me too");
    let mut heard = other.read_text();
    while heard != "me too" {
        assert_ne!(heard, "flood 60", "all texts of the flood came before the other client's");
        heard = other.read_text();
    }

    server.type_line("quit");
    for mut peer in [ana.peer, ben.peer, cleo.peer, flooder, other] {
        let mut frame = peer.read();
        while frame.first != 0x88 {
            frame = peer.read();
        }
        assert_eq!(frame.payload, b"\x03\xE9the server is stopping");
    }
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn bytes_beyond_the_rate_wait_and_none_is_lost() {
    const SIZE: usize = 64 << 10;
    let server = Server::start(&[]);
    let least = time_for_bytes(40 * SIZE, 256 << 10);
    assert!(least > Duration::from_secs(1));
    let mut peer = server.open("/broadcast");
    let broadcast = thread::spawn(move || {
        let began = Instant::now();
        let mut writer = peer.stream.try_clone().unwrap();
        let messages = client_frame(0x82, &[7; SIZE]).repeat(40);
        let writing = thread::spawn(move || writer.write_all(&messages).unwrap());
        for _ in 0..40 {
            peer.expect_frame(0x82, &[7; SIZE]);
        }
        assert_took_at_least(began, least);
        writing.join().unwrap();
    });
    let mut ana = Member::come(&server, "Ana");
    let began = Instant::now();
    let long = |number: u32| {
        let short = json!({ "type": "song", "ref": number.to_string(), "verses": "" }).to_string();
        short.replace("\"verses\":\"\"", &format!("\"verses\":\"{}\"", "x".repeat(SIZE - short.len())))
    };
    ana.peer.send_raw(&flood(40, long));
    for number in 1..=40 {
        ana.expect_error("unknown-type", Some(&number.to_string()));
    }
    assert_took_at_least(began, least);
    broadcast.join().unwrap();
}

#[test]
fn fragments_count_towards_the_rate_of_bytes() {
    const PER_SECOND: usize = 16 << 10;
    let server = Server::start(&["--pace-bytes", &PER_SECOND.to_string()]);
    let (mut sender, mut other) = (server.open("/broadcast"), server.open("/broadcast"));
    let mut bytes = client_frame(0x01, b"");
    let mut expected = Vec::new();
    for number in 0..12_000_u32 {
        let letter = b'a' + (number % 26) as u8;
        expected.push(letter);
        bytes.extend(client_frame(0x00, b""));
        bytes.extend(client_frame(0x00, &[letter]));
        if number % 1000 == 0 {
            bytes.extend(client_frame(0x89, &number.to_be_bytes()));
        }
    }
    bytes.extend(client_frame(0x80, b""));
    let least = time_for_bytes(bytes.len(), PER_SECOND);
    assert!(least > Duration::from_millis(500));
    let began = Instant::now();
    sender.send_raw(&bytes);
    for number in (0..12_000_u32).step_by(1000) {
        let pong = Frame { first: 0x8A, payload: number.to_be_bytes().into() };
        assert_eq!(sender.read(), pong);
    }
    for peer in [&mut sender, &mut other] {
        peer.expect_frame(0x81, &expected);
    }
    assert_took_at_least(began, least);
}

#[test]
fn pings_and_pongs_count_and_each_ping_is_answered() {
    let server = Server::start(&[]);
    let mut peer = server.open("/broadcast");
    let ponging = thread::spawn(move || {
        let began = Instant::now();
        peer.send_raw(&client_frame(0x8A, b"unsolicited").repeat(59));
        peer.send_text("the 60th");
        peer.expect_text("the 60th");
        assert_took_at_least(began, time_for_messages(60));
    });
    let mut ana = Member::come(&server, "Ana");
    let began = Instant::now();
    let pings: Vec<u8> = (0..60).flat_map(|number| client_frame(0x89, &[number])).collect();
    ana.peer.send_raw(&pings);
    for number in 0..60 {
        let mut frame = ana.peer.read();
        if frame.first == 0x89 {
            frame = ana.peer.read(); // the server pings a client that it makes wait
        }
        assert_eq!(frame, Frame { first: 0x8A, payload: vec![number] });
    }
    assert_took_at_least(began, time_for_messages(60));
    ponging.join().unwrap();
}

#[test]
fn echo_has_no_rate_limit() {
    // At one byte a second this would take days.
    let server = Server::start(&["--pace", "1", "--pace-bytes", "1"]);
    let mut peer = server.open("/echo");
    let text = "x".repeat(10_000);
    for _ in 0..100 {
        peer.send_text(&text);
        peer.expect_text(&text);
    }
}

#[test]
fn each_rate_limit_can_be_switched_off() {
    let began = Instant::now();
    let server = Server::start(&["--pace", "0"]);
    let mut peer = server.open("/broadcast");
    peer.send_raw(&flood(3000, |number| number.to_string()));
    for number in 1..=3000 {
        peer.expect_text(number.to_string());
    }
    let server = Server::start(&["--pace-bytes", "0"]);
    let mut peer = server.open("/broadcast");
    let frame = client_frame(0x82, &vec![0; 1 << 20]);
    for _ in 0..20 {
        peer.send_raw(&frame);
        assert_eq!(peer.read().payload.len(), 1 << 20);
    }
    // Each of the two would take more than a minute.
    assert!(began.elapsed() < PATIENCE);
}

#[test]
fn the_rest_of_a_flood_is_dropped_after_its_sender_leaves() {
    let server = Server::start(&["--log", "info"]);
    let [mut ana, ben] = gather(&server, ["Ana", "Ben"]);
    // Far more than the rate limit lets through in 10 s; the kernels' buffers hold it when Ben leaves.
    let mut stream = ben.peer.stream;
    stream.set_nonblocking(true).unwrap();
    let texts = client_frame(0x81, b"spam").repeat(1000);
    while stream.write(&texts).is_ok() {}
    drop(stream);
    let mut heard = 0;
    loop {
        let message = ana.read();
        match message["type"].as_str() {
            Some("said") => heard += 1,
            Some("away") => break,
            _ => panic!("{message}"),
        }
    }
    // 40 at once, then 20 a second for a little more than 10 s: the server looks once a second whether Ben
    // is still connected.
    assert!((40..400).contains(&heard), "{heard} texts");
    server.wait_for_log("left /chat: gone without a Close");
}
