//! The Sender alone, at one end of a TCP connection, without the rest of the server.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use partyline::websocket::memory::Budget;
use partyline::websocket::sender::Sender;

use crate::support::{PATIENCE, assert_took, wait_until};

/// How long the thread that owns the Sender waits in one read.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// Both ends of a TCP connection: the server's, and the peer's.
fn connection(read_timeout: Duration) -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(read_timeout)).unwrap();
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    peer.set_write_timeout(Some(PATIENCE)).unwrap();
    (stream, peer)
}

/// A Sender that has been started, its budget, and the peer that it sends to.
fn pair(budget: Budget) -> (Sender, Arc<Budget>, TcpStream) {
    let (stream, peer) = connection(READ_TIMEOUT);
    let budget = Arc::new(budget);
    let sender = Sender::new(stream, Arc::clone(&budget), None);
    sender.start(Vec::new());
    (sender, budget, peer)
}

/// A frame as a server sends it: a number of 8 bytes, then `size` bytes that depend on the number.
fn frame(number: u64, size: usize) -> Vec<u8> {
    let mut frame = vec![0x82, 127];
    frame.extend_from_slice(&(8 + size as u64).to_be_bytes());
    frame.extend_from_slice(&number.to_be_bytes());
    frame.extend((0..size).map(|i| (i as u64 ^ number) as u8));
    frame
}

/// Reads a frame that [`frame`] made and returns its number; `Err` holds the bytes of anything else.
fn read_frame(peer: &mut impl Read) -> Result<u64, Vec<u8>> {
    let mut header = Vec::new();
    peer.take(10).read_to_end(&mut header).map_err(|error| error.to_string().into_bytes())?;
    if header.len() < 10 || header[..2] != [0x82, 127] {
        let _ = peer.read_to_end(&mut header);
        return Err(header);
    }
    let length = u64::from_be_bytes(header[2..].try_into().unwrap()) as usize;
    let mut payload = vec![0; length];
    peer.read_exact(&mut payload).map_err(|error| error.to_string().into_bytes())?;
    let number = u64::from_be_bytes(payload[..8].try_into().unwrap());
    assert!(frame(number, length - 8)[10..] == payload, "frame {number} is torn");
    Ok(number)
}

#[test]
fn reads_and_writes_at_the_same_time_lose_and_tear_nothing() {
    /// In each round one read, which needs O_NONBLOCK off, races one write, which needs it on; the next
    /// round begins when both are done. So the flag is switched at least once in each round.
    const ROUNDS: usize = 1_000_000;
    let (sender, _, peer) = pair(Budget::new(usize::MAX / 2));
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
    sender.finish();
    assert_eq!(read_frame(&mut peer), Err(Vec::new()), "the stream has ended");
}

#[test]
fn the_backlog_arrives_in_order_when_the_peer_reads_again() {
    let (sender, budget, mut peer) = pair(Budget::new(512 * 1024));
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
    let (sender, budget, peer) = pair(Budget::new(usize::MAX / 2));
    // 64 MiB are far more than any kernel buffer holds, so this returns only if `send` does not wait.
    for number in 0..1024 {
        sender.send(&frame(number, 65_536));
    }
    assert!(budget.waiting() > 32 << 20, "{}", budget.waiting());
    drop(peer);
    wait_until("the backlog of a peer that has gone is freed", || budget.waiting() == 0);
}

#[test]
fn a_slow_peer_gets_a_close_after_whole_frames() {
    let limit = 512 * 1024;
    let (sender, budget, mut peer) = pair(Budget::new(limit));
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
    let (sender, budget, mut peer) = pair(Budget::new(1000));
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
    let mut budget = Budget::new(usize::MAX / 2);
    budget.total = 1 << 20;
    let (sender, budget, mut peer) = pair(budget);
    sender.send(&frame(0, 64 << 20));
    assert_eq!(budget.waiting(), 0);
    // A Close cannot be sent in the middle of a frame, so the connection is cut.
    assert!(read_frame(&mut peer).is_err());
    let mut buffer = [0];
    assert_eq!(sender.read(&mut buffer, READ_TIMEOUT).unwrap(), 0, "its owner sees the end");
}

#[test]
fn without_a_catch_up_thread_the_connection_is_cut() {
    let mut budget = Budget::new(1 << 20);
    budget.catch_up_threads = 0;
    let (sender, budget, mut peer) = pair(budget);
    sender.send(&frame(0, 64 << 20));
    assert_eq!(budget.waiting(), 0);
    assert!(read_frame(&mut peer).is_err());
}

#[test]
fn a_peer_that_never_reads_is_cut_off_after_ten_seconds() {
    let (sender, budget, mut peer) = pair(Budget::new(1 << 20));
    sender.send(&frame(0, 64 << 20));
    let began = Instant::now();
    sender.wait_until_caught_up();
    assert_took(began, Duration::from_secs(9), Duration::from_secs(40));
    assert_eq!(budget.waiting(), 0);
    assert!(read_frame(&mut peer).is_err());
}

#[test]
fn close_is_sent_after_the_backlog() {
    let (sender, _, mut peer) = pair(Budget::new(64 << 20));
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
fn a_waiting_reader_is_not_woken_by_writes() {
    let (sender, _, mut peer) = pair(Budget::new(512 * 1024));
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
    let sender = Sender::new(stream, Arc::new(Budget::new(1)), None);
    sender.start(Vec::new());
    sender.send(&frame(0, 0)); // so that O_NONBLOCK is on when the read begins
    let began = Instant::now();
    let error = sender.read(&mut [0], patience).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(began.elapsed() >= patience);
}

#[test]
fn a_slow_but_steady_reader_is_not_cut_off() {
    let (sender, _, mut peer) = pair(Budget::new(1 << 20));
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
    let (sender, budget, mut peer) = pair(Budget::new(1000));
    sender.send(&frame(0, 32 << 20)); // one message may exceed the limit
    assert!(budget.waiting() > 1000);
    sender.send(&[]);
    assert_eq!(sender.our_close_code(), None);
    assert_eq!(read_frame(&mut peer), Ok(0));
}

#[test]
fn nothing_overtakes_the_first_bytes_of_a_sender() {
    let (stream, mut peer) = connection(READ_TIMEOUT);
    let sender = Sender::new(stream, Arc::new(Budget::new(1 << 20)), None);
    // A text to the room and then `quit`, both before the 101 is sent.
    sender.send(b"\x81\x02hi");
    sender.close(b"\x88\x02\x03\xE9");
    sender.start(b"HTTP/1.1 101 ".to_vec());
    let mut all = Vec::new();
    peer.read_to_end(&mut all).unwrap();
    assert_eq!(all, b"HTTP/1.1 101 \x81\x02hi\x88\x02\x03\xE9");
}
