//! What tungstenite takes for a network connection: `Read` reads the socket, `Write` sends through the
//! [`Sender`], so that tungstenite's own pongs and Close replies stay in order with all other frames.
//!
//! Each read waits for the rate limit, ends after a Close of the server's, sends a ping after silence,
//! shows the bytes to the tap, and reserves memory for the messages that they announce.

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use super::frames::{self, FrameScanner, PING};
use super::{ConnectionLimits, Sender};
use super::{memory::InboundReservation, rate_limit::RateLimit};

/// After this long without a byte from the client, the server sends a ping (heartbeat). A browser
/// answers it by itself.
pub const PING_AFTER: Duration = Duration::from_secs(20);
/// After this long without a byte, the client has vanished: a closed laptop, a lost Wi-Fi. A pong may
/// take the difference on a bad network.
pub const GONE_AFTER: Duration = Duration::from_secs(45);
/// An expected binary message is late if no byte of it comes for this long.
pub const BINARY_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection as tungstenite sees it.
pub struct Stream {
    /// The client's Sender. Its socket's read timeout is [`PING_AFTER`], but for the wait for a pong.
    pub sender: Sender,
    /// The frames that are sent after [`PING_AFTER`] of silence.
    pub ping_frames: &'static [u8],
    /// When they were sent last, or when the connection began.
    last_ping: Instant,
    /// How fast the client may send.
    pub rate_limit: RateLimit,
    /// The memory for the message that is coming in.
    pub inbound: InboundReservation,
    /// Finds the frames that announce it.
    scanner: FrameScanner,
    /// The longest message that is accepted, in bytes.
    message_max: usize,
    /// Whether the message that began last is a binary one.
    is_binary: bool,
    /// A binary message is expected: when its last byte came, and the frames that say that it is late.
    pub expected: Option<Box<(Instant, Vec<u8>)>>,
}

impl Stream {
    /// A stream on the socket of this Sender.
    pub fn new(sender: Sender, limits: ConnectionLimits) -> Stream {
        let ConnectionLimits { message_max, budget, rate_limit } = limits;
        let (inbound, scanner) = (InboundReservation::new(&budget), FrameScanner::default());
        let (ping_frames, last_ping) = (PING, Instant::now());
        let (is_binary, expected) = (false, None);
        Stream {
            sender,
            ping_frames,
            last_ping,
            rate_limit,
            inbound,
            scanner,
            message_max,
            is_binary,
            expected,
        }
    }

    /// Sends the ping.
    fn ping(&mut self) {
        self.sender.send(self.ping_frames);
        self.last_ping = Instant::now();
    }

    /// Sends the ping, if none has been sent for [`PING_AFTER`].
    pub fn ping_if_due(&mut self) {
        if self.last_ping.elapsed() >= PING_AFTER {
            self.ping();
        }
    }

    /// Reserves memory for the messages that begin in these bytes, before tungstenite sees them: it
    /// allocates the whole payload when it has read a frame's header. Returns whether they belong to binary messages.
    /// Errors: `OutOfMemory`, with a sentence for the client.
    pub fn reserve(&mut self, bytes: &[u8]) -> io::Result<bool> {
        let (mut announced, max) = (0, self.message_max);
        let mut has_binary = self.is_binary && self.scanner.is_inside();
        self.scanner.scan(bytes, None, |frame| {
            // tungstenite refuses a longer frame. It keeps no control frame: those have the highest bit
            // of the opcode set.
            let length = usize::try_from(frame.length).ok().filter(|length| *length <= max);
            let is_data = frame.header[0] & 0x08 == 0;
            self.is_binary = match frame.header[0] & 0x0F {
                1 | 2 => frame.header[0] & 2 != 0,
                _ => self.is_binary,
            };
            has_binary |= self.is_binary && is_data;
            announced += length.filter(|_| is_data).unwrap_or(0);
        });
        if self.inbound.announce(announced) {
            return Ok(has_binary);
        }
        let why = "too many large messages are under way; try again later";
        Err(io::Error::new(ErrorKind::OutOfMemory, why))
    }

    /// Counts the bytes of a read.
    #[inline(never)] // *Speed*: as below.
    fn count(&mut self, bytes: &[u8]) -> io::Result<()> {
        let has_binary = self.reserve(bytes)?;
        self.rate_limit.bucket(has_binary).spend(bytes.len());
        if let Some((last, _)) = self.expected.as_deref_mut().filter(|_| has_binary) {
            *last = Instant::now();
        }
        Ok(())
    }

    /// Reads while a binary message is expected. Returns `None` when it is late: bytes that have come, and that the
    /// rate limit has kept waiting, are read first.
    #[inline(never)] // *Speed*: keeps its variables off the stack of an idle client.
    fn read_expected(&mut self, buffer: &mut [u8]) -> Option<io::Result<usize>> {
        while let Some((last, _)) = self.expected.as_deref() {
            let left = BINARY_TIMEOUT.saturating_sub(last.elapsed());
            let timeout = left.max(Duration::from_millis(1));
            let set_timeout = |timeout| self.sender.tcp().set_read_timeout(Some(timeout));
            let result = set_timeout(timeout).and_then(|()| self.sender.read(buffer, timeout));
            let result = set_timeout(PING_AFTER).and(result);
            if result.as_ref().err().map(io::Error::kind) != Some(ErrorKind::TimedOut) {
                return Some(result);
            }
            if left.is_zero()
                && let Some(expected) = self.expected.take()
            {
                self.sender.send(&expected.1);
            }
        }
        None
    }

    /// Reads from the socket; pings a silent client, and gives it up after [`GONE_AFTER`]. This stands
    /// below tungstenite because a single byte inside a frame shows that the client is there.
    ///
    /// While a client is behind, silence does not count: it reads the ping only after all that was sent
    /// before, and the catch-up thread notices if it reads nothing more. (std cannot see what waits in the
    /// kernel's buffer, up to about 4 MiB: a client has to read that much in time.)
    fn read_or_ping(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let is_silence = |result: &io::Result<usize>| {
            result.as_ref().is_err_and(|error| error.kind() == ErrorKind::TimedOut)
        };
        if self.expected.is_some()
            && let Some(result) = self.read_expected(buffer)
        {
            return result;
        }
        let mut result = self.sender.read(buffer, PING_AFTER);
        if is_silence(&result) && self.sender.our_close_code().is_none() {
            self.ping();
            let patience = GONE_AFTER - PING_AFTER;
            self.sender.tcp().set_read_timeout(Some(patience))?;
            result = self.sender.read(buffer, patience);
            while is_silence(&result) && self.sender.is_behind() && self.sender.our_close_code().is_none() {
                result = self.sender.read(buffer, patience);
            }
            self.sender.tcp().set_read_timeout(Some(PING_AFTER))?;
        }
        result
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let is_binary = self.is_binary && self.scanner.is_inside();
        self.rate_limit.bucket(is_binary).wait();
        // The server has sent a Close. A client that goes on sending other frames is not read for ever.
        if self.sender.our_close_code().is_some() {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        if is_binary {
            self.ping_if_due(); // the message may take minutes, and a page counts on pings
        }
        let count = self.read_or_ping(buffer)?;
        if let Some(tap) = self.sender.tap() {
            tap.from_client(&buffer[..count]);
        }
        self.count(&buffer[..count])?;
        Ok(count)
    }
}

impl Write for Stream {
    /// tungstenite writes pongs and the reply to a Close, each whole, because its write buffer is off.
    fn write(&mut self, frame: &[u8]) -> io::Result<usize> {
        if frames::is_close(frame) {
            self.sender.answer_close(frame)
        } else {
            self.sender.send(frame)
        }
        Ok(frame.len())
    }

    /// `write` holds nothing back.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
