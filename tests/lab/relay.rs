//! What stands between the student's client and the server in exercise 7, because the server's tungstenite does not
//! show the bytes that it reads.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::Failure;
use super::frame::{Frame, hex};

/// A relay between the student's client and the server, which keeps what the client sends.
pub struct Relay {
    /// Where the client has to connect.
    pub port: u16,
    sent: Arc<Mutex<Vec<u8>>>,
}

impl Relay {
    /// Starts it, for one client.
    pub fn start(server: u16) -> Relay {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let sent = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&sent);
        thread::spawn(move || {
            let Ok((client, _)) = listener.accept() else { return };
            let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { return };
            let (Ok(client_half), Ok(server_half)) = (client.try_clone(), server.try_clone()) else { return };
            thread::spawn(move || pass(&server_half, &client_half, |_| {}));
            pass(&client, &server, |bytes| kept.lock().unwrap().extend_from_slice(bytes));
        });
        Relay { port, sent }
    }

    /// The frames that the client has sent.
    pub fn frames(&self) -> Vec<Frame> {
        let bytes = self.sent.lock().unwrap();
        let head = bytes.windows(4).position(|four| four == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
        let (mut rest, mut frames) = (&bytes[head..], Vec::new());
        while let Some((frame, end)) = Frame::parse(rest) {
            frames.push(frame);
            rest = &rest[end..];
        }
        frames
    }

    /// What the client has sent last: its frames, or its request if there is none.
    pub fn describe(&self, what: &str) -> Failure {
        let frames = self.frames();
        let bytes = self.sent.lock().unwrap();
        let mut lines = vec![what.to_string()];
        match frames.last() {
            Some(last) => lines.push(format!("your client sent last: {last}")),
            None if bytes.is_empty() => lines.push("your client sent nothing".to_string()),
            None => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                lines.extend(
                    text.lines().take(12).map(|line| format!("your client sent: {}", line.escape_debug())),
                );
            }
        }
        if let (None, Some(first)) = (frames.iter().find(|frame| frame.key.is_some()), frames.first()) {
            lines.push(format!("Mask: expected 1, received 0 in {}", hex(&first.to_bytes())));
        }
        lines
    }
}

/// Copies one direction until its end.
fn pass(mut from: &TcpStream, mut to: &TcpStream, mut seen: impl FnMut(&[u8])) {
    let mut chunk = [0; 1 << 14];
    while let Ok(count @ 1..) = from.read(&mut chunk) {
        seen(&chunk[..count]);
        if to.write_all(&chunk[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Write);
}
