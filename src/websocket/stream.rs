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
}

impl Stream {
    /// A stream on the socket of this Sender.
    pub fn new(sender: Sender, limits: ConnectionLimits) -> Stream {
        let ConnectionLimits { message_max, budget, rate_limit } = limits;
        let (inbound, scanner) = (InboundReservation::new(&budget), FrameScanner::default());
        let (ping_frames, last_ping) = (PING, Instant::now());
        Stream { sender, ping_frames, last_ping, rate_limit, inbound, scanner, message_max }
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
    /// allocates the whole payload when it has read a frame's header.
    /// Errors: `OutOfMemory`, with a sentence for the client.
    pub fn reserve(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (mut announced, max) = (0, self.message_max);
        self.scanner.scan(bytes, None, |frame| {
            // tungstenite refuses a longer frame. It keeps no control frame: those have the highest bit
            // of the opcode set.
            let length = usize::try_from(frame.length).ok().filter(|length| *length <= max);
            let is_data = frame.header[0] & 0x08 == 0;
            announced += length.filter(|_| is_data).unwrap_or(0);
        });
        if self.inbound.announce(announced) {
            return Ok(());
        }
        let why = "too many large messages are under way; try again later";
        Err(io::Error::new(ErrorKind::OutOfMemory, why))
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
        self.rate_limit.bytes.wait();
        // The server has sent a Close. A client that goes on sending other frames is not read for ever.
        if self.sender.our_close_code().is_some() {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        let count = self.read_or_ping(buffer)?;
        if let Some(tap) = self.sender.tap() {
            tap.from_client(&buffer[..count]);
        }
        self.rate_limit.bytes.spend(count);
        self.reserve(&buffer[..count])?;
        Ok(count)
    }
}

impl Write for Stream {
    /// tungstenite writes pongs and the reply to a Close, each whole, because its write buffer is off.
    fn write(&mut self, frame: &[u8]) -> io::Result<usize> {
        if frames::is_close(frame) {
            self.sender.close(frame)
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
