//! The benchmark: what the release server costs in CPU time, on all its threads.
//!
//! `make bench` starts the server, drives real WebSocket clients against it over the loopback
//! interface and prints a table. Wall-clock times depend on the machine and on what else it does;
//! the server's own CPU time, divided by what it delivered, much less. A run in which a message is
//! missing fails.

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use support::{Server, client_frame, upgrade_request};

/// Every scenario runs this often; the table shows the median.
const RUNS: usize = 3;

fn main() {
    // `cargo bench` hands on its own arguments; what counts is only whether a short run is wanted.
    let scale = if std::env::args().any(|argument| argument == "--short") { 4 } else { 1 };
    println!("{:<34} {:>14} {:>12}", "scenario", "CPU µs each", "each/s");
    for path in ["/broadcast", "/chat"] {
        row(&format!("lecture, 1 to 1,000, {path}"), || lecture(path, 1000, 400 / scale));
        row(&format!("busy, 100 all talk, {path}"), || busy(path, 100, 200 / scale));
    }
    row("handshakes, /echo", || handshakes(8000 / scale));
    row("GET /", || pages(8000 / scale));
}

/// CPU seconds, wall-clock seconds, and for how many deliveries or connections.
type Figures = (f64, f64, usize);

fn row(name: &str, scenario: impl Fn() -> Figures) {
    let mut runs: Vec<Figures> = (0..RUNS).map(|_| scenario()).collect();
    runs.sort_by(|a, b| (a.0 / a.2 as f64).total_cmp(&(b.0 / b.2 as f64)));
    let (cpu, wall, count) = runs[RUNS / 2];
    println!("{name:<34} {:>14.2} {:>12.0}", cpu * 1e6 / count as f64, count as f64 / wall);
}

/// Starts a server and measures `work` in it, after `prepare`.
fn measure<T>(prepare: impl Fn(&Server) -> T, work: impl Fn(&Server, T) -> usize) -> Figures {
    let server =
        Server::start(&["--log", "warn", "--connections", "0", "--pace", "0", "--pace-bytes", "0"]);
    let prepared = prepare(&server);
    let (cpu, began) = (server.cpu_seconds(), Instant::now());
    let count = work(&server, prepared);
    (server.cpu_seconds() - cpu, began.elapsed().as_secs_f64(), count)
}

/// A WebSocket client that knows just enough of both doors.
struct Client {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
    is_chat: bool,
}

impl Client {
    fn open(server: &Server, path: &str) -> Client {
        let mut writer = server.connect();
        writer.write_all(upgrade_request(path, "").as_bytes()).expect("it takes the request");
        let mut reader = BufReader::new(writer.try_clone().expect("a descriptor"));
        let mut line = String::new();
        reader.read_line(&mut line).expect("it answers");
        assert!(line.starts_with("HTTP/1.1 101 "), "{line}");
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).expect("a whole head");
        }
        Client { reader, writer, is_chat: path == "/chat" }
    }

    /// So many clients on one door, of which each is there when the next one comes, and has read all
    /// about the others' arrival at the end.
    fn crowd(server: &Server, path: &str, count: usize) -> Vec<Client> {
        let mut crowd: Vec<Client> = (0..count).map(|_| Client::open(server, path)).collect();
        crowd[0].say("all here");
        for client in &mut crowd {
            client.wait_for(|text| is_said(text, b"all here") || is_ack(text));
        }
        crowd
    }

    /// Says a text, in the chat with a `ref`, so that an ack comes back.
    fn say(&mut self, text: &str) {
        let json = format!("{{\"type\":\"say\",\"text\":\"{text}\",\"ref\":\"{text}\"}}");
        let frame =
            client_frame(0x81, if self.is_chat { json.as_bytes() } else { text.as_bytes() });
        self.writer.write_all(&frame).expect("it takes the message");
    }

    fn read(&mut self) -> Vec<u8> {
        let mut header = [0; 2];
        self.reader.read_exact(&mut header).expect("a message comes");
        let length = match header[1] {
            126 => {
                let mut length = [0; 2];
                self.reader.read_exact(&mut length).expect("a whole header");
                u16::from_be_bytes(length)
            }
            length => length.into(),
        };
        let mut payload = vec![0; length.into()];
        self.reader.read_exact(&mut payload).expect("a whole frame");
        payload
    }

    fn wait_for(&mut self, is_it: impl Fn(&[u8]) -> bool) {
        while !is_it(&self.read()) {}
    }
}

fn is_said(payload: &[u8], text: &[u8]) -> bool {
    payload.windows(text.len()).any(|window| window == text)
}

fn is_ack(payload: &[u8]) -> bool {
    payload.starts_with(b"{\"type\":\"ack\"")
}

/// One talks, all listen: a message is sent when everybody has the one before.
fn lecture(path: &'static str, listeners: usize, messages: usize) -> Figures {
    measure(
        |server| Client::crowd(server, path, listeners),
        |_, mut crowd| {
            for number in 0..messages {
                let text =
                    format!("message {number:05} and some more words to make it sixty bytes");
                crowd[0].say(&text);
                for client in &mut crowd {
                    client.wait_for(|payload| is_said(payload, &text.as_bytes()[..13]));
                }
            }
            messages * listeners
        },
    )
}

/// All talk and listen, each with one message under way.
fn busy(path: &'static str, clients: usize, messages: usize) -> Figures {
    let work = move |me: usize, mut client: Client| {
        let text = format!("client {me:03} says these words, which together make sixty bytes");
        let own = &text.as_bytes()[..10];
        client.say(&format!("{text} 0"));
        let (mut sent, mut heard) = (1, 0);
        while heard < clients * messages {
            let payload = client.read();
            let is_own = is_ack(&payload) || (!client.is_chat && is_said(&payload, own));
            heard += usize::from(is_own || is_said(&payload, b"client "));
            if is_own && sent < messages {
                client.say(&format!("{text} {sent}"));
                sent += 1;
            }
        }
        client // stays open until all are done
    };
    measure(
        |server| Client::crowd(server, path, clients),
        |_, crowd| {
            let spawn = |(me, client)| thread::spawn(move || work(me, client));
            let threads: Vec<_> = crowd.into_iter().enumerate().map(spawn).collect();
            let _open: Vec<Client> =
                threads.into_iter().map(|thread| thread.join().expect("no client fails")).collect();
            clients * clients * messages
        },
    )
}

/// Connect, upgrade, close, one after the other.
fn handshakes(count: usize) -> Figures {
    let close = client_frame(0x88, b"\x03\xE8");
    measure(
        |_| (),
        |server, ()| {
            for _ in 0..count {
                let mut client = Client::open(server, "/echo");
                client.writer.write_all(&close).expect("it takes the Close");
                let mut reply = Vec::new();
                client.reader.read_to_end(&mut reply).expect("it answers the Close");
                assert_eq!(reply, b"\x88\x02\x03\xE8");
            }
            settle();
            count
        },
    )
}

/// Connect and fetch the first page, one after the other.
fn pages(count: usize) -> Figures {
    measure(
        |_| (),
        |server, ()| {
            for _ in 0..count {
                let reply = server.exchange("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
                assert_eq!(reply.status, 200);
            }
            settle();
            count
        },
    )
}

/// The last connections' threads end a moment after their clients have seen the end.
fn settle() {
    thread::sleep(Duration::from_millis(50));
}
