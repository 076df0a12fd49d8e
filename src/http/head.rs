//! Reads the head of a request: all bytes up to the empty line, within a length and a deadline.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::{Response, request::bad};
use crate::tcp;

/// Reads one request head of at most `longest` bytes. Returns the head, empty line included, and the
/// *leftover*: bytes that came behind it in the same read and belong to the WebSocket. `timeout` is for
/// the whole head, so that one byte a second (slowloris) does not keep a thread for hours.
/// Errors: the refusal to send (400, 408, 431), or `None` if the client has gone.
pub fn read_head(
    stream: &TcpStream, longest: usize, timeout: Duration,
) -> Result<(Vec<u8>, Vec<u8>), Option<Response>> {
    let deadline = Instant::now() + timeout;
    let (mut head, mut chunk, mut checked) = (Vec::new(), vec![0; 2048], 0);
    loop {
        match tcp::read_before(deadline, stream, &mut chunk) {
            Ok(0) if head.is_empty() => return Err(None),
            Ok(0) => {
                let why = "the request head ended before its empty line";
                return Err(Some(Response::refusal(400, why)));
            }
            Ok(count) => head.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                let why = format!("the request head was not complete after {} s", timeout.as_secs());
                return Err(Some(Response::refusal(408, why)));
            }
            Err(_) => return Err(None),
        }
        let end = find_end(&head, checked).map_err(Some)?;
        if end.unwrap_or(head.len()) > longest {
            let why = format!(
                "the request head is longer than {longest} bytes. What makes it long in a browser is mostly \
                 cookies that other programs on this host have set: delete the cookies of this address, or \
                 open another address of this server (those of localhost and 127.0.0.1 are not the same)"
            );
            return Err(Some(Response::refusal(431, why)));
        }
        if let Some(end) = end {
            let leftover = head.split_off(end);
            return Ok((head, leftover));
        }
        checked = head.len();
    }
}

/// The position behind the empty line, or `None` while it has not come. An earlier call has checked the
/// first `checked` bytes.
///
/// Lines end with CR LF and nothing else. RFC 9112, 2.2 would allow a bare LF; but where two programs
/// disagree about the end of a line, a request can be smuggled past one of them.
fn find_end(bytes: &[u8], checked: usize) -> Result<Option<usize>, Response> {
    if bytes.first() == Some(&0x16) {
        return bad("this looks like TLS; there is none here: use http://, not https://");
    }
    for i in checked..bytes.len() {
        let after_cr = i > 0 && bytes[i - 1] == b'\r';
        match bytes[i] {
            0 => return bad("there is a NUL byte in the request head"),
            b'\n' if !after_cr => {
                return bad(r"a line ends with a bare LF (\n); HTTP ends lines with CR LF (\r\n)");
            }
            b'\n' if bytes[..i - 1].ends_with(b"\r\n") => return Ok(Some(i + 1)),
            b'\n' => {}
            _ if after_cr => return bad("there is a bare CR in the request head"),
            _ => {}
        }
    }
    Ok(None)
}
