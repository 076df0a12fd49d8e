//! The memory for messages that are coming in: reserved for what a frame announces, and limited for all
//! connections together.

use std::io::Write;
use std::sync::Arc;

use partyline::websocket::memory::InboundReservation;

use crate::support::*;

#[test]
fn the_memory_for_incoming_messages_has_a_limit() {
    let budget = Arc::new(sender::new_budget(0));
    let [mut ana, mut ben] = [InboundReservation::new(&budget), InboundReservation::new(&budget)];
    assert!(ana.announce(100 << 20));
    assert!(ben.announce(156 << 20));
    assert!(!ana.announce(1) && !ben.announce(1));
    // Messages whose memory is reserved already are not refused.
    assert!(ana.announce(0) && ben.announce(0));
    // For a message of up to 64 KiB there is always room.
    let mut cleo = InboundReservation::new(&budget);
    assert!(cleo.announce(64 << 10));
    assert!(!cleo.announce(1));
    drop(ana);
    assert!(ben.announce(1) && cleo.announce(1));
    // A connection keeps the memory of its largest message, so that a smaller one needs no more.
    ben.complete((156 << 20) + 2);
    assert!(!cleo.announce(100 << 20) && ben.announce(156 << 20));
    drop(cleo);
    assert!(ben.announce(100 << 20) && !ben.announce(1 << 20));
}

#[test]
fn unfinished_large_messages_do_not_take_all_the_memory() {
    const MIB: usize = 1 << 20;
    let server = Server::start(&["--log", "warn"]);
    let mut small = [server.open("/echo"), server.open("/broadcast"), server.open("/broadcast")];
    // A binary message of 16 MiB. The masking key is zero, so its bytes go as they are.
    let head = [&[0x82, 0xFF][..], &(16 * MIB as u64).to_be_bytes(), &[0; 4]].concat();
    let most = [head, vec![7; 15 * MIB]].concat();
    let mut peers: Vec<Peer> = (0..20).map(|_| server.open("/echo")).collect();
    for (number, peer) in peers.iter_mut().enumerate() {
        if number == 14 {
            // 32 MiB are left. Complete messages do not count, however large they are together.
            let mut busy = server.open("/echo");
            let frame = client_frame(0x82, &vec![7; MIB]);
            for _ in 0..40 {
                busy.send_raw(&frame);
                assert_eq!(busy.read().payload.len(), MIB);
            }
        }
        let _ = peer.stream.write_all(&most); // fails if the server refuses this one
        for other in &mut small {
            other.send_text("still there?");
        }
        small[0].expect_text("still there?");
        for other in &mut small[1..] {
            other.expect_text("still there?");
            other.expect_text("still there?");
        }
    }
    let peak = server.status("VmHWM");
    assert!(peak < 350_000, "{peak} kB at the most");
    let (mut answered, mut refused, whole) = (0, 0, vec![7; 16 * MIB]);
    for mut peer in peers {
        let _ = peer.stream.write_all(&vec![7; MIB]);
        let frame = peer.read();
        if frame.first == 0x82 {
            assert!(frame.payload == whole);
            answered += 1;
        } else {
            assert_eq!((frame.first, &frame.payload[..2]), (0x88, &b"\x03\xF5"[..]), "1013");
            refused += 1;
        }
    }
    assert!(refused >= 3 && answered >= 1, "{refused} refused, {answered} answered");
    // When they have left, their memory is free again.
    let mut peer = server.open("/echo");
    peer.send_raw(&most);
    peer.send_raw(&whole[..MIB]);
    assert!(peer.read().payload == whole);
}

/// The same limit for a frame that comes with the request: the client gets its 101, and is told why.
#[test]
fn a_large_message_announced_with_the_request_is_refused_with_1013() {
    let server = Server::start(&["--log", "warn"]);
    let head = [&[0x82, 0xFF][..], &(16_u64 << 20).to_be_bytes(), &[0; 4]].concat();
    let announce = || {
        let request = upgrade_request("/echo", "");
        Peer::open(server.connect(), &[request.as_bytes(), &head].concat())
    };
    let announced: Vec<Peer> = (0..16).map(|_| announce()).collect();
    announce().expect_close(1013);
    drop(announced);
}
