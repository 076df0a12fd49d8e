//! The benchmark: what the release server costs in CPU time, on all its threads.
//!
//! `make bench` starts the server, drives real WebSocket clients against it over the loopback
//! interface and prints a table. Wall-clock times depend on the machine and on what else it does;
//! the server's own CPU time, divided by what it delivered, much less. A run in which a message is
//! missing fails.

mod support;

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use support::{Server, client_frame, read_head, upgrade_request};

/// Every scenario runs this often; the table shows the median.
const RUNS: usize = 3;

fn main() {
    // `cargo bench` hands on its own arguments; what counts is only whether a short run is wanted.
    let scale = if std::env::args().any(|argument| argument == "--short") { 4 } else { 1 };
    println!("{:<34} {:>14} {:>12}", "scenario", "CPU µs each", "each/s");
    row("lecture, 1 to 1,000, /broadcast", || lecture("/broadcast", 1000, 400 / scale));
    row("busy, 100 all talk, /broadcast", || busy("/broadcast", 100, 200 / scale));
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
    let server = Server::start(&["--log", "warn", "--connections", "0"]);
    let prepared = prepare(&server);
    let (cpu, began) = (server.cpu_seconds(), Instant::now());
    let count = work(&server, prepared);
    (server.cpu_seconds() - cpu, began.elapsed().as_secs_f64(), count)
}

fn open(server: &Server, path: &str) -> TcpStream {
    let mut stream = server.connect();
    stream.write_all(upgrade_request(path, "").as_bytes()).expect("it takes the request");
    let (head, rest) = read_head(&mut stream);
    assert!(head.starts_with("HTTP/1.1 101 ") && rest.is_empty());
    stream
}

/// One talks, all listen: a message is sent when everybody has the one before.
fn lecture(path: &'static str, listeners: usize, messages: usize) -> Figures {
    let frame = client_frame(0x81, &[b'x'; 60]);
    measure(
        |server| (0..listeners).map(|_| open(server, path)).collect::<Vec<_>>(),
        |_, mut peers| {
            for _ in 0..messages {
                peers[0].write_all(&frame).expect("it takes the message");
                for peer in &mut peers {
                    peer.read_exact(&mut [0; 62]).expect("everybody gets the message");
                }
            }
            messages * listeners
        },
    )
}

/// All talk and listen, each with one message under way.
fn busy(path: &'static str, clients: usize, messages: usize) -> Figures {
    measure(
        |server| (0..clients).map(|_| open(server, path)).collect::<Vec<_>>(),
        |_, peers| {
            let client = |(me, stream): (usize, TcpStream)| {
                thread::spawn(move || {
                    let mut text = [b'x'; 60];
                    text[0] = me as u8;
                    let frame = client_frame(0x81, &text);
                    let mut reader = BufReader::new(stream.try_clone().expect("a descriptor"));
                    let (mut sent, mut stream) = (1, stream);
                    stream.write_all(&frame).expect("it takes the message");
                    for _ in 0..clients * messages {
                        let mut heard = [0; 62];
                        reader.read_exact(&mut heard).expect("everybody gets every message");
                        if heard[2] == me as u8 && sent < messages {
                            stream.write_all(&frame).expect("it takes the message");
                            sent += 1;
                        }
                    }
                    stream // stays open until all are done
                })
            };
            let threads: Vec<_> = peers.into_iter().enumerate().map(client).collect();
            let _open: Vec<TcpStream> =
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
                let mut stream = open(server, "/echo");
                stream.write_all(&close).expect("it takes the Close");
                let mut reply = Vec::new();
                stream.read_to_end(&mut reply).expect("it answers the Close");
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
