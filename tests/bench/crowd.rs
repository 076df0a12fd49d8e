//! Many clients in one thread: what drives the server.
//!
//! A thread for each client would cost more than the server that is measured, and std cannot wait for
//! many sockets at once. So one thread goes over all of them in rounds, without blocking: it reads
//! what has come into one large buffer and looks at frame headers and stamps only. After a round in
//! which nothing came it sleeps for a moment, which is the precision of the latencies: 0.1 ms, or 1 µs
//! for each client if that is more. As nobody waits in a read, the server's CPU time is not that of
//! waking clients up, which a network would spare it too.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::process::{Driver, Process, Speaks, Subject};
use crate::support::{client_frame, read_head, upgrade_request};
use crate::table::Latencies;

/// What is not there by then is missing.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many connections are opened at a time: fewer than the 128 that std lets wait to be accepted,
/// beyond which a client tries again after a second.
const AT_A_TIME: usize = 100;
/// Clients say at most this often what has arrived.
const RECEIPT_EVERY: Duration = Duration::from_millis(500);

/// What the clients do.
pub struct Load {
    /// So many of them talk: the first ones.
    pub talkers: usize,
    /// So many of them never read: the last ones.
    pub stalled: usize,
    pub pace: Pace,
    /// For so long; then everything that was said has to arrive.
    pub time: Duration,
    /// Bytes of a text.
    pub text: usize,
    /// Whether clients of the chat say what has arrived.
    pub receipts: bool,
}

/// When a talker says the next thing.
#[derive(Clone, Copy)]
pub enum Pace {
    /// At fixed times, the talkers spread over the interval, whatever the server does: who is late
    /// is late for the next one as well, and that counts (an open loop).
    Every(Duration),
    /// As soon as fewer than this many of its own are under way.
    UnderWay(usize),
    /// As soon as everybody has what was said before; for one who talks alone.
    AllHaveIt,
}

impl Load {
    /// So many talk, in texts of 60 bytes.
    pub fn new(talkers: usize, pace: Pace, time: Duration) -> Load {
        Load { talkers, stalled: 0, pace, time, text: 60, receipts: false }
    }
}

/// What came of it.
pub struct Outcome {
    pub deliveries: u64,
    /// Deliveries that never came.
    pub missing: u64,
    /// Deliveries that were not the next of their sender: doubled, or after one that is missing.
    pub wrong: u64,
    /// The server's CPU time, in µs.
    pub cpu: f64,
    /// See [`Driver::shares_since`].
    pub driver: [f64; 2],
    pub seconds: f64,
    pub latencies: Latencies,
}

/// The clients.
pub struct Crowd {
    clients: Vec<Client>,
    speaks: Speaks,
    began: Instant,
    buffer: Vec<u8>,
}

struct Client {
    stream: TcpStream,
    /// The beginning of a frame whose rest has not come yet.
    rest: Vec<u8>,
    /// What the socket has not taken yet.
    out: Vec<u8>,
    /// How many messages it has sent, and how many of them have come back, as `ack` or as they are.
    sent: usize,
    back: usize,
    /// By sender, the number that has to come next from it.
    next: Vec<u32>,
    /// The id of the last message that has arrived, if the server has not been told, and when it was
    /// told something for the last time.
    arrived: Option<u64>,
    told: Instant,
}

impl Crowd {
    /// Opens so many connections to a server. They have all got in when this returns.
    pub fn open(process: &Process, subject: &Subject, count: usize) -> Crowd {
        let (began, buffer) = (Instant::now(), vec![0; 256 * 1024]);
        let mut clients = Vec::with_capacity(count);
        while clients.len() < count {
            let some = (count - clients.len()).min(AT_A_TIME);
            let mut streams: Vec<TcpStream> = (0..some).map(|_| process.connect()).collect();
            for stream in &mut streams {
                let request = upgrade_request(&subject.path, "");
                stream.write_all(request.as_bytes()).expect("it takes the request");
            }
            for mut stream in streams {
                let (head, rest) = read_head(&mut stream);
                assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
                stream.set_nonblocking(true).expect("a connected socket");
                let (out, next, told) = (Vec::new(), Vec::new(), began);
                let (sent, back, arrived) = (0, 0, None);
                clients.push(Client { stream, rest, out, sent, back, next, arrived, told });
            }
        }
        // In no particular order: whether a server goes along its clients in the order in which they came,
        // or in another, must make no difference to how this driver meets it on its rounds.
        clients.sort_by_cached_key(|client| {
            client.stream.local_addr().expect("a connected socket").port().wrapping_mul(40_503)
        });
        Crowd { clients, speaks: subject.speaks, began, buffer }
    }

    /// One says something and everybody gets it. Then all have read what the server told them when
    /// they came, and both sides have warmed up.
    pub fn say_one_thing(&mut self, process: &Process) -> Outcome {
        self.run(process, &Load::new(1, Pace::AllHaveIt, Duration::ZERO))
    }

    /// Has the clients do something.
    pub fn run(&mut self, process: &Process, load: &Load) -> Outcome {
        let readers = self.clients.len() - load.stalled;
        for client in &mut self.clients {
            (client.sent, client.back) = (0, 0);
            client.next = vec![0; load.talkers];
        }
        let pause = Duration::from_micros(50.max(self.clients.len() as u64));
        let filler = "and some more words, ".repeat(load.text / 21 + 1);
        let filler = &filler[..load.text - STAMP];
        let mut tally = Tally { received: 0, wrong: 0, latencies: Latencies::default() };
        let (cpu, driver) = (process.cpu(), Driver::now());
        let start = self.began.elapsed();
        loop {
            let now = self.began.elapsed() - start;
            let sent: usize = self.clients[..load.talkers].iter().map(|client| client.sent).sum();
            let expected = (sent * readers) as u64;
            if (now >= load.time && sent > 0 && tally.received >= expected)
                || now > load.time + PATIENCE
            {
                break;
            }
            for (number, client) in self.clients[..load.talkers].iter_mut().enumerate() {
                while let Some(due) =
                    next_due(load, number, client, now, tally.received / readers as u64)
                {
                    let stamp = stamp(number, client.sent, start + due);
                    client.say(self.speaks, filler, &stamp);
                    client.sent += 1;
                }
                client.flush();
            }
            let mut came = false;
            for (number, client) in self.clients[..readers].iter_mut().enumerate() {
                came |= client.read(number, &mut self.buffer, self.speaks, self.began, &mut tally);
                if load.receipts
                    && client.arrived.is_some()
                    && client.told.elapsed() > RECEIPT_EVERY
                {
                    client.tell_what_arrived();
                }
            }
            if !came {
                thread::sleep(pause);
            }
        }
        let seconds = (self.began.elapsed() - start).as_secs_f64();
        let (cpu, driver) = (process.cpu_since(cpu), Driver::shares_since(driver));
        // What comes now has come before.
        thread::sleep(Duration::from_millis(10));
        for (number, client) in self.clients[..readers].iter_mut().enumerate() {
            while client.read(number, &mut self.buffer, self.speaks, self.began, &mut tally) {}
        }
        let sent: usize = self.clients[..load.talkers].iter().map(|client| client.sent).sum();
        let Tally { received: deliveries, wrong, latencies } = tally;
        let missing = ((sent * readers) as u64).saturating_sub(deliveries);
        Outcome { deliveries, missing, wrong, cpu, driver, seconds, latencies }
    }
}

/// The time that this talker's next message is from, if there is one by now.
///
/// `heard` is how many messages everybody has.
fn next_due(
    load: &Load,
    number: usize,
    client: &Client,
    now: Duration,
    heard: u64,
) -> Option<Duration> {
    let (due, is_its_turn) = match load.pace {
        Pace::Every(interval) => {
            let spread = interval.mul_f64(number as f64 / load.talkers as f64);
            let due = spread + interval * client.sent as u32;
            (due, due <= now)
        }
        Pace::UnderWay(most) => (now, client.sent - client.back < most),
        Pace::AllHaveIt => (now, client.sent as u64 == heard),
    };
    let is_first = client.sent == 0; // which is said in any case
    (is_its_turn && (is_first || due < load.time)).then_some(due)
}

struct Tally {
    received: u64,
    wrong: u64,
    latencies: Latencies,
}

impl Client {
    fn say(&mut self, speaks: Speaks, filler: &str, stamp: &str) {
        let message = match speaks {
            Speaks::Raw => format!("{filler}{stamp}"),
            Speaks::Chat => {
                format!("{{\"type\":\"say\",\"text\":\"{filler}{stamp}\",\"ref\":\"{stamp}\"}}")
            }
        };
        self.out.extend_from_slice(&client_frame(0x81, message.as_bytes()));
    }

    fn tell_what_arrived(&mut self) {
        if let Some(id) = self.arrived.take() {
            self.told = Instant::now();
            let message = format!("{{\"type\":\"received\",\"id\":{id}}}");
            self.out.extend_from_slice(&client_frame(0x81, message.as_bytes()));
            self.flush();
        }
    }

    /// Writes as much as the socket takes.
    fn flush(&mut self) {
        while !self.out.is_empty() {
            match self.stream.write(&self.out) {
                Ok(count) => drop(self.out.drain(..count)),
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) => panic!("a client that did nothing wrong cannot write: {e}"),
            }
        }
    }

    /// Reads what has come, and says whether anything has.
    fn read(
        &mut self,
        own_number: usize,
        buffer: &mut [u8],
        speaks: Speaks,
        began: Instant,
        tally: &mut Tally,
    ) -> bool {
        let kept = self.rest.len();
        buffer[..kept].copy_from_slice(&self.rest);
        let length = match self.stream.read(&mut buffer[kept..]) {
            Ok(0) => panic!("the server has closed the connection of a client that reads"),
            Ok(count) => kept + count,
            Err(e) if e.kind() == ErrorKind::WouldBlock => return false,
            Err(e) => panic!("a client that does nothing wrong cannot read: {e}"),
        };
        let now = began.elapsed().as_micros() as u64;
        let mut bytes = &buffer[..length];
        while let Some((payload, others)) = first_frame(bytes) {
            bytes = others;
            let Some(stamp) = find_stamp(speaks, payload) else { continue };
            let (sender, number, at) = read_stamp(stamp);
            tally.received += 1;
            tally.wrong += u64::from(self.next.get(sender) != Some(&number));
            if let Some(next) = self.next.get_mut(sender) {
                *next = number + 1;
            }
            tally.latencies.add(now.saturating_sub(at));
            self.back += usize::from(sender == own_number);
            if speaks == Speaks::Chat && sender != own_number {
                self.arrived = Some(digits(&payload[SAID.len()..]));
            }
        }
        self.rest.clear();
        self.rest.extend_from_slice(bytes);
        true
    }
}

/// The payload of the first whole frame (RFC 6455, 5.2), and what follows it.
fn first_frame(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (header, length) = match *bytes {
        [_, 126, high, low, ..] => (4, u16::from_be_bytes([high, low]).into()),
        [_, 126, ..] => return None,
        [_, 127, ..] => {
            (10, u64::from_be_bytes(bytes.get(2..10)?.try_into().expect("8 bytes")) as usize)
        }
        [first, length, ..] => {
            assert_ne!(first, 0x88, "the server says goodbye to a client that reads");
            (2, length.into())
        }
        _ => return None,
    };
    let payload = bytes.get(header..header + length)?;
    Some((payload, &bytes[header + length..]))
}

/// Every message has one, at its end: sender, number, and the time it is from, in µs. In the chat it
/// is the message's `ref` as well.
fn stamp(sender: usize, number: usize, at: Duration) -> String {
    format!("{sender:04}-{number:06}-{:010}", at.as_micros())
}

const STAMP: usize = 4 + 1 + 6 + 1 + 10;
const SAID: &[u8] = b"{\"type\":\"said\",\"id\":";
const ACK: &[u8] = b"{\"type\":\"ack\",\"ref\":\"";

/// The stamp in what the server sent, if it is a delivery and not, say, a `joined`.
fn find_stamp(speaks: Speaks, payload: &[u8]) -> Option<&[u8]> {
    let text = match speaks {
        Speaks::Raw => payload,
        Speaks::Chat if payload.starts_with(SAID) => payload.strip_suffix(b"\"}")?,
        Speaks::Chat if payload.starts_with(ACK) => &payload[..ACK.len() + STAMP],
        Speaks::Chat => return None,
    };
    Some(&text[text.len() - STAMP..])
}

fn read_stamp(stamp: &[u8]) -> (usize, u32, u64) {
    (digits(stamp) as usize, digits(&stamp[5..]) as u32, digits(&stamp[12..]))
}

/// The number that the bytes begin with.
fn digits(bytes: &[u8]) -> u64 {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}
