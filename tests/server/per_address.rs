//! The limit on the connections of one address. The second address of these tests is `::1`.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv6Addr, TcpStream};
use std::time::{Duration, Instant};

use crate::support::*;

/// Opens a WebSocket on `/broadcast` from the address `::1`.
fn open_from_another_address(server: &Server) -> Peer {
    let stream = TcpStream::connect((IpAddr::from(Ipv6Addr::LOCALHOST), server.port)).expect("IPv6");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    Peer::open(stream, upgrade_request("/broadcast", "").as_bytes())
}

#[test]
fn one_address_cannot_take_every_place() {
    let server = Server::start(&["--per-address", "20", "--connections", "40"]);
    let mut peers: Vec<Peer> = (0..20).map(|_| server.open("/broadcast")).collect();
    // The refused clients stay connected, and there are more of them than refused connections are kept.
    let refused: Vec<TcpStream> = (0..400)
        .map(|_| {
            let mut stream = server.connect();
            let _ = stream.write_all(upgrade_request("/broadcast", "").as_bytes());
            stream
        })
        .collect();
    for stream in &refused {
        let reply = Reply::read(stream.try_clone().unwrap(), b"an upgrade request");
        assert_eq!((reply.status, reply.header("Retry-After")), (503, Some("10")));
        reply.assert_contains("what happened", "your address has 20 connections open");
        reply.assert_contains("what helps", "close other tabs");
        reply.assert_contains("what helps behind a proxy", "--per-address 0");
    }
    // No thread for any refusal: 192 wait from the start. One line in the log, or one for each second.
    assert!(server.status("Threads") < 250, "{} threads", server.status("Threads"));
    let log = server.wait_for_log("refused 127.0.0.1:");
    assert!(log.matches("refused 127.0.0.1:").count() < 10, "{log}");
    // Other addresses find their places free, and the clients that came first have noticed nothing.
    peers.extend((0..20).map(|_| open_from_another_address(&server)));
    peers[0].send_text("we noticed nothing");
    for peer in &mut peers {
        peer.expect_text("we noticed nothing");
    }
    // When a client leaves, its address has a place again.
    drop(peers.swap_remove(0));
    wait_until("a place is free again", || {
        let request = upgrade_request("/echo", "");
        let mut stream = server.connect();
        let mut answer = [0; 12];
        let _ = stream.write_all(request.as_bytes());
        stream.read_exact(&mut answer).is_ok() && &answer == b"HTTP/1.1 101"
    });
}

#[test]
fn refused_connections_take_no_descriptors_from_other_addresses() {
    let server = Server::start_after("ulimit -n 64", &["--per-address", "10"]);
    let _open: Vec<Peer> = (0..10).map(|_| server.open("/broadcast")).collect();
    let _refused: Vec<TcpStream> = (0..200).map(|_| server.connect()).collect();
    let began = Instant::now();
    for _ in 0..10 {
        open_from_another_address(&server);
    }
    // Without their descriptors it would take until silent clients are cut off.
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

#[test]
fn unfinished_requests_count_for_their_address() {
    let server = Server::start(&["--per-address", "3", "--head-timeout", "600"]);
    let begin = || {
        let mut stream = server.connect();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n").unwrap();
        stream
    };
    let mut unfinished: Vec<TcpStream> = (0..3).map(|_| begin()).collect();
    // Nothing of this one's request is waited for.
    let silent = server.connect();
    assert_eq!(Reply::read(silent, b"").status, 503);
    // The others are served, and then there is room for three more.
    for mut stream in unfinished.drain(..) {
        stream.write_all(b"\r\n").unwrap();
        assert_eq!(Reply::read(stream, b"the rest").status, 200);
    }
    wait_until("the places are free again", || server.exchange(get_request("")).status == 200);
}

#[test]
fn an_address_may_have_200_connections_or_with_0_any_number() {
    let server = Server::start(&["--per-address", "200", "--log", "warn"]);
    let mut peers: Vec<Peer> = (0..200).map(|_| server.open("/broadcast")).collect();
    assert_eq!(server.exchange(upgrade_request("/broadcast", "")).status, 503);
    peers[0].send_text("a class behind one router");
    for peer in &mut peers {
        peer.expect_text("a class behind one router");
    }
    assert_eq!(partyline::settings::Settings::default().per_address, 200);
    let server = Server::start(&["--per-address", "0", "--log", "warn"]);
    let _peers: Vec<Peer> = (0..300).map(|_| server.open("/broadcast")).collect();
    server.assert_serves();
}
