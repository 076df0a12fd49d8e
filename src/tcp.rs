//! What std's TCP needs around it: listening on every address, writing without waiting for ever,
//! closing so that the last bytes arrive. The server begins with it, and every connection ends with it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// What is long goes out in pieces of this many bytes ...
pub const PIECE: usize = 64 * 1024;
/// ... and a peer that does not take a piece within this time is gone, or might as well be.
pub const PIECE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection stays open for reading after our last byte, see [`drain`].
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// Listens on every address: IPv6 first, since on most systems that socket takes IPv4 as well. Where
/// it does not there is a second listener; port 0 is whatever is free, the same for both.
///
/// # Errors
/// A sentence for the person who started the program.
pub fn listen(port: u16) -> Result<Vec<TcpListener>, String> {
    let mut listeners: Vec<TcpListener> = Vec::new();
    let mut wanted = port;
    for every in [IpAddr::V6(Ipv6Addr::UNSPECIFIED), IpAddr::V4(Ipv4Addr::UNSPECIFIED)] {
        match TcpListener::bind((every, wanted)) {
            Ok(listener) => {
                wanted = listener.local_addr().map_or(wanted, |address| address.port());
                listeners.push(listener);
            }
            Err(_) if !listeners.is_empty() => {}
            Err(e) if e.kind() == ErrorKind::AddrInUse => {
                return Err(format!(
                    "port {port} is taken: another program listens there already, perhaps another \
                     Partyline. Stop that one, or choose another port: --port {}",
                    port.wrapping_add(1).max(1024)
                ));
            }
            Err(error) if every.is_ipv4() => {
                return Err(format!("cannot listen on port {port}: {error}"));
            }
            Err(_) => {} // no IPv6 on this machine
        }
    }
    Ok(listeners)
}

/// Sends the last bytes of a connection and closes it so that they arrive.
pub fn send_and_close(stream: &TcpStream, bytes: &[u8]) {
    if write_in_pieces(stream, bytes).is_ok() && stream.shutdown(Shutdown::Write).is_ok() {
        drain(stream, |_| {});
    }
}

/// Reads what the peer still sends, which is only `seen`, until it has closed its side too or 2 s are over.
///
/// Closing a socket that has unread bytes makes the kernel send a reset, and a reset overtakes our
/// own last words: a refusal, a Close frame (RFC 9112, 9.6).
pub fn drain(mut stream: &TcpStream, mut seen: impl FnMut(&[u8])) {
    let deadline = Instant::now() + DRAIN_TIME;
    let mut buffer = vec![0; 4096];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        // A duration of zero is an error to `set_read_timeout`, and so ends the loop as well.
        if stream.set_read_timeout(Some(left)).is_err() {
            return;
        }
        match stream.read(&mut buffer) {
            Ok(count @ 1..) => seen(&buffer[..count]),
            Err(e) if e.kind() == ErrorKind::Interrupted => {} // Ctrl-Z and fg
            _ => return,
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
            // Linux wakes a waiting writer only when a third of the socket's buffer is free, which can
            // be megabytes away. A new write looks at the free space itself, so try each second.
            stream.set_write_timeout(Some(left.min(Duration::from_secs(1))))?;
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
