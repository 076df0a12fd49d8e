//! The count of all threads: a server that may have only forty, and clients that would need far more. It runs
//! inside the test, because a real system allows thousands.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;

use partyline::settings::Settings;
use partyline::threads::Threads;

use crate::support::*;

/// The threads that the server may have. Of those, 4 are the reserve; then 32 connections may be open.
const THREADS: usize = 40;
const OPEN: usize = 32;

/// Starts a server on a free port, with all limits of the settings off. Returns its port.
fn start_without_limits() -> u16 {
    let mut settings = Settings { port: 0, ..Settings::default() };
    settings.www = concat!(env!("CARGO_MANIFEST_DIR"), "/www").into();
    for limit in [
        &mut settings.connections,
        &mut settings.per_address,
        &mut settings.unfinished,
        &mut settings.head_timeout,
        &mut settings.pace,
        &mut settings.pace_bytes,
    ] {
        *limit = usize::MAX;
    }
    let server = partyline::server::Server::bind_with(settings, Threads::new(THREADS)).unwrap();
    let port = server.share.port;
    thread::spawn(move || server.run());
    port
}

/// The status of the answer to an upgrade request, and the connection.
fn status(port: u16, path: &str) -> (u16, TcpStream) {
    let mut stream = connect(port);
    stream.write_all(upgrade_request(path, "").as_bytes()).unwrap();
    let (head, _) = read_head(&mut stream);
    (head[9..12].parse().unwrap(), stream)
}

/// The names of all threads of this process.
fn thread_names() -> impl Iterator<Item = String> {
    let threads = std::fs::read_dir("/proc/self/task").expect("Linux").flatten();
    threads.flat_map(|thread| std::fs::read_to_string(thread.path().join("comm")))
}

#[test]
fn connections_beyond_the_threads_get_503_whatever_else_is_there() {
    let port = start_without_limits();
    let request = upgrade_request("/broadcast", "");
    let mut peers: Vec<Peer> = (0..OPEN).map(|_| Peer::open(connect(port), request.as_bytes())).collect();
    // Ten times as many connections as there may be threads, and none of them sends a request.
    let silent: Vec<TcpStream> = (0..10 * THREADS).map(|_| connect(port)).collect();
    for _ in 0..10 {
        assert_eq!(status(port, "/echo").0, 503);
    }
    let talker = OPEN / 2;
    peers[talker].send_text("we noticed nothing");
    for peer in &mut peers {
        peer.expect_text("we noticed nothing");
    }
    // When the clients leave, there are places for others, silent ones or not.
    drop(peers);
    wait_until("there are places again", || status(port, "/echo").0 == 101);
    drop(silent);
}

#[test]
fn slow_clients_beyond_the_threads_end_and_the_others_go_on() {
    let port = start_without_limits();
    let request = upgrade_request("/broadcast", "");
    let mut peers: Vec<Peer> = (0..OPEN).map(|_| Peer::open(connect(port), request.as_bytes())).collect();
    let mut talker = peers.pop().unwrap();
    // More than the kernel holds for a client: all that do not read fall behind, and 4 may have a thread.
    let (text, mut catch_up_threads) = ("x".repeat(100_000), 0);
    for _ in 0..100 {
        talker.send_text(&text);
        talker.expect_text(&text);
        // Each of them ends when its client has not read for 10 s.
        catch_up_threads = catch_up_threads.max(thread_names().filter(|name| name == "catch-up\n").count());
    }
    // Tests that run at the same time have some too, but far fewer than there are slow clients here.
    assert!((1..20).contains(&catch_up_threads), "{catch_up_threads} catch-up threads");
    // The others read now. Each connection has ended: with a Close after whole frames or, if this machine is
    // so slow that a client did not read for 10 s, inside a frame.
    let frame = server_frame(0x81, text.as_bytes());
    let mut closed = 0;
    for peer in &mut peers {
        let mut bytes = Vec::new();
        let _ = peer.stream.read_to_end(&mut bytes);
        let count = bytes.chunks_exact(frame.len()).take_while(|chunk| *chunk == frame).count();
        assert!(count < 100, "a client that did not read got everything");
        match &bytes[count * frame.len()..] {
            b"\x88\x15\x03\xF5too slow: come back" => closed += 1,
            rest => assert!(frame.starts_with(rest), "{count} frames, then {}", printable(rest)),
        }
    }
    assert!(closed > 0, "no client is told why its connection ends");
    talker.send_text("still here");
    talker.expect_text("still here");
    wait_until("there are places again", || status(port, "/echo").0 == 101);
}

#[test]
fn the_system_says_how_many_threads_there_may_be() {
    let threads = Threads::of_this_system();
    let number = |file: &str| std::fs::read_to_string(file).ok()?.trim().parse::<usize>().ok();
    if let (Some(maps), Some(all)) =
        (number("/proc/sys/vm/max_map_count"), number("/proc/sys/kernel/threads-max"))
    {
        assert!(threads.all.max * 4 < maps && threads.all.max < all, "{threads:?}");
    }
    // The reserve is a small part, and a classroom fits into the rest.
    assert!(
        threads.serving.max + threads.reserve == threads.all.max && threads.reserve < 2000,
        "{threads:?}"
    );
    assert!(threads.serving.max > 100, "{threads:?}");
}
