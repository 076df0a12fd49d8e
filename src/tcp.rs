//! Writing to a TCP stream without waiting for ever, and closing it so that the last bytes arrive.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// What is long goes out in pieces of this many bytes ...
pub const PIECE: usize = 64 * 1024;
/// ... and a peer that does not take a piece within this time is gone, or might as well be.
pub const PIECE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection stays open for reading after our last byte, see [`drain`].
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// Sends the last bytes of a connection and closes it so that they arrive.
pub fn send_and_close(stream: &TcpStream, bytes: &[u8]) {
    if write_in_pieces(stream, bytes).is_ok() && stream.shutdown(Shutdown::Write).is_ok() {
        drain(stream);
    }
}

/// Reads and forgets what the peer still sends, until it has closed its side too or 2 s are over.
///
/// Closing a socket that has unread bytes makes the kernel send a reset, and a reset overtakes our
/// own last words: a refusal, a Close frame (RFC 9112, 9.6).
pub fn drain(mut stream: &TcpStream) {
    let deadline = Instant::now() + DRAIN_TIME;
    let mut buffer = vec![0; 4096];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        // A duration of zero is an error to `set_read_timeout`, and so ends the loop as well.
        if stream.set_read_timeout(Some(left)).is_err() {
            return;
        }
        if !matches!(stream.read(&mut buffer), Ok(1..)) {
            return;
        }
    }
}

/// Writes all of `bytes` to a socket that blocks, each [`PIECE`] within [`PIECE_TIMEOUT`].
///
/// # Errors
/// Those of the socket, `TimedOut` among them; how much was written is not known then.
pub fn write_in_pieces(mut stream: &TcpStream, bytes: &[u8]) -> io::Result<()> {
    for mut piece in bytes.chunks(PIECE) {
        let deadline = Instant::now() + PIECE_TIMEOUT;
        while !piece.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            stream.set_write_timeout(Some(left))?;
            match stream.write(piece) {
                Ok(count) => piece = &piece[count..],
                Err(e) if is_timeout(&e) || e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }
    Ok(())
}

/// A socket's timeout shows as `WouldBlock` on Unix and as `TimedOut` on Windows.
pub fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
