//! What tungstenite takes for a network connection: `Read` reads the socket, `Write` sends through the
//! client's [`Sender`]. So the pongs and Close replies that tungstenite writes by itself leave in order
//! with all other frames.
//!
//! Each read does, in this order: wait for the rate limit, end after a Close of the server's, send a
//! ping after silence, show the bytes to the tap, reserve memory for the messages they announce.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use super::frames::{FrameScanner, PING};
use super::memory::{Budget, InboundReservation};
use super::rate_limit::RateLimit;
use super::sender::Sender;

/// After this long without a byte from the client, the server sends a ping (heartbeat). A browser
/// answers it by itself.
pub const PING_AFTER: Duration = Duration::from_secs(20);
/// After this long without a byte, the client has vanished: a closed laptop, a lost Wi-Fi. Longer than
/// [`PING_AFTER`] by the time that a pong may take on a bad network.
pub const GONE_AFTER: Duration = Duration::from_secs(45);

/// A connection as tungstenite sees it.
pub struct Stream {
    /// The client's Sender; it holds the socket. The socket's read timeout is [`PING_AFTER`].
    pub sender: Sender,
    /// The frames that are sent after [`PING_AFTER`] of silence.
    pub ping: &'static [u8],
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
    pub fn new(
        sender: Sender,
        rate_limit: RateLimit,
        budget: &Arc<Budget>,
        message_max: usize,
    ) -> Stream {
        Stream {
            sender,
            ping: PING,
            rate_limit,
            inbound: InboundReservation::new(budget),
            scanner: FrameScanner::default(),
            message_max,
        }
    }

    /// Reserves memory for the messages that begin in these bytes. It comes before tungstenite sees
    /// them, because tungstenite allocates the whole payload when it has read a frame's header.
    ///
    /// # Errors
    /// `OutOfMemory`, with a sentence for the client.
    pub fn reserve(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (mut announced, max) = (0, self.message_max);
        self.scanner.scan(bytes, None, |frame| {
            // tungstenite refuses a longer frame anyway, and keeps no control frame (RFC 6455, 5.2: the
            // highest bit of the opcode).
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

    /// Reads from the socket; pings a silent client, and gives it up after [`GONE_AFTER`]. Silence is
    /// measured here, below tungstenite, because every byte is a sign of life, even one in the middle
    /// of a frame.
    ///
    /// While a client is behind, silence does not count: its pong has to wait for all that was sent
    /// before the ping, and the catch-up thread notices if it takes nothing any more. (What waits in
    /// the kernel's buffer, up to about 4 MiB, cannot be seen with std. A client has to read that much
    /// in time.)
    fn read_or_ping(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let is_silence = |result: &io::Result<usize>| {
            result.as_ref().is_err_and(|error| error.kind() == ErrorKind::TimedOut)
        };
        let mut result = self.sender.read(buffer, PING_AFTER);
        if is_silence(&result) && self.sender.our_close_code().is_none() {
            self.sender.send(self.ping);
            let patience = GONE_AFTER - PING_AFTER;
            self.sender.tcp().set_read_timeout(Some(patience))?;
            result = self.sender.read(buffer, patience);
            while is_silence(&result) && self.sender.is_behind() {
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
        // The server has sent a Close and the client answers with other frames: stop reading, because
        // that could go on for ever.
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
    /// tungstenite writes whole frames, and by itself only pongs and the reply to a Close.
    fn write(&mut self, frame: &[u8]) -> io::Result<usize> {
        let is_close = frame.first() == Some(&0x88); // FIN and opcode 8 (RFC 6455, 5.2)
        if is_close {
            self.sender.close(frame)
        } else {
            self.sender.send(frame)
        }
        Ok(frame.len())
    }

    /// `write` holds nothing back, so there is nothing to flush. (After its reply to a Close,
    /// tungstenite does not call this.)
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
