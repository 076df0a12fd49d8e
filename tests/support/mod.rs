//! What the tests share: a server of their own, and clients that say exactly what they are told.
#![allow(dead_code)] // each test uses some of it

pub mod browser;
pub mod chat;
pub mod dice;
pub mod folder;
pub mod line;
pub mod page;
pub mod random;
pub mod stubborn;

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How long a test waits for what must happen. It is never waited out when all is well.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The sample key of RFC 6455, section 1.3, and what it must be answered with.
pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A running server; it is killed when the test lets go of it.
pub struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
    /// The port it listens on.
    pub port: u16,
    log: Heard,
    output: Heard,
}

/// What a program has written so far, and a way to wait for more.
type Heard = Arc<(Mutex<String>, Condvar)>;

impl Server {
    /// Starts the server on a free port, with these options.
    pub fn start(options: &[&str]) -> Server {
        let mut command = Command::new(env!("CARGO_BIN_EXE_partyline"));
        command.args(options);
        Server::run(command, 0)
    }

    /// Starts it for clients that say in a second what people say in an hour.
    pub fn start_without_pace(options: &[&str]) -> Server {
        Server::start(&[&["--pace", "0", "--pace-bytes", "0"], options].concat())
    }

    /// Starts it on the port that another one had.
    pub fn start_on(port: u16, options: &[&str]) -> Server {
        let mut command = Command::new(env!("CARGO_BIN_EXE_partyline"));
        command.args(options);
        Server::run(command, port)
    }

    /// Starts it on a free port, after some shell commands such as `ulimit -n 64`.
    pub fn start_after(shell: &str, options: &[&str]) -> Server {
        let mut command = Command::new("sh");
        let script = format!("{shell}; exec \"$0\" \"$@\"");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_partyline")]).args(options);
        Server::run(command, 0)
    }

    fn run(mut command: Command, port: u16) -> Server {
        command.args(["--port", &port.to_string()]);
        in_clean_surroundings(&mut command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the server's program can be started");
        let stdin = child.stdin.take();
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let log = listen(BufReader::new(child.stderr.take().expect("it is piped")).lines());
        let port = loop {
            let line = stdout.next().expect("it prints its addresses").expect("as text");
            if let Some((_, port)) = line.split_once("http://localhost:") {
                break port.split_whitespace().next().unwrap().parse().expect("a port");
            }
        };
        Server { child, stdin, port, log, output: listen(stdout) }
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// A plain TCP connection to it.
    pub fn connect(&self) -> TcpStream {
        connect(self.port)
    }

    /// Sends these bytes over a new connection and reads all that comes back.
    pub fn exchange(&self, request: impl AsRef<[u8]>) -> Reply {
        let mut stream = self.connect();
        // It may answer and close before it has read everything.
        let _ = stream.write_all(request.as_ref());
        Reply::read(stream)
    }

    /// A WebSocket on this path, upgraded by an ordinary request without an Origin.
    pub fn open(&self, path: &str) -> Peer {
        let mut stream = self.connect();
        stream.write_all(upgrade_request(path, "").as_bytes()).unwrap();
        let (head, rest) = read_head(&mut stream);
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        Peer { stream, buffer: rest }
    }

    /// Types a line at its terminal.
    pub fn type_line(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("still open");
        writeln!(stdin, "{line}").unwrap();
    }

    /// Closes its standard input.
    pub fn end_input(&mut self) {
        self.stdin = None;
    }

    /// Waits until its log has this text, and returns the whole log.
    pub fn wait_for_log(&self, text: &str) -> String {
        wait_for(&self.log, text)
    }

    /// Waits until what it prints after its addresses has this text, and returns all of that.
    pub fn wait_for_output(&self, text: &str) -> String {
        wait_for(&self.output, text)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.0.lock().unwrap().clone()
    }

    /// Waits for it to end by itself and returns its exit code.
    pub fn wait(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "the server does not end");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// A figure of `/proc/<pid>/status`, such as `Threads` or `VmRSS` (in kB).
    pub fn status(&self, field: &str) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("it runs, on Linux");
        let line = status.lines().find(|line| line.starts_with(field)).expect("a known field");
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// User and system time that it has used, in seconds.
    pub fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        ticks as f64 / 100.0
    }

    /// It still runs and serves newcomers.
    pub fn assert_serves(&self) {
        let mut peer = self.open("/echo");
        peer.send_text("still there?");
        assert_eq!(peer.read_text(), "still there?");
    }
}

/// A plain TCP connection to a port of this machine.
pub fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Listens to what a program writes, to the end: a full pipe would make it wait for us.
fn listen(lines: impl Iterator<Item = io::Result<String>> + Send + 'static) -> Heard {
    let heard = Heard::default();
    let own = Arc::clone(&heard);
    thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            *own.0.lock().unwrap() += &format!("{line}\n");
            own.1.notify_all();
        }
    });
    heard
}

fn wait_for(heard: &Heard, text: &str) -> String {
    let absent = |so_far: &mut String| !so_far.contains(text);
    let so_far = heard.0.lock().unwrap();
    let (so_far, timeout) = heard.1.wait_timeout_while(so_far, PATIENCE, absent).unwrap();
    assert!(!timeout.timed_out(), "no {text:?} in:\n{so_far}");
    so_far.clone()
}

/// Has the command start in the project's folder, with nothing of our environment that could be one
/// of its settings: `make test PORT=4000` must not change what is tested.
pub fn in_clean_surroundings(command: &mut Command) {
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path);
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("the server's log:\n{}", self.log());
        }
    }
}

/// A request to upgrade, with these lines (each with its CR LF) added.
pub fn upgrade_request(path: &str, more: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{more}\r\n"
    )
}

/// Reads up to the empty line; also returns what came after it.
pub fn read_head(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = bytes.split_off(at + 4);
            return (String::from_utf8(bytes).expect("a head is text"), rest);
        }
        let mut chunk = [0; 1024];
        let count = read_some(stream, &mut chunk);
        assert!(count > 0, "closed instead of an answer: {:?}", String::from_utf8_lossy(&bytes));
        bytes.extend_from_slice(&chunk[..count]);
    }
}

/// Reads what has come, at least one byte, or 0 at the end of the stream.
///
/// On a socket that has a timeout, a signal ends the waiting, and when another test's server ends
/// there is one (SIGCHLD). `read_exact` and `read_to_end` try again by themselves, `read` does not.
fn read_some(stream: &mut TcpStream, buffer: &mut [u8]) -> usize {
    loop {
        match stream.read(buffer) {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            result => return result.expect("something comes, and no reset"),
        }
    }
}

/// An HTTP answer, read to the end of the connection.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn read(mut stream: TcpStream) -> Reply {
        let mut bytes = Vec::new();
        let end = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes);
        assert!(end.is_ok(), "{end:?} after {text:?}");
        let at = text.find("\r\n\r\n").unwrap_or_else(|| panic!("no whole answer: {text:?}")) + 4;
        let head = String::from_utf8(bytes[..at].to_vec()).expect("a head is text");
        let status = head[9..12].parse().expect("a status");
        Reply { status, head, body: bytes[at..].to_vec() }
    }

    /// The value of a header field that must be there once, or not at all.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.head.lines().skip(1).filter_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then_some(value.trim())
        });
        let first = found.next();
        assert_eq!(found.next(), None, "twice: {name}");
        first
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A frame as it was read, from a server and so without a mask.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    /// FIN, the reserved bits and the opcode.
    pub first: u8,
    pub payload: Vec<u8>,
}

/// The client's end of a WebSocket, frame by frame.
pub struct Peer {
    pub stream: TcpStream,
    buffer: Vec<u8>,
}

impl Peer {
    /// Goes on where a head was read from this stream; `rest` is what came after it.
    pub fn new(stream: TcpStream, rest: Vec<u8>) -> Peer {
        Peer { stream, buffer: rest }
    }

    /// Sends these bytes as they are.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server takes it");
    }

    /// Sends one masked frame; `first` is FIN, the reserved bits and the opcode: 0x81 for a text.
    pub fn send(&mut self, first: u8, payload: &[u8]) {
        self.send_raw(&client_frame(first, payload));
    }

    pub fn send_text(&mut self, text: &str) {
        self.send(0x81, text.as_bytes());
    }

    /// Reads one frame; `None` at the end of the stream.
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

    pub fn read(&mut self) -> Frame {
        self.try_read().expect("a frame, and not the end of the stream")
    }

    pub fn read_text(&mut self) -> String {
        let frame = self.read();
        assert_eq!(frame.first, 0x81, "a whole text: {frame:?}");
        String::from_utf8(frame.payload).expect("text is UTF-8")
    }

    /// Reads a Close frame with this code and then the end of the stream: no reset, nothing more.
    pub fn expect_close(&mut self, code: u16) {
        let frame = self.read();
        assert_eq!(frame.first, 0x88, "a Close: {frame:?}");
        let reason = String::from_utf8_lossy(frame.payload.get(2..).unwrap_or_default());
        assert_eq!(frame.payload.get(..2), Some(&code.to_be_bytes()[..]), "{reason}");
        assert_eq!(self.try_read(), None);
    }

    /// The next `count` bytes as they came; `None` at the end of the stream.
    pub fn take(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.buffer.len() < count {
            let mut chunk = vec![0; 65_536.min((count - self.buffer.len()).max(4096))];
            match read_some(&mut self.stream, &mut chunk) {
                0 => {
                    assert!(self.buffer.is_empty(), "the stream ends inside a frame");
                    return None;
                }
                got => self.buffer.extend_from_slice(&chunk[..got]),
            }
        }
        let rest = self.buffer.split_off(count);
        Some(std::mem::replace(&mut self.buffer, rest))
    }
}

/// A frame as clients send it. The masking key is always the one of the example in RFC 6455, 5.7.
pub fn client_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..=125 => frame.push(0x80 | length as u8),
        length @ 126..=65_535 => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}
