//! Taps and views without a server: which connection a view is shown, and that nothing is kept of a
//! wire that neither a connection nor a view uses.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use partyline::websocket::sender::Sender;
use partyline::websocket::tap::{Tap, TapGuard};
use partyline::wire::Wires;

#[test]
fn the_newest_connection_is_watched_and_an_unused_wire_is_forgotten() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let sender = Sender::new(stream, Arc::new(crate::support::sender::new_budget(1 << 20)), None);
    let wires = Arc::new(Wires::default());
    let begin = |client| {
        let wires = Arc::clone(&wires);
        let tap = Arc::new(Tap::new("id".into(), client, Vec::new(), Vec::new(), wires));
        tap.begin(b"HTTP/1.1 101 \r\n\r\n");
        (Arc::clone(&tap), TapGuard(tap))
    };
    let open_view = |client| wires.add_view("id", client, sender.clone());
    let is_watched = |tap: &Tap| tap.is_watched.load(Relaxed);

    let views = [open_view(1), open_view(2)];
    let (older, older_guard) = begin(3);
    assert!(is_watched(&older));
    let (newer, newer_guard) = begin(4);
    assert!(is_watched(&newer) && !is_watched(&older), "only the newest is watched");
    drop(older_guard);
    assert!(is_watched(&newer), "the end of the older one changes nothing");
    drop(views);
    assert!(!is_watched(&newer), "no view is open");
    let view = open_view(5);
    assert!(is_watched(&newer));
    drop(newer_guard);
    assert!(!wires.is_empty(), "the view waits for another connection");
    drop(view);
    assert!(wires.is_empty());
    drop(begin(6));
    assert!(wires.is_empty());
    assert_eq!(Arc::strong_count(&newer), 1);
}
