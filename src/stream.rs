//! What tungstenite takes for a network connection: its `Read` is the socket, its `Write` is the client's
//! [`Sender`], so that tungstenite's own pongs and Close replies take the same way out as all the rest.
//!
//! All that has to be seen to at each read is seen to here, in this order: the pace, a Close of ours,
//! silence, the tap, and memory for what is announced.

use std::io::{self, ErrorKind, Read, Write};
use std::time::Duration;

use crate::frames::Walker;
use crate::pace::Pace;
use crate::sender::Sender;
use crate::shared::Incomplete;

/// After this long without a byte from the client it gets a ping. A browser answers by itself.
pub const PING_AFTER: Duration = Duration::from_secs(20);
/// After this long without a byte it is gone: laptop lid, lost Wi-Fi. Longer than [`PING_AFTER`] by
/// what a pong may take on a bad network.
pub const GONE_AFTER: Duration = Duration::from_secs(45);
/// A ping without a payload (RFC 6455, 5.5.2).
pub const PING: &[u8] = b"\x89\x00";

/// A connection, for tungstenite.
pub struct Stream {
    /// The way out, for everybody; and the way in, which only this thread uses. Its read timeout is
    /// [`PING_AFTER`].
    pub sender: Sender,
    /// What is sent after so much silence, as whole frames.
    pub ping: &'static [u8],
    /// How fast the client may be.
    pub pace: Pace,
    /// Finds the frames in what comes.
    pub walker: Walker,
    /// The memory that they announce.
    pub incomplete: Incomplete,
    /// The longest message that is taken, in bytes.
    pub message_max: usize,
}

impl Stream {
    /// Sees to it that there is memory for the messages that begin in these bytes: as soon as tungstenite
    /// has seen a frame's header it makes room for all of it.
    ///
    /// # Errors
    /// `OutOfMemory`.
    pub fn make_room(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (mut announced, longest) = (0, self.message_max);
        self.walker.walk(bytes, None, |frame| {
            // A longer one will be refused, however much memory there is; and pings and their like
            // (RFC 6455, 5.2: the highest bit of the opcode) are not kept.
            let length = usize::try_from(frame.length).ok().filter(|length| *length <= longest);
            let is_data = frame.header[0] & 0x08 == 0;
            announced += length.filter(|_| is_data).unwrap_or(0);
        });
        if self.incomplete.add(announced) {
            return Ok(());
        }
        let why = "too many large messages are under way; try again later";
        Err(io::Error::new(ErrorKind::OutOfMemory, why))
    }
}

impl Read for Stream {
    /// Silence is dealt with down here, where every byte counts as a sign of life, even one in the
    /// middle of a frame.
    ///
    /// A slow client's pong has to wait for all that was sent before the ping. While it is behind,
    /// its catch-up thread sees whether it still takes something, and silence does not count. (What
    /// waits in the kernel, up to some 4 MiB, std cannot see: that has to be read in time.)
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.pace.bytes.wait();
        // We have closed it, and this was not its answer: for the rest of what it says, which may take
        // for ever, nobody waits.
        if self.sender.close_code().is_some() {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        let is_silence = |result: &io::Result<usize>| {
            result.as_ref().is_err_and(|error| error.kind() == ErrorKind::TimedOut)
        };
        let mut result = self.sender.read(buffer, PING_AFTER);
        if is_silence(&result) && self.sender.close_code().is_none() {
            self.sender.send(self.ping);
            let rest = GONE_AFTER - PING_AFTER;
            self.sender.tcp().set_read_timeout(Some(rest))?;
            result = self.sender.read(buffer, rest);
            while is_silence(&result) && self.sender.is_behind() {
                result = self.sender.read(buffer, rest);
            }
            self.sender.tcp().set_read_timeout(Some(PING_AFTER))?;
        }
        let count = result?;
        if let Some(tap) = self.sender.tap() {
            tap.from_client(&buffer[..count]);
        }
        self.pace.bytes.spend(count);
        self.make_room(&buffer[..count])?;
        Ok(count)
    }
}

impl Write for Stream {
    /// tungstenite writes whole frames, and of its own accord only pongs and the reply to a Close.
    fn write(&mut self, frame: &[u8]) -> io::Result<usize> {
        let is_close = frame.first() == Some(&0x88); // FIN and opcode 8 (RFC 6455, 5.2)
        if is_close {
            self.sender.close(frame)
        } else {
            self.sender.send(frame)
        }
        Ok(frame.len())
    }

    /// Nothing is held back in `write`, so nothing is left to do here. (On a Close, tungstenite
    /// writes its reply and does not flush.)
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
