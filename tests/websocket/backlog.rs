//! The backlog of a Sender whose peer reads slowly or not at all: its order, its limits, and how the
//! connection ends beyond them. No sending thread gets backpressure: `send` never waits.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use partyline::websocket::memory::Budget;
use partyline::websocket::sender::Sender;

use crate::support::sender::*;
use crate::support::{assert_took, wait_until};

#[test]
fn the_backlog_arrives_in_order_when_the_peer_reads_again() {
    let (sender, budget, mut peer) = pair(new_budget(512 * 1024));
    let mut sent = 0;
    while budget.waiting() == 0 {
        sender.send(&frame(sent, 8192));
        sent += 1;
    }
    for _ in 0..20 {
        sender.send(&frame(sent, 8192));
        sent += 1;
    }
    for number in 0..sent {
        assert_eq!(read_frame(&mut peer), Ok(number));
    }
    sender.wait_until_caught_up();
    assert_eq!(budget.waiting(), 0);
    // It has caught up: the next frame is written at once.
    sender.send(&frame(sent, 10));
    assert_eq!(read_frame(&mut peer), Ok(sent));
}

#[test]
fn sending_does_not_wait_for_a_peer_that_does_not_read() {
    let (sender, budget, peer) = pair(new_budget(usize::MAX / 2));
    // 64 MiB are far more than any kernel buffer holds, so this returns only if `send` does not wait. It is one
    // frame again and again: to make 1,024 takes a slow machine longer than the peer may read nothing.
    let frame = frame(0, 65_536);
    for _ in 0..1024 {
        sender.send(&frame);
    }
    assert!(budget.waiting() > 32 << 20, "{}", budget.waiting());
    drop(peer);
    wait_until("the backlog of a peer that has gone is freed", || budget.waiting() == 0);
}

#[test]
fn a_slow_peer_gets_a_close_after_whole_frames() {
    let limit = 512 * 1024;
    let (sender, budget, mut peer) = pair(new_budget(limit));
    let mut sent = 0;
    while sender.our_close_code().is_none() {
        sender.send(&frame(sent, 10_000));
        assert!(budget.waiting() <= limit + 2 * 10_018, "{} wait", budget.waiting());
        sent += 1;
    }
    sender.send(&frame(sent, 5)); // comes after the Close and is dropped
    let mut received = 0;
    let end = loop {
        match read_frame(&mut peer) {
            Ok(number) => assert_eq!(number, received),
            Err(end) => break end,
        }
        received += 1;
    };
    assert!(received > 0 && received < sent);
    assert_eq!(end, b"\x88\x15\x03\xF5too slow: come back", "Close 1013, and nothing after it");
    wait_until("nothing waits any more", || budget.waiting() == 0);
}

#[test]
fn one_message_may_be_larger_than_the_backlog_limit() {
    let (sender, budget, mut peer) = pair(new_budget(1000));
    sender.send(&frame(0, 32 << 20));
    assert!(budget.waiting() > 1000);
    assert_eq!(sender.our_close_code(), None);
    assert_eq!(read_frame(&mut peer), Ok(0));
    sender.wait_until_caught_up();
    sender.send(&frame(1, 1));
    assert_eq!(read_frame(&mut peer), Ok(1));
}

#[test]
fn a_connection_that_exceeds_the_common_budget_is_cut() {
    let mut budget = new_budget(usize::MAX / 2);
    budget.total = 1 << 20;
    let (sender, budget, mut peer) = pair(budget);
    sender.send(&frame(0, 64 << 20));
    assert_eq!(budget.waiting(), 0);
    // A Close cannot be sent in the middle of a frame, so the connection is cut.
    assert!(read_frame(&mut peer).is_err());
    let mut buffer = [0];
    assert_eq!(sender.read(&mut buffer, READ_TIMEOUT).unwrap(), 0, "its owner sees the end");
}

/// A Sender that no thread may catch up for, and the peer that it sends to.
fn pair_without_threads() -> (Sender, Arc<Budget>, TcpStream) {
    let budget = new_budget(1 << 20);
    let taken = std::iter::from_fn(|| budget.threads.serving.add()).collect::<Vec<_>>();
    std::mem::forget(taken);
    pair(budget)
}

#[test]
fn without_a_catch_up_thread_the_thread_that_reads_writes_the_rest_and_a_close() {
    let (sender, budget, mut peer) = pair_without_threads();
    // The client's own thread waits in a read, as most do. `socket.rs` ends a connection like this.
    let owner = sender.clone();
    let owning = thread::spawn(move || {
        let read = owner.read(&mut [0], READ_TIMEOUT);
        owner.finish();
        owner.wait_until_caught_up();
        read
    });
    // If this waited for the peer, which reads only afterwards, the peer would be cut off in the frame.
    sender.send(&frame(0, 64 << 20));
    sender.send(&frame(1, 10)); // comes after the Close and is dropped
    assert_eq!(read_frame(&mut peer), Ok(0), "the frame is whole");
    assert_eq!(read_frame(&mut peer), Err(b"\x88\x15\x03\xF5too slow: come back".to_vec()));
    assert_eq!(owning.join().unwrap().unwrap(), 0, "its own thread is woken");
    assert_eq!((budget.waiting(), sender.our_close_code()), (0, Some(1013)));
}

#[test]
fn without_a_catch_up_thread_an_owner_that_waits_writes_the_rest() {
    let (sender, budget, mut peer) = pair_without_threads();
    let reading = thread::spawn(move || {
        assert_eq!(read_frame(&mut peer), Ok(0));
        read_frame(&mut peer)
    });
    // As `/echo` does.
    sender.send(&frame(0, 64 << 20));
    sender.wait_until_caught_up();
    assert_eq!(reading.join().unwrap(), Err(b"\x88\x15\x03\xF5too slow: come back".to_vec()));
    assert_eq!(budget.waiting(), 0);
}

#[test]
fn without_a_catch_up_thread_a_peer_that_never_reads_is_cut_off_after_ten_seconds() {
    let (sender, budget, mut peer) = pair_without_threads();
    sender.send(&frame(0, 64 << 20));
    let began = Instant::now();
    sender.wait_until_caught_up();
    assert_took(began, Duration::from_secs(9), Duration::from_secs(40));
    assert_eq!(budget.waiting(), 0);
    assert_eq!(sender.given_up().unwrap().to_string(), "did not read for 10 s");
    assert!(read_frame(&mut peer).is_err());
}

#[test]
fn no_close_follows_a_close_that_finds_no_catch_up_thread() {
    let (sender, _, mut peer) = pair_without_threads();
    // The kernel's buffers are full, at the boundary of a frame.
    let (mut stream, mut count) = (sender.tcp(), 0);
    stream.set_nonblocking(true).unwrap();
    for _ in 0..3 {
        while let Ok(written) = stream.write(&[0x81, 0].repeat(10_000)) {
            count += written;
        }
        thread::sleep(Duration::from_millis(50)); // the peer's kernel may take a little more
    }
    stream.set_nonblocking(false).unwrap();
    sender.close(b"\x88\x02\x03\xF0");
    let reading = thread::spawn(move || {
        let mut all = Vec::new();
        peer.read_to_end(&mut all).map(|_| all)
    });
    sender.wait_until_caught_up();
    let all = reading.join().unwrap().unwrap();
    assert_eq!(all[count..], *b"\x88\x02\x03\xF0");
    assert_eq!(sender.our_close_code(), Some(1008));
}

#[test]
fn a_catch_up_thread_is_counted_until_it_ends() {
    let (sender, budget, mut peer) = pair(new_budget(1 << 20));
    let free = |budget: &Budget| std::iter::from_fn(|| budget.threads.all.add()).collect::<Vec<_>>().len();
    assert_eq!(free(&budget), 100);
    sender.send(&frame(0, 64 << 20));
    assert_eq!(free(&budget), 99);
    assert_eq!(read_frame(&mut peer), Ok(0));
    wait_until("the catch-up thread ends", || free(&budget) == 100);
}

#[test]
fn a_peer_that_never_reads_is_cut_off_after_ten_seconds() {
    let (sender, budget, mut peer) = pair(new_budget(1 << 20));
    sender.send(&frame(0, 64 << 20));
    let began = Instant::now();
    sender.wait_until_caught_up();
    assert_took(began, Duration::from_secs(9), Duration::from_secs(40));
    assert_eq!(budget.waiting(), 0);
    assert!(read_frame(&mut peer).is_err());
}

#[test]
fn close_is_sent_after_the_backlog() {
    let (sender, _, mut peer) = pair(new_budget(64 << 20));
    for number in 0..300 {
        sender.send(&frame(number, 65_536));
    }
    sender.close(b"\x88\x02\x03\xE8");
    sender.send(&frame(300, 1));
    for number in 0..300 {
        assert_eq!(read_frame(&mut peer), Ok(number));
    }
    assert_eq!(read_frame(&mut peer), Err(b"\x88\x02\x03\xE8".to_vec()));
}

#[test]
fn a_slow_but_steady_reader_is_not_cut_off() {
    let (sender, _, mut peer) = pair(new_budget(1 << 20));
    let began = Instant::now();
    sender.send(&frame(0, 12 << 20));
    // About 80 kB a second, for longer than the 10 s within which 64 KiB have to be taken. The kernel
    // makes room a megabyte at a time, about every 10 s.
    let mut read = 0;
    let mut buffer = vec![0; 20_000];
    while began.elapsed() < Duration::from_secs(25) {
        let count = peer.read(&mut buffer).expect("no reset");
        assert!(count > 0, "cut off after {read} bytes and {:?}", began.elapsed());
        read += count;
        thread::sleep(Duration::from_millis(250));
    }
    assert!(sender.is_behind());
    // When it reads at full speed, it gets everything.
    let mut rest = Vec::new();
    sender.finish();
    peer.read_to_end(&mut rest).unwrap();
    assert_eq!(read + rest.len(), 10 + 8 + (12 << 20));
}

#[test]
fn sending_nothing_never_exceeds_the_limit() {
    let (sender, budget, mut peer) = pair(new_budget(1000));
    sender.send(&frame(0, 32 << 20)); // one message may exceed the limit
    assert!(budget.waiting() > 1000);
    sender.send(&[]);
    assert_eq!(sender.our_close_code(), None);
    assert_eq!(read_frame(&mut peer), Ok(0));
}
