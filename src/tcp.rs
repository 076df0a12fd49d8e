//! What std's TCP lacks: listening on every address, writing with a deadline, closing so that the last
//! bytes arrive. The server begins with it, and every connection ends with it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// Long writes go out in pieces of this many bytes.
const PIECE: usize = 64 * 1024;
/// A peer that does not take 64 KiB within this time counts as gone.
pub const PIECE_TIMEOUT: Duration = Duration::from_secs(10);
/// The same for an answer over HTTP: a phone on a slow network may take minutes for a photo.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// How long [`drain`] reads at most.
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// Listens on every address of this machine: IPv6 first, since on most systems that socket takes IPv4
/// connections too. Where it does not there is a second listener. Port 0 stands for any free port, the
/// same for both.
/// Errors: a sentence for the person who started the program.
pub fn listen(port: u16) -> Result<Vec<TcpListener>, String> {
    let [every_ipv4, every_ipv6] = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];
    // Is the port another program's in IPv4? Below that looks the same as our own IPv6 socket holding it.
    if port != 0
        && let Err(error) = TcpListener::bind((every_ipv4, port))
        && is_final(&error)
    {
        return Err(cannot_listen(port, &error));
    }
    let ipv6 = match TcpListener::bind((every_ipv6, port)) {
        Err(error) if is_final(&error) => return Err(cannot_listen(port, &error)),
        result => result.ok(), // an error: there is no IPv6 on this machine
    };
    let address = ipv6.as_ref().and_then(|listener| listener.local_addr().ok());
    let ipv4 = TcpListener::bind((every_ipv4, address.map_or(port, |address| address.port())));
    match (ipv6, ipv4) {
        (None, Err(error)) => Err(cannot_listen(port, &error)),
        (ipv6, ipv4) => Ok(ipv6.into_iter().chain(ipv4).collect()),
    }
}

/// Whether a port cannot be had in the other family either: another program has it, or this one may not.
fn is_final(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied)
}

fn cannot_listen(port: u16, error: &io::Error) -> String {
    let other = if (1024..u16::MAX).contains(&port) { port + 1 } else { 8080 };
    match error.kind() {
        ErrorKind::AddrInUse => format!(
            "port {port} is taken: another program listens there already, perhaps another Partyline. Stop \
             that one, or choose another port: --port {other}"
        ),
        ErrorKind::PermissionDenied => format!(
            "the system does not let you listen on port {port} ({error}); below 1024 it lets only an \
             administrator. Choose another port: --port {other}"
        ),
        _ => format!("cannot listen on port {port}: {error}"),
    }
}

/// Sends the last bytes of a connection, and closes it so that they arrive.
pub fn send_and_close(stream: &TcpStream, parts: [&[u8]; 2]) {
    if parts.iter().all(|part| write_in_pieces(stream, part, ANSWER_TIMEOUT).is_ok()) {
        drain(stream, |_| {});
    }
}

/// Closes this side, and reads what the peer still sends and hands it to `seen`, until the peer has closed its
/// side too or 2 s are over.
///
/// When a socket with unread bytes is closed, the kernel sends a reset, and the reset overtakes the
/// last bytes that were written: a refusal, a Close frame (RFC 9112, 9.6).
pub fn drain(stream: &TcpStream, mut seen: impl FnMut(&[u8])) {
    let deadline = Instant::now() + DRAIN_TIME;
    if stream.shutdown(Shutdown::Write).is_err() {
        return; // the peer has gone
    }
    let mut buffer = vec![0; 4096];
    while let Ok(count @ 1..) = read_before(deadline, stream, &mut buffer) {
        seen(&buffer[..count]);
    }
}

/// Reads what has come, at least one byte, or 0 bytes at the end of the stream.
/// Errors: those of the socket, and `TimedOut` when nothing has come before the deadline.
pub fn read_before(deadline: Instant, mut stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(buffer) {
            // A signal interrupts a read: Ctrl-Z and fg.
            Err(e) if is_timeout(&e) || e.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Writes all of `bytes` to a socket that blocks, each 64 KiB within `timeout`.
/// Errors: those of the socket, and `TimedOut`; it is not known then how much was written.
pub fn write_in_pieces(mut stream: &TcpStream, bytes: &[u8], timeout: Duration) -> io::Result<()> {
    for mut piece in bytes.chunks(PIECE) {
        let deadline = Instant::now() + timeout;
        while !piece.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            // Linux wakes a blocked writer only when a third of the socket's buffer is free, which can
            // take megabytes. A new write uses any free space, so try again each second.
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

/// Whether a socket's timeout has passed: `WouldBlock` on Unix, `TimedOut` on Windows.
pub fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
