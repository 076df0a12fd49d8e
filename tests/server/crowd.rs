//! Many clients at once: nobody misses a message, nobody is in another's way, the limits hold.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::*;

#[test]
fn sixteen_clients_with_128_messages_each() {
    let server = Server::start_without_pace(&[]);
    let peers: Vec<Peer> = (0..16).map(|_| server.open("/broadcast")).collect();
    let clients = peers.into_iter().enumerate().map(|(me, mut peer)| {
        let mut writer = peer.stream.try_clone().unwrap();
        let writing = thread::spawn(move || {
            for number in 0..128 {
                let text = format!("{me} says {number}");
                writer.write_all(&client_frame(0x81, text.as_bytes())).unwrap();
            }
        });
        thread::spawn(move || {
            let heard: Vec<String> = (0..16 * 128).map(|_| peer.read_text()).collect();
            writing.join().unwrap();
            (peer, heard)
        })
    });
    let clients: Vec<_> = clients.collect();
    let ended: Vec<(Peer, Vec<String>)> =
        clients.into_iter().map(|client| client.join().unwrap()).collect();
    let (_, first) = &ended[0];
    let mut next = [0; 16];
    for text in first {
        let (who, number) = text.split_once(" says ").expect("as it was sent");
        let next = &mut next[who.parse::<usize>().unwrap()];
        assert_eq!(number.parse::<usize>().unwrap(), *next, "each sender's in order, once");
        *next += 1;
    }
    for (_, heard) in &ended {
        assert!(heard == first, "everybody has the same, in the same order");
    }
}

#[test]
fn the_sender_too_and_as_it_was_sent() {
    let server = Server::start_without_pace(&[]);
    let mut peers = [server.open("/broadcast"), server.open("/"), server.open("/broadcast?x=1")];
    peers[0].send_text("here is a message for the server!");
    peers[1].send(0x82, b"\0\xFF");
    for peer in &mut peers {
        let (mut one, mut two) = (peer.read(), peer.read());
        if one.first != 0x81 {
            std::mem::swap(&mut one, &mut two);
        }
        assert_eq!(
            one,
            Frame { first: 0x81, payload: b"here is a message for the server!".into() }
        );
        assert_eq!(two, Frame { first: 0x82, payload: b"\0\xFF".into() });
    }
    let mut outside = server.open("/echo");
    peers[0].send_text("not for /echo");
    assert_eq!(peers[1].read_text(), "not for /echo");
    outside.send_text("mine");
    assert_eq!(outside.read_text(), "mine");
}

#[test]
fn one_who_does_not_read_is_not_noticed_by_twenty_who_talk() {
    let server = Server::start_without_pace(&[]);
    let mut silent = server.open("/broadcast");
    let mut talkers: Vec<Peer> = (0..20).map(|_| server.open("/broadcast")).collect();
    // 24 MiB in all: more than the kernel keeps for one who does not read, and then some.
    let text = "x".repeat(8192);
    for round in 0..150 {
        for (me, talker) in talkers.iter_mut().enumerate() {
            talker.send_text(&format!("{round} {me} {text}"));
        }
        for talker in &mut talkers {
            let mut heard: Vec<String> = (0..20).map(|_| talker.read_text()).collect();
            heard.sort();
            let mut expected: Vec<String> =
                (0..20).map(|me| format!("{round} {me} {text}")).collect();
            expected.sort();
            assert!(heard == expected, "round {round}");
        }
    }
    // Now it reads: each sender's texts in order, and then the reason why it got no more.
    let mut next = [0; 20];
    let mut count = 0;
    let end = loop {
        let frame = silent.read();
        if frame.first != 0x81 {
            break frame;
        }
        let text = String::from_utf8(frame.payload).unwrap();
        let mut words = text.split(' ');
        let round: usize = words.next().unwrap().parse().unwrap();
        let me: usize = words.next().unwrap().parse().unwrap();
        assert_eq!(round, next[me]);
        next[me] += 1;
        count += 1;
    };
    assert!(count < 3000, "it was too slow for all of them");
    assert_eq!(end, Frame { first: 0x88, payload: b"\x03\xF5too slow: come back".into() });
    assert_eq!(silent.try_read(), None);
}

#[test]
fn a_thousand_clients_get_one_message() {
    let server = Server::start(&[]);
    let mut peers: Vec<Peer> = (0..1000).map(|_| server.open("/broadcast")).collect();
    peers[500].send_text("one for all");
    for peer in &mut peers {
        assert_eq!(peer.read_text(), "one for all");
    }
}

#[test]
fn the_2001st_connection_gets_503() {
    let server = Server::start_without_pace(&["--log", "warn"]);
    let mut peers: Vec<Peer> = (0..2000).map(|_| server.open("/broadcast")).collect();
    for request in [upgrade_request("/broadcast", ""), "GET / HTTP/1.0\r\n\r\n".to_string()] {
        let reply = server.exchange(request);
        assert_eq!(reply.status, 503);
        assert_eq!(reply.header("Retry-After"), Some("10"));
    }
    peers[0].send_text("we noticed nothing");
    for peer in &mut peers {
        assert_eq!(peer.read_text(), "we noticed nothing");
    }
    // Somebody leaves: there is a place again.
    peers[1].send(0x88, b"\x03\xE8");
    peers[1].expect_close(1000);
    drop(peers.remove(1));
    try_until(|| try_to_enter(&server), "there is a place again");
}

fn try_to_enter(server: &Server) -> bool {
    let mut stream = server.connect();
    stream.write_all(upgrade_request("/echo", "").as_bytes()).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).is_ok() && &answer == b"HTTP/1.1 101"
}

/// Tries again until it works. The pause only spares the machine.
fn try_until(mut attempt: impl FnMut() -> bool, what: &str) {
    let deadline = Instant::now() + PATIENCE;
    while !attempt() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_limits_can_be_set() {
    let server = Server::start(&["--connections", "2", "--log", "warn"]);
    let (mut one, mut two) = (server.open("/broadcast"), server.open("/echo"));
    assert_eq!(server.exchange(upgrade_request("/echo", "")).status, 503);
    one.send_text("unharmed");
    assert_eq!(one.read_text(), "unharmed");
    two.send_text("unharmed too");
    assert_eq!(two.read_text(), "unharmed too");
}

#[test]
fn the_oldest_unfinished_request_makes_room() {
    let server = Server::start(&["--unfinished", "5", "--head-timeout", "600"]);
    let mut waiting: Vec<TcpStream> = Vec::new();
    for _ in 0..5 {
        let mut stream = server.connect();
        stream.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
        waiting.push(stream);
    }
    // A newcomer is the sixth for a moment, gets in all the same, and the oldest has to go for it.
    for gone in 0..3 {
        server.assert_serves();
        let mut rest = Vec::new();
        let end = waiting[gone].read_to_end(&mut rest);
        assert!(end.is_ok_and(|count| count == 0), "{gone} is closed without an answer");
        let mut stream = server.connect();
        stream.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
        waiting.push(stream);
    }
    // The others still wait, and are served when they are done.
    for mut left in waiting.drain(3..) {
        left.write_all(b"y\r\nHost: localhost\r\n\r\n").unwrap();
        assert_eq!(Reply::read(left).status, 200);
    }
}

#[test]
fn with_64_descriptors_and_200_knocking() {
    let server = Server::start_after("ulimit -n 64", &["--head-timeout", "600"]);
    let mut friend = server.open("/echo");
    let mut knocking = Vec::new();
    for number in 0..200 {
        let mut stream = server.connect();
        // A quarter of them never says a word; the others do all that is asked of them.
        if number % 4 != 0 {
            stream.write_all(upgrade_request("/echo", "").as_bytes()).unwrap();
        }
        knocking.push(stream);
    }
    server.wait_for_log("cannot accept a connection");
    // It does not spin: within a second of wall-clock time it uses little of a processor's.
    let before = server.cpu_seconds();
    thread::sleep(Duration::from_secs(1));
    let used = server.cpu_seconds() - before;
    assert!(used < 0.5, "{used} s of CPU time while there is nothing to do");
    let warnings = server.log().matches("cannot accept a connection").count();
    assert!(warnings <= 10, "{warnings} warnings, more than one a second");
    // Those inside are served as before.
    friend.send_text("still here");
    assert_eq!(friend.read_text(), "still here");
    for stream in knocking {
        let _ = stream.shutdown(Shutdown::Both);
    }
    try_until(|| try_to_enter(&server), "newcomers are served again");
}

#[test]
fn threads_and_memory_are_given_back() {
    let server = Server::start_without_pace(&["--log", "warn"]);
    server.assert_serves();
    let peers: Vec<Peer> = (0..300).map(|_| server.open("/broadcast")).collect();
    assert!(server.status("Threads") > 300);
    drop(peers); // without a word: the ordinary end of a laptop that is shut
    // The main thread, the log's, the room's, the operator's, and 16 idle ones.
    try_until(|| server.status("Threads") <= 20, "the threads end");
}

#[test]
fn what_is_announced_takes_its_place_in_the_memory() {
    let server = Server::start(&["--log", "warn"]);
    // An empty text, and in the same packet the header of a frame of 16 MiB, of which nothing more comes.
    let header = b"\x82\xFF\0\0\0\0\x01\0\0\0\x37\xFA\x21\x3D";
    let packet = [client_frame(0x81, b"").as_slice(), header].concat();
    let announce = || {
        let mut peer = server.open("/echo");
        peer.send_raw(&packet);
        let frame = peer.read();
        (frame.first == 0x81).then_some(peer)
    };
    let mut peers: Vec<Peer> = (0..16).map(|_| announce().expect("there is room")).collect();
    let mut late = server.open("/echo");
    late.send_raw(&packet);
    late.expect_close(1013);
    // Who does not need any is not concerned, however much passes.
    let mut pinger = server.open("/echo");
    for _ in 0..1000 {
        pinger.send(0x89, &[7; 125]);
        assert_eq!(pinger.read(), Frame { first: 0x8A, payload: vec![7; 125] });
    }
    server.assert_serves();
    drop(peers.pop());
    try_until(|| announce().is_some(), "there is room again");
}
