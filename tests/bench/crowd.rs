//! Many clients in one thread: the driver, which puts the server under load and measures it.
//!
//! Read [`Workload`] first, what the clients do, and then [`Crowd::run`]. One client is in `client.rs`.
//!
//! **Why one thread?** A thread for each client would use more CPU time than the server that is measured,
//! and std has no call that waits for many sockets. So the driver visits all clients in rounds and never
//! blocks: it reads what has arrived into one large buffer and looks only at frame headers and stamps.
//! After a round without data it sleeps for 50 µs, or for 1 µs for each client if that is more; latencies
//! are no more precise than a round and this pause. The server's CPU time contains no wake-ups of clients
//! that block in a read, as it would not contain them if the clients were on other machines.

use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::client::{Client, STAMP_LENGTH, Tally, stamp};
use crate::process::{DriverTime, Protocol, ServerProcess, Target};
use crate::support::{read_head, upgrade_request};
use crate::table::Latencies;

/// A delivery that has not arrived this long after the end of the sending is missing.
const PATIENCE: Duration = Duration::from_secs(30);
/// The number of connections that are opened at a time. std lets 128 wait to be accepted; the attempt to
/// open one more takes at least a second.
pub const AT_A_TIME: usize = 100;
/// The shortest time between two receipts of a client.
const RECEIPT_INTERVAL: Duration = Duration::from_millis(500);

/// What the clients do.
pub struct Workload {
    /// The number of clients that send: the first ones.
    pub talkers: usize,
    /// The number of clients that never read: the last ones.
    pub stalled: usize,
    pub pacing: Pacing,
    /// How long the talkers send. After that all that was sent has to arrive.
    pub time: Duration,
    /// The length of a text.
    pub text_bytes: usize,
    /// Whether clients of the chat send receipts.
    pub sends_receipts: bool,
}

impl Workload {
    /// Texts of 60 bytes; all clients read, and none sends receipts.
    pub fn new(talkers: usize, pacing: Pacing, time: Duration) -> Workload {
        Workload { talkers, stalled: 0, pacing, time, text_bytes: 60, sends_receipts: false }
    }
}

/// When a talker sends its next message. It sends the first in any case.
#[derive(Clone, Copy)]
pub enum Pacing {
    /// At fixed times, whatever the server does (an open loop); the times of the talkers are spread over
    /// the interval. The latency of a message counts from the time at which it was due.
    Every(Duration),
    /// As soon as fewer than this many messages of its own are in flight (a closed loop).
    InFlight(usize),
    /// As soon as all clients have the message before. For one talker.
    OneAtATime,
}

/// What one run has measured.
pub struct Measurement {
    pub deliveries: u64,
    /// The number of deliveries that did not arrive.
    pub missing: u64,
    /// The number of deliveries that were not the next of their sender: they came twice, or after one
    /// that is missing.
    pub out_of_sequence: u64,
    /// The server's CPU time, in µs.
    pub cpu_time: f64,
    /// See [`DriverTime::shares_since`].
    pub driver_shares: [f64; 2],
    pub seconds: f64,
    pub latencies: Latencies,
}

/// The clients of one server.
pub struct Crowd {
    clients: Vec<Client>,
    protocol: Protocol,
    /// The time from which stamps count.
    began: Instant,
    buffer: Vec<u8>,
}

impl Crowd {
    /// Opens `count` connections. When it returns, all have their 101.
    pub fn open(process: &ServerProcess, target: &Target, count: usize) -> Crowd {
        let (began, buffer) = (Instant::now(), vec![0; 256 * 1024]);
        let mut clients = Vec::with_capacity(count);
        while clients.len() < count {
            let some = (count - clients.len()).min(AT_A_TIME);
            let mut streams: Vec<TcpStream> = (0..some).map(|_| process.connect()).collect();
            for stream in &mut streams {
                let request = upgrade_request(&target.path, "");
                stream.write_all(request.as_bytes()).expect("the server takes the request");
            }
            for mut stream in streams {
                let (head, leftover) = read_head(&mut stream);
                assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
                clients.push(Client::new(stream, leftover));
            }
        }
        // In a mixed order. A server may deliver in the order in which its clients came, or in another
        // one; that must not decide how long a delivery waits for the driver's visit.
        clients.sort_by_cached_key(|client| client.port().wrapping_mul(40_503));
        Crowd { clients, protocol: target.protocol, began, buffer }
    }

    /// One client sends one message, and all receive it. Then all clients have read what the server sent
    /// at the start (in the chat a `welcome` and the `joined` of later clients), and caches are warm.
    pub fn send_one_message(&mut self, process: &ServerProcess) -> Measurement {
        self.run(process, &Workload::new(1, Pacing::OneAtATime, Duration::ZERO))
    }

    /// Runs a workload until all deliveries have arrived, or are missing.
    pub fn run(&mut self, process: &ServerProcess, workload: &Workload) -> Measurement {
        let readers = self.clients.len() - workload.stalled;
        for client in &mut self.clients {
            client.prepare(workload.talkers);
        }
        let pause = Duration::from_micros(50.max(self.clients.len() as u64));
        let filler = "and some more words, ".repeat(workload.text_bytes / 21 + 1);
        let filler = &filler[..workload.text_bytes - STAMP_LENGTH];
        let mut tally = Tally::default();
        let (cpu_before, driver_before) = (process.cpu_time(), DriverTime::now());
        let start = self.began.elapsed();
        loop {
            let now = self.began.elapsed() - start;
            let expected = self.count_sent() * readers as u64;
            let is_complete = expected > 0 && tally.received >= expected;
            if (now >= workload.time && is_complete) || now > workload.time + PATIENCE {
                break;
            }
            let received_by_all = tally.received / readers as u64;
            for (number, client) in self.clients[..workload.talkers].iter_mut().enumerate() {
                while let Some(due) = next_due(workload, number, client, now, received_by_all) {
                    let stamp = stamp(number, client.sent, start + due);
                    client.queue_message(self.protocol, filler, &stamp);
                }
                client.flush();
            }
            let has_received = self.read_all(readers, &mut tally);
            if workload.sends_receipts {
                let readers = self.clients[..readers].iter_mut();
                readers.for_each(|client| client.send_receipt_if_due(RECEIPT_INTERVAL));
            }
            if !has_received {
                thread::sleep(pause);
            }
        }
        let seconds = (self.began.elapsed() - start).as_secs_f64();
        let cpu_time = process.cpu_time_since(cpu_before);
        let driver_shares = DriverTime::shares_since(driver_before);
        // All that was expected is here. What arrives now would be a delivery that comes twice.
        thread::sleep(Duration::from_millis(10));
        while self.read_all(readers, &mut tally) {}
        let Tally { received: deliveries, out_of_sequence, latencies } = tally;
        let missing = (self.count_sent() * readers as u64).saturating_sub(deliveries);
        Measurement { deliveries, missing, out_of_sequence, cpu_time, driver_shares, seconds, latencies }
    }

    /// Reads what has arrived, for clients that send nothing.
    pub fn drain(&mut self) {
        self.read_all(self.clients.len(), &mut Tally::default());
    }

    /// The number of messages that all clients together have sent in this run.
    fn count_sent(&self) -> u64 {
        self.clients.iter().map(|client| client.sent as u64).sum()
    }

    /// Reads once from each of the first `readers` clients. Returns whether anything has arrived.
    fn read_all(&mut self, readers: usize, tally: &mut Tally) -> bool {
        let mut has_received = false;
        for (number, client) in self.clients[..readers].iter_mut().enumerate() {
            has_received |= client.read(number, &mut self.buffer, self.protocol, self.began, tally);
        }
        has_received
    }
}

/// The time at which this talker's next message is due, if it has to be sent now.
///
/// `received_by_all` is the number of messages that all clients have.
fn next_due(
    workload: &Workload, number: usize, client: &Client, now: Duration, received_by_all: u64,
) -> Option<Duration> {
    let (due, is_its_turn) = match workload.pacing {
        Pacing::Every(interval) => {
            let offset = interval.mul_f64(number as f64 / workload.talkers as f64);
            let due = offset + interval * client.sent as u32;
            (due, due <= now)
        }
        Pacing::InFlight(most) => (now, client.sent - client.returned < most),
        Pacing::OneAtATime => (now, client.sent as u64 == received_by_all),
    };
    let is_first = client.sent == 0;
    (is_its_turn && (is_first || due < workload.time)).then_some(due)
}
