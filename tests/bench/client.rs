//! One client of the benchmark: a socket that does not block, and what has come over it.
//!
//! Every message ends with a stamp: its sender, its number, and the time at which it was due. A client
//! reads only the stamps of what it receives, to count deliveries, check their order and measure their
//! latency.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::process::Protocol;
use crate::support::client_frame;
use crate::table::Latencies;

/// What all clients have received in a run.
#[derive(Default)]
pub struct Tally {
    pub received: u64,
    pub out_of_sequence: u64,
    pub latencies: Latencies,
}

/// A client after its handshake.
pub struct Client {
    stream: TcpStream,
    /// The beginning of a frame that has not arrived as a whole.
    partial_frame: Vec<u8>,
    /// Frames that the socket has not taken yet.
    unsent: Vec<u8>,
    /// The number of messages that it has sent in this run.
    pub sent: usize,
    /// The number of those that have come back to it, as they are or as an `ack`.
    pub returned: usize,
    /// For each sender the number of the message that has to come next.
    next_numbers: Vec<u32>,
    /// The id of the last message that has arrived, unless it was in a receipt already.
    unacknowledged: Option<u64>,
    last_receipt: Instant,
}

impl Client {
    /// `leftover` is what came after the head of the 101.
    pub fn new(stream: TcpStream, leftover: Vec<u8>) -> Client {
        stream.set_nonblocking(true).expect("a connected socket");
        Client {
            stream,
            partial_frame: leftover,
            unsent: Vec::new(),
            sent: 0,
            returned: 0,
            next_numbers: Vec::new(),
            unacknowledged: None,
            last_receipt: Instant::now(),
        }
    }

    /// The client's own port.
    pub fn port(&self) -> u16 {
        self.stream.local_addr().expect("a connected socket").port()
    }

    /// Begins to count anew, for a run with `talkers` senders.
    pub fn prepare(&mut self, talkers: usize) {
        (self.sent, self.returned) = (0, 0);
        self.next_numbers = vec![0; talkers];
    }

    /// Queues a message with this stamp. [`Client::flush`] sends it.
    pub fn queue_message(&mut self, protocol: Protocol, filler: &str, stamp: &str) {
        let message = match protocol {
            Protocol::Plain => format!("{filler}{stamp}"),
            Protocol::Chat => {
                format!("{{\"type\":\"say\",\"text\":\"{filler}{stamp}\",\"ref\":\"{stamp}\"}}")
            }
        };
        self.unsent.extend_from_slice(&client_frame(0x81, message.as_bytes()));
        self.sent += 1;
    }

    /// Sends a receipt for the last message, unless it has one or the last receipt is too recent.
    pub fn send_receipt_if_due(&mut self, interval: Duration) {
        let Some(id) = self.unacknowledged else { return };
        if self.last_receipt.elapsed() > interval {
            self.unacknowledged = None;
            self.last_receipt = Instant::now();
            let message = format!("{{\"type\":\"received\",\"id\":{id}}}");
            self.unsent.extend_from_slice(&client_frame(0x81, message.as_bytes()));
            self.flush();
        }
    }

    /// Sends as much as the socket takes.
    pub fn flush(&mut self) {
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(count) => drop(self.unsent.drain(..count)),
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) => panic!("the connection of a client that did nothing wrong fails: {e}"),
            }
        }
    }

    /// Reads once and counts the deliveries. Returns whether anything has arrived.
    ///
    /// `own_number` is the client's number as a sender; `began` is the time from which stamps count.
    pub fn read(
        &mut self, own_number: usize, buffer: &mut [u8], protocol: Protocol, began: Instant,
        tally: &mut Tally,
    ) -> bool {
        let kept = self.partial_frame.len();
        buffer[..kept].copy_from_slice(&self.partial_frame);
        let length = match self.stream.read(&mut buffer[kept..]) {
            Ok(0) => panic!("the server has closed the connection of a client that reads"),
            Ok(count) => kept + count,
            Err(e) if e.kind() == ErrorKind::WouldBlock => return false,
            Err(e) => panic!("the connection of a client that did nothing wrong fails: {e}"),
        };
        let now = began.elapsed().as_micros() as u64;
        let mut bytes = &buffer[..length];
        while let Some((payload, others)) = first_frame(bytes) {
            bytes = others;
            let Some(stamp) = find_stamp(protocol, payload) else { continue };
            let (sender, number, due) = read_stamp(stamp);
            tally.received += 1;
            tally.out_of_sequence += u64::from(self.next_numbers.get(sender) != Some(&number));
            if let Some(next) = self.next_numbers.get_mut(sender) {
                *next = number + 1;
            }
            tally.latencies.add(now.saturating_sub(due));
            self.returned += usize::from(sender == own_number);
            if protocol == Protocol::Chat && sender != own_number {
                self.unacknowledged = Some(leading_number(&payload[SAID.len()..]));
            }
        }
        self.partial_frame.clear();
        self.partial_frame.extend_from_slice(bytes);
        true
    }
}

/// The payload of the first frame (RFC 6455, 5.2), and the bytes after it. `None` if the frame has not
/// arrived as a whole.
pub fn first_frame(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (header, length) = match *bytes {
        [_, 126, high, low, ..] => (4, u16::from_be_bytes([high, low]).into()),
        [_, 126, ..] => return None,
        [_, 127, ..] => (10, u64::from_be_bytes(bytes.get(2..10)?.try_into().expect("8 bytes")) as usize),
        [first, length, ..] => {
            assert_ne!(first, 0x88, "the server sends a Close to a client that reads");
            (2, length.into())
        }
        _ => return None,
    };
    let payload = bytes.get(header..header + length)?;
    Some((payload, &bytes[header + length..]))
}

/// The stamp of a message: the number of its sender, its own number, and the time at which it was due,
/// in µs since the clients were opened. In the chat it is also the message's `ref`.
pub fn stamp(sender: usize, number: usize, due: Duration) -> String {
    format!("{sender:04}-{number:06}-{:010}", due.as_micros())
}

pub const STAMP_LENGTH: usize = 4 + 1 + 6 + 1 + 10;
const SAID: &[u8] = b"{\"type\":\"said\",\"id\":";
const ACK: &[u8] = b"{\"type\":\"ack\",\"ref\":\"";

/// The stamp of a delivery. `None` for other messages of the server, such as `joined`.
fn find_stamp(protocol: Protocol, payload: &[u8]) -> Option<&[u8]> {
    let text = match protocol {
        Protocol::Plain => payload,
        Protocol::Chat if payload.starts_with(SAID) => payload.strip_suffix(b"\"}")?,
        Protocol::Chat if payload.starts_with(ACK) => &payload[..ACK.len() + STAMP_LENGTH],
        Protocol::Chat => return None,
    };
    Some(&text[text.len() - STAMP_LENGTH..])
}

/// The sender, the number and the time of a stamp.
fn read_stamp(stamp: &[u8]) -> (usize, u32, u64) {
    let [sender, number, due] = [0, 5, 12].map(|at| leading_number(&stamp[at..]));
    (sender as usize, number as u32, due)
}

/// The decimal number at the beginning of these bytes.
fn leading_number(bytes: &[u8]) -> u64 {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}
