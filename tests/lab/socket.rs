//! The client's end of a WebSocket, for the checks. Whatever goes wrong is an error with a sentence, because it is
//! the student's server that is checked.

use std::io::{Error, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::frame::{CLOSE, Frame};

/// How long an answer may take. The sheet waits as long.
pub const PATIENCE: Duration = Duration::from_secs(4);

/// A WebSocket, and the bytes that have come and are not read yet.
pub struct Socket {
    pub stream: TcpStream,
    buffer: Vec<u8>,
}

/// Sends a request to upgrade; returns the head of the answer, and what came behind it.
pub fn ask(port: u16, target: &str, key: &str) -> Result<(TcpStream, String, Vec<u8>), String> {
    let address = ([127, 0, 0, 1], port).into();
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(|error| error.to_string())?;
    let _ = (stream.set_read_timeout(Some(PATIENCE)), stream.set_write_timeout(Some(PATIENCE)));
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let leftover = bytes.split_off(end + 4);
            return Ok((stream, String::from_utf8_lossy(&bytes).into_owned(), leftover));
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk) {
            Ok(count @ 1..) => bytes.extend_from_slice(&chunk[..count]),
            Ok(0) => {
                return Err(format!("GET {target}: the connection has ended after {} bytes", bytes.len()));
            }
            Err(error) if is_timeout(&error) => {
                let seconds = PATIENCE.as_secs();
                return Err(format!(
                    "no answer to GET {target} in {seconds} seconds; has a thread locked the map twice?"
                ));
            }
            Err(error) => return Err(format!("GET {target}: {error}")),
        }
    }
}

fn is_timeout(error: &Error) -> bool {
    [ErrorKind::WouldBlock, ErrorKind::TimedOut, ErrorKind::Interrupted].contains(&error.kind())
}

impl Socket {
    /// Opens a WebSocket. The accept value is not looked at here: that is exercise 4.
    pub fn open(port: u16, target: &str, key: &str) -> Result<Socket, String> {
        let (stream, head, buffer) = ask(port, target, key)?;
        let status = head.lines().next().unwrap_or_default();
        if !status.starts_with("HTTP/1.1 101") {
            return Err(format!("GET {target} was answered with {status}"));
        }
        Ok(Socket { stream, buffer })
    }

    /// Sends one frame.
    pub fn send(&mut self, frame: &Frame) -> Result<(), String> {
        self.stream.write_all(&frame.to_bytes()).map_err(|error| format!("the connection is broken: {error}"))
    }

    /// Reads one frame.
    /// Errors: the end of the stream, or nothing for [`PATIENCE`].
    pub fn read(&mut self) -> Result<Frame, String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some((frame, end)) = Frame::parse(&self.buffer) {
                self.buffer.drain(..end);
                return Ok(frame);
            }
            let mut chunk = vec![0; 1 << 16];
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err("the end of the connection".to_string()),
                Ok(count) => self.buffer.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted && Instant::now() < deadline => {}
                Err(error) if is_timeout(&error) => {
                    return Err(format!("nothing in {} seconds", PATIENCE.as_secs()));
                }
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    /// Closes the connection, and waits until the server has ended it.
    pub fn end(mut self, key: [u8; 4]) {
        let _ = self.close(key);
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline && self.read().is_ok() {}
    }

    /// Sends a Close with 1000, as a browser does when a page closes its WebSocket.
    pub fn close(&mut self, key: [u8; 4]) -> Result<(), String> {
        self.send(&Frame { first: CLOSE, key: Some(key), payload: vec![0x03, 0xE8] })
    }
}
