//! Reads the body of a request: for the one route that takes a POST, `/socket.io/`.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::{Request, Response, request::bad};
use crate::{tcp, text::number};

/// How long a whole body may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Reads a text of at most `longest` bytes, which `leftover`, what came in one read with the head, begins.
/// Errors: the refusal to send: 400, 408, 411, 413.
pub fn read_body(
    request: &Request, stream: &TcpStream, mut leftover: Vec<u8>, longest: usize,
) -> Result<String, Response> {
    let Some(length) = request.items("content-length").next().and_then(number::<usize>) else {
        return Err(Response::refusal(411, "a body has to have a Content-Length here"));
    };
    if length > longest {
        return Err(Response::refusal(413, format!("the body is longer than {longest} bytes")));
    }
    let deadline = Instant::now() + TIMEOUT;
    let mut chunk = vec![0; 2048];
    while leftover.len() < length {
        match tcp::read_before(deadline, stream, &mut chunk) {
            Ok(count @ 1..) => leftover.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                let why = format!("the body was not complete after {} s", TIMEOUT.as_secs());
                return Err(Response::refusal(408, why));
            }
            _ => return bad("the body ended before its Content-Length"),
        }
    }
    leftover.truncate(length); // what follows is not read: every answer closes the connection
    String::from_utf8(leftover).or_else(|_| bad("the body is not UTF-8 text"))
}
