//! What stands between the student's client and the server in exercise 7: the server's tungstenite does not show the
//! bytes that it reads, and TCP may pass on two frames as one piece or one frame as two, which has to happen always.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::Failure;
use super::frame::{Frame, hex};
use super::socket::PATIENCE;

/// Between two pieces. To a client that is slower they are one piece, and nothing is lost.
const PAUSE: Duration = Duration::from_millis(100);

/// A relay between the student's client and the server, which keeps what both send.
pub struct Relay {
    /// Where the client has to connect.
    pub port: u16,
    from_client: Arc<Mutex<Direction>>,
    from_server: Arc<Mutex<Direction>>,
}

/// One direction: its bytes, and how many are passed on.
#[derive(Default)]
struct Direction {
    bytes: Vec<u8>,
    passed: usize,
    is_held: bool,
    to: Option<TcpStream>,
}

impl Direction {
    /// Writes at most `count` bytes that wait, in one piece.
    fn pass(&mut self, count: usize) {
        let end = self.bytes.len().min(self.passed.saturating_add(count));
        let Some(mut to) = self.to.as_ref() else { return };
        let _ = to.write_all(&self.bytes[self.passed..end]); // a client that has gone is seen elsewhere
        self.passed = end;
    }

    /// The frames behind the head.
    fn frames(&self) -> Vec<Frame> {
        let head = self.bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let mut rest = head.map_or(&[][..], |at| &self.bytes[at + 4..]);
        let mut frames = Vec::new();
        while let Some((frame, end)) = Frame::parse(rest) {
            frames.push(frame);
            rest = &rest[end..];
        }
        frames
    }
}

impl Relay {
    /// Starts it, for one client.
    pub fn start(server: u16) -> Relay {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let (from_client, from_server) = (Arc::default(), Arc::default());
        let relay =
            Relay { port, from_client: Arc::clone(&from_client), from_server: Arc::clone(&from_server) };
        thread::spawn(move || {
            let Ok((client, _)) = listener.accept() else { return };
            let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { return };
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let (Ok(client_half), Ok(server_half)) = (client.try_clone(), server.try_clone()) else { return };
            thread::spawn(move || carry(server_half, client_half, &from_server));
            carry(client, server, &from_client);
        });
        relay
    }

    /// From now on, what comes from the server waits here until [`Relay::deliver`], if the client has its 101.
    pub fn hold(&self) {
        wait_until(|| self.from_server.lock().unwrap().bytes.windows(4).any(|four| four == b"\r\n\r\n"));
        self.from_server.lock().unwrap().is_held = true;
    }

    /// Waits until a text with this payload has come, and passes on all that waits, in one piece; or in two, of
    /// which the first ends inside this text.
    pub fn deliver(&self, text: &str, in_two: bool) {
        wait_until(|| self.from_server.lock().unwrap().bytes.ends_with(text.as_bytes()));
        if in_two {
            let mut from_server = self.from_server.lock().unwrap();
            let count = from_server.bytes.len() - text.len() / 2 - from_server.passed;
            from_server.pass(count);
            drop(from_server);
            thread::sleep(PAUSE);
        }
        let mut from_server = self.from_server.lock().unwrap();
        from_server.pass(usize::MAX);
        from_server.is_held = false;
    }

    /// Sends a frame to the client, as if it were the server's.
    pub fn send(&self, frame: &Frame) {
        let mut from_server = self.from_server.lock().unwrap();
        from_server.bytes.extend(frame.to_bytes());
        from_server.pass(usize::MAX);
    }

    /// Waits until the client has sent a frame that satisfies this. Returns whether it has.
    pub fn wait_for_frame(&self, is_it: impl Fn(&Frame) -> bool) -> bool {
        wait_until(|| self.frames().iter().any(&is_it))
    }

    /// The frames that the client has sent.
    pub fn frames(&self) -> Vec<Frame> {
        self.from_client.lock().unwrap().frames()
    }

    /// What the client has sent last: its frames, or its request if there is none.
    pub fn describe(&self) -> Failure {
        let frames = self.frames();
        let bytes = self.from_client.lock().unwrap().bytes.clone();
        let mut lines = Vec::new();
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

/// Waits at most [`PATIENCE`]. Returns whether it is so.
fn wait_until(mut is_so: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
    true
}

/// Carries one direction until its end.
fn carry(mut from: TcpStream, to: TcpStream, direction: &Mutex<Direction>) {
    let end = to.try_clone();
    direction.lock().unwrap().to = Some(to);
    let mut chunk = [0; 1 << 14];
    while let Ok(count @ 1..) = from.read(&mut chunk) {
        let mut direction = direction.lock().unwrap();
        direction.bytes.extend_from_slice(&chunk[..count]);
        if !direction.is_held {
            direction.pass(count);
        }
    }
    direction.lock().unwrap().to = None;
    let _ = end.map(|end| end.shutdown(Shutdown::Write));
}
