//! The client's end of a WebSocket, frame by frame and byte by byte: it sends what the test says, right
//! or wrong, and its `expect_…` functions say what was sent, expected and received when they fail.
//!
//! The first byte of a frame is FIN, three reserved bits and the opcode (RFC 6455, 5.2). With FIN set:
//! 0x81 a text, 0x82 binary data, 0x88 a Close, 0x89 a ping, 0x8A a pong.

use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use super::http::{ACCEPT, read_head};

/// The masking key of every frame that the tests send: that of the example in RFC 6455, 5.7.
const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// A frame that a server sent, and so without a mask.
#[derive(PartialEq, Eq)]
pub struct Frame {
    /// FIN, the reserved bits and the opcode.
    pub first: u8,
    pub payload: Vec<u8>,
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&describe(self.first, &self.payload))
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The client's end of a WebSocket.
pub struct Peer {
    pub stream: TcpStream,
    buffer: Vec<u8>,
    /// What was sent last, for the message of a test that fails.
    last_sent: String,
}

impl Peer {
    /// Continues on this stream after the head of the 101; `leftover` is what came with the head.
    pub fn new(stream: TcpStream, leftover: Vec<u8>) -> Peer {
        Peer { stream, buffer: leftover, last_sent: "only the request".to_string() }
    }

    /// Sends this upgrade request with the sample key, whose answer has to be a 101 with its accept value.
    #[track_caller]
    pub fn open(mut stream: TcpStream, request: &[u8]) -> Peer {
        stream.write_all(request).unwrap();
        let (head, leftover) = read_head(&mut stream);
        if !head.starts_with("HTTP/1.1 101 ") || !head.contains(ACCEPT) {
            fail("", &printable(request), format_args!("a 101 with {ACCEPT}"), head);
        }
        Peer::new(stream, leftover)
    }

    /// Sends these bytes as they are.
    #[track_caller]
    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.last_sent = printable(bytes);
        self.stream.write_all(bytes).expect("the server takes it");
    }

    /// Sends one masked frame; `first` is FIN, the reserved bits and the opcode.
    #[track_caller]
    pub fn send(&mut self, first: u8, payload: &[u8]) {
        self.send_raw(&client_frame(first, payload));
        self.last_sent = describe(first, payload);
    }

    #[track_caller]
    pub fn send_text(&mut self, text: &str) {
        self.send(0x81, text.as_bytes());
    }

    /// Reads one frame; `None` at the end of the stream.
    #[track_caller]
    pub fn try_read(&mut self) -> Option<Frame> {
        let first = self.take(1)?[0];
        let second = self.take(1)?[0];
        assert_eq!(second & 0x80, 0, "a server must not mask (RFC 6455, 5.1)");
        let length = match second {
            126 => u64::from(u16::from_be_bytes(self.take(2)?.try_into().unwrap())),
            127 => u64::from_be_bytes(self.take(8)?.try_into().unwrap()),
            length => length.into(),
        };
        let payload = self.take(length as usize)?;
        Some(Frame { first, payload })
    }

    /// Reads one frame.
    #[track_caller]
    pub fn read(&mut self) -> Frame {
        let frame = self.try_read();
        frame.unwrap_or_else(|| self.fail("a frame", "the end of the stream"))
    }

    /// Reads one whole text message.
    #[track_caller]
    pub fn read_text(&mut self) -> String {
        let frame = self.read();
        if frame.first != 0x81 {
            self.fail("a text", &frame);
        }
        String::from_utf8(frame.payload).expect("text is UTF-8")
    }

    /// Reads one frame, which has to be this one.
    #[track_caller]
    pub fn expect_frame(&mut self, first: u8, payload: &[u8]) {
        let expected = Frame { first, payload: payload.to_vec() };
        let received = self.read();
        if received != expected {
            self.fail(&expected, &received);
        }
    }

    /// Reads one frame, which has to be this text.
    #[track_caller]
    pub fn expect_text(&mut self, text: impl AsRef<str>) {
        self.expect_frame(0x81, text.as_ref().as_bytes());
    }

    /// Reads a Close frame with this payload, and then the end of the stream: no reset, nothing more.
    #[track_caller]
    pub fn expect_last(&mut self, payload: &[u8]) {
        self.expect_frame(0x88, payload);
        self.expect_end();
    }

    /// Reads a Close frame with this code, and then the end of the stream: no reset, nothing more.
    #[track_caller]
    pub fn expect_close(&mut self, code: u16) {
        let frame = self.read();
        if frame.first != 0x88 || frame.payload.get(..2) != Some(&code.to_be_bytes()[..]) {
            self.fail(format_args!("a Close with {code} ({code:#06X})"), &frame);
        }
        self.expect_end();
    }

    /// Reads the end of the stream.
    #[track_caller]
    pub fn expect_end(&mut self) {
        if let Some(frame) = self.try_read() {
            self.fail("the end of the stream", &frame);
        }
    }

    /// The next `count` bytes as they came; `None` at the end of the stream.
    #[track_caller]
    pub fn take(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.buffer.len() < count {
            let mut chunk = vec![0; 65_536.min((count - self.buffer.len()).max(4096))];
            match read_some(&mut self.stream, &mut chunk) {
                Ok(0) if self.buffer.is_empty() => return None,
                Ok(0) => self.fail("a whole frame", "the end of the stream in the middle of one"),
                Ok(got) => self.buffer.extend_from_slice(&chunk[..got]),
                Err(error) => self.fail("more bytes", error),
            }
        }
        let rest = self.buffer.split_off(count);
        Some(std::mem::replace(&mut self.buffer, rest))
    }

    /// Fails the test, and says what was sent last, what should have come and what came.
    #[track_caller]
    pub fn fail(&self, expected: impl fmt::Display, received: impl fmt::Display) -> ! {
        fail("", &self.last_sent, expected, received)
    }
}

/// Reads what has come, at least one byte, or 0 bytes at the end of the stream.
///
/// On a socket that has a timeout, a signal ends the waiting, and when another test's server ends
/// there is one (SIGCHLD). `read_exact` and `read_to_end` try again by themselves, `read` does not.
pub fn read_some(stream: &mut TcpStream, buffer: &mut [u8]) -> std::io::Result<usize> {
    loop {
        match stream.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// A frame as clients send it, masked.
pub fn client_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = header(first, 0x80, payload.len());
    frame.extend_from_slice(&MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// A frame as servers send it, without a mask.
pub fn server_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = header(first, 0, payload.len());
    frame.extend_from_slice(payload);
    frame
}

/// The header of a frame, up to the masking key: `mask_bit` is 0x80 or 0.
fn header(first: u8, mask_bit: u8, length: usize) -> Vec<u8> {
    match length {
        0..=125 => vec![first, mask_bit | length as u8],
        126..=65_535 => [&[first, mask_bit | 126], &(length as u16).to_be_bytes()[..]].concat(),
        _ => [&[first, mask_bit | 127], &(length as u64).to_be_bytes()[..]].concat(),
    }
}

/// Fails the test, and says which case of it this is, what was sent, what should have come and what came.
#[track_caller]
pub fn fail(what: &str, sent: &str, expected: impl fmt::Display, received: impl fmt::Display) -> ! {
    panic!("{what}\n    sent: {sent}\nexpected: {expected}\nreceived: {received}");
}

/// A frame for the message of a test that fails, without its mask.
fn describe(first: u8, payload: &[u8]) -> String {
    let kind = match first {
        0x81 => "a text",
        0x82 => "binary data",
        0x88 => "a Close",
        0x89 => "a ping",
        0x8A => "a pong",
        _ => "a frame",
    };
    format!("{kind} ({first:#04X}), {}", printable(payload))
}

/// Bytes for the message of a test that fails: escaped, and no more than the first 300.
pub fn printable(bytes: &[u8]) -> String {
    const SHOWN: usize = 300;
    let shown = bytes[..bytes.len().min(SHOWN)].escape_ascii();
    let more = if bytes.len() > SHOWN { "…" } else { "" };
    format!("b\"{shown}{more}\" ({} bytes)", bytes.len())
}
