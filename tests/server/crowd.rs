//! Many clients at once: no client misses a message or waits for another, and the limits on connections,
//! threads and memory hold.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

use crate::support::crowd::assert_one_order;
use crate::support::*;

#[test]
fn sixteen_clients_get_all_messages_in_one_order() {
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
    let (_peers, heard): (Vec<Peer>, Vec<Vec<String>>) =
        clients.into_iter().map(|client| client.join().unwrap()).unzip();
    assert_one_order(&heard);
}

#[test]
fn a_broadcast_reaches_every_client_and_its_sender_unchanged() {
    let server = Server::start_without_pace(&[]);
    let mut peers = [server.open("/broadcast"), server.open("/"), server.open("/broadcast?x=1")];
    peers[0].send_text("here is a message for the server!");
    peers[1].send(0x82, b"\0\xFF");
    for peer in &mut peers {
        let (mut one, mut two) = (peer.read(), peer.read());
        if one.first != 0x81 {
            std::mem::swap(&mut one, &mut two);
        }
        assert_eq!(one, Frame { first: 0x81, payload: b"here is a message for the server!".into() });
        assert_eq!(two, Frame { first: 0x82, payload: b"\0\xFF".into() });
    }
    let mut outside = server.open("/echo");
    peers[0].send_text("not for /echo");
    peers[1].expect_text("not for /echo");
    outside.send_text("mine");
    outside.expect_text("mine");
}

#[test]
fn a_client_that_does_not_read_does_not_delay_twenty_that_send() {
    let server = Server::start_without_pace(&[]);
    let mut silent = server.open("/broadcast");
    let mut talkers: Vec<Peer> = (0..20).map(|_| server.open("/broadcast")).collect();
    // 24 MiB in all: more than the kernel's buffers and the backlog hold.
    let text = "x".repeat(8192);
    for round in 0..150 {
        for (me, talker) in talkers.iter_mut().enumerate() {
            talker.send_text(&format!("{round} {me} {text}"));
        }
        for talker in &mut talkers {
            let mut heard: Vec<String> = (0..20).map(|_| talker.read_text()).collect();
            heard.sort();
            let mut expected: Vec<String> = (0..20).map(|me| format!("{round} {me} {text}")).collect();
            expected.sort();
            assert!(heard == expected, "round {round}");
        }
    }
    // Now it reads: each sender's texts in order, and then a Close that says why no more come.
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
    assert!(count < 3000, "the client that did not read got everything");
    assert_eq!(end, Frame { first: 0x88, payload: b"\x03\xF5too slow: come back".into() });
    silent.expect_end();
}

#[test]
fn a_thousand_clients_get_one_message() {
    let server = Server::start(&[]);
    let mut peers: Vec<Peer> = (0..1000).map(|_| server.open("/broadcast")).collect();
    peers[500].send_text("one for all");
    for peer in &mut peers {
        peer.expect_text("one for all");
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
        peer.expect_text("we noticed nothing");
    }
    // When one leaves, its place is free again.
    peers[1].send(0x88, b"\x03\xE8");
    peers[1].expect_close(1000);
    drop(peers.remove(1));
    wait_until("a place is free again", || accepts_an_upgrade(&server));
}

/// Opens a WebSocket on a new connection and closes it again; returns whether the answer was a 101.
fn accepts_an_upgrade(server: &Server) -> bool {
    let mut stream = server.connect();
    stream.write_all(upgrade_request("/echo", "").as_bytes()).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).is_ok() && &answer == b"HTTP/1.1 101"
}

#[test]
fn the_limit_on_connections_can_be_set() {
    let server = Server::start(&["--connections", "2", "--log", "warn"]);
    let (mut one, mut two) = (server.open("/broadcast"), server.open("/echo"));
    assert_eq!(server.exchange(upgrade_request("/echo", "")).status, 503);
    one.send_text("unharmed");
    one.expect_text("unharmed");
    two.send_text("unharmed too");
    two.expect_text("unharmed too");
}

#[test]
fn the_oldest_unfinished_request_is_closed_for_a_new_one() {
    let server = Server::start(&["--unfinished", "5", "--head-timeout", "600"]);
    let begin_request = || {
        let mut stream = server.connect();
        stream.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
        stream
    };
    let mut unfinished: Vec<TcpStream> = (0..5).map(|_| begin_request()).collect();
    // A new request is the sixth for a moment; it is served, and the oldest is closed for it.
    for oldest in 0..3 {
        server.assert_serves();
        let mut rest = Vec::new();
        let end = unfinished[oldest].read_to_end(&mut rest);
        // Its kernel sends a reset if its thread has not read the bytes above yet.
        let is_closed =
            end.as_ref().map_or_else(|error| error.kind() == ErrorKind::ConnectionReset, |_| true);
        assert!(is_closed && rest.is_empty(), "{oldest} is closed without an answer: {end:?}");
        unfinished.push(begin_request());
    }
    server.wait_for_log("closed the oldest unfinished request, because 5 more are unfinished");
    // The others are still open, and are served when their requests are complete.
    for mut stream in unfinished.drain(3..) {
        let rest = b"y\r\nHost: localhost\r\n\r\n";
        stream.write_all(rest).unwrap();
        Reply::read(stream, rest).assert_status("the rest of a request", 200);
    }
}

#[test]
fn the_server_survives_200_connections_with_64_descriptors() {
    let server = Server::start_after("ulimit -n 64", &["--head-timeout", "600"]);
    let mut connected = server.open("/echo");
    let mut waiting = Vec::new();
    for number in 0..200 {
        let mut stream = server.connect();
        // A quarter of them sends nothing; the others send a whole request.
        if number % 4 != 0 {
            stream.write_all(upgrade_request("/echo", "").as_bytes()).unwrap();
        }
        waiting.push(stream);
    }
    server.wait_for_log("cannot accept a connection");
    // The threads that wait in `accept` do not spin: in a second of wall-clock time it uses little CPU time.
    let before = server.cpu_seconds();
    thread::sleep(Duration::from_secs(1));
    let used = server.cpu_seconds() - before;
    assert!(used < 0.5, "{used} s of CPU time while there is nothing to do");
    let warnings = server.log().matches("cannot accept a connection").count();
    assert!(warnings <= 10, "{warnings} warnings, more than one a second");
    // Open connections are served as before.
    connected.send_text("still here");
    connected.expect_text("still here");
    for stream in waiting {
        let _ = stream.shutdown(Shutdown::Both);
    }
    wait_until("new connections are served again", || accepts_an_upgrade(&server));
}

#[test]
fn threads_end_with_their_connections_but_for_512_that_wait() {
    let server = Server::start_without_pace(&["--log", "warn"]);
    server.assert_serves();
    let peers: Vec<Peer> = (0..600).map(|_| server.open("/broadcast")).collect();
    assert!(server.status("Threads") > 600);
    drop(peers); // without a Close
    // The main thread, the log's, the room's, two of the operator's, and 512 that wait for a connection, or fewer where
    // the system allows few threads.
    wait_until("the threads end", || server.status("Threads") <= 517);
    server.assert_serves();
}

#[test]
fn memory_is_reserved_for_announced_messages() {
    let server = Server::start(&["--log", "warn"]);
    // An empty text, and in the same packet the header of a frame of 16 MiB. Its payload never comes.
    let header = b"\x82\xFF\0\0\0\0\x01\0\0\0\x37\xFA\x21\x3D";
    let packet = [client_frame(0x81, b"").as_slice(), header].concat();
    let announce = || {
        let mut peer = server.open("/echo");
        peer.send_raw(&packet);
        let frame = peer.read();
        (frame.first == 0x81).then_some(peer)
    };
    let mut peers: Vec<Peer> = (0..16).map(|_| announce().expect("there is room")).collect();
    let mut seventeenth = server.open("/echo");
    seventeenth.send_raw(&packet);
    seventeenth.expect_close(1013);
    // Small messages need no reservation, however many there are.
    let mut pinger = server.open("/echo");
    for _ in 0..1000 {
        pinger.send(0x89, &[7; 125]);
        pinger.expect_frame(0x8A, &[7; 125]);
    }
    server.assert_serves();
    drop(peers.pop());
    wait_until("there is room again", || announce().is_some());
}
