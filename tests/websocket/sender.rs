//! The Sender alone: reads and writes of one socket by several threads, and what is sent first.

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use partyline::websocket::sender::Sender;

use crate::support::sender::*;

#[test]
fn reads_and_writes_at_the_same_time_lose_and_tear_nothing() {
    /// In each round one read, which needs O_NONBLOCK off, races one write, which needs it on; the next
    /// round begins when both are done. So the flag is switched at least once in each round.
    const ROUNDS: usize = if cfg!(debug_assertions) { 200_000 } else { 1_000_000 };
    let (sender, _, peer) = pair(new_budget(usize::MAX / 2));
    let reads = Arc::new(AtomicUsize::new(0));
    let writes = Arc::new(AtomicUsize::new(0));
    let wait_for = |other: &Arc<AtomicUsize>| {
        let other = Arc::clone(other);
        move |round| {
            while other.load(SeqCst) < round {
                thread::yield_now();
            }
        }
    };

    // The peer sends one byte for each round.
    let mut to_sender = peer.try_clone().unwrap();
    let feeding = thread::spawn(move || {
        let bytes: Vec<u8> = (0..ROUNDS).map(|i| (i % 251) as u8).collect();
        to_sender.write_all(&bytes).unwrap();
    });
    // The owner reads it.
    let (owner, done, wait) = (sender.clone(), Arc::clone(&reads), wait_for(&writes));
    let owning = thread::spawn(move || {
        for i in 0..ROUNDS {
            wait(i);
            let mut byte = [0];
            assert_eq!(owner.read(&mut byte, READ_TIMEOUT).unwrap(), 1);
            assert_eq!(byte[0], (i % 251) as u8, "byte {i} is lost, doubled or out of order");
            done.store(i + 1, SeqCst);
        }
    });
    // A second thread writes a frame in each round, and a third one now and then.
    let (writer, done, wait) = (sender.clone(), Arc::clone(&writes), wait_for(&reads));
    let writing = thread::spawn(move || {
        for i in 0..ROUNDS {
            wait(i);
            writer.send(&frame(2 * i as u64, 0));
            done.store(i + 1, SeqCst);
        }
    });
    let third = sender.clone();
    let interrupting = thread::spawn(move || {
        for i in 0..ROUNDS / 100 {
            third.send(&frame(2 * i as u64 + 1, i % 100));
        }
    });
    // The peer reads every frame whole and once, each writer's in order.
    let mut peer = std::io::BufReader::new(peer);
    let mut next = [0, 1];
    for _ in 0..ROUNDS + ROUNDS / 100 {
        let number = read_frame(&mut peer).expect("a whole frame");
        let expected = &mut next[(number % 2) as usize];
        assert_eq!(number, *expected, "lost, doubled or out of order");
        *expected += 2;
    }
    for thread in [feeding, owning, writing, interrupting] {
        thread.join().unwrap();
    }
    drop(sender);
    assert_eq!(read_frame(&mut peer), Err(Vec::new()), "the stream has ended");
}

#[test]
fn a_waiting_reader_is_not_woken_by_writes() {
    let (sender, _, mut peer) = pair(new_budget(512 * 1024));
    let owner = sender.clone();
    let reading = thread::spawn(move || {
        let mut buffer = [0; 10];
        let count = owner.read(&mut buffer, READ_TIMEOUT)?;
        Ok::<Vec<u8>, std::io::Error>(buffer[..count].to_vec())
    });
    for number in 0..10_000 {
        sender.send(&frame(number, 0));
        assert_eq!(read_frame(&mut peer), Ok(number));
    }
    assert!(!reading.is_finished());
    peer.write_all(b"at last").unwrap();
    assert_eq!(reading.join().unwrap().unwrap(), b"at last");
}

#[test]
fn a_read_that_waits_too_long_ends_as_timed_out() {
    let patience = Duration::from_millis(300);
    let (stream, _silent) = connection(patience);
    let sender = Sender::new(stream, Arc::new(new_budget(1)), None);
    sender.start(Vec::new());
    sender.send(&frame(0, 0)); // so that O_NONBLOCK is on when the read begins
    let began = Instant::now();
    let error = sender.read(&mut [0], patience).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(began.elapsed() >= patience);
}

#[test]
fn nothing_overtakes_the_first_bytes_of_a_sender() {
    let (stream, mut peer) = connection(READ_TIMEOUT);
    let sender = Sender::new(stream, Arc::new(new_budget(1 << 20)), None);
    // A text to the room and then `quit`, both before the 101 is sent.
    sender.send(b"\x81\x02hi");
    sender.close(b"\x88\x02\x03\xE9");
    sender.start(b"HTTP/1.1 101 ".to_vec());
    let mut all = Vec::new();
    peer.read_to_end(&mut all).unwrap();
    assert_eq!(all, b"HTTP/1.1 101 \x81\x02hi\x88\x02\x03\xE9");
}
