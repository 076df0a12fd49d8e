//! Arrivals: clients that connect, get their 101 (in the chat their `welcome` too), and close or stay.
//!
//! A lesson begins with this, and so does the minute after a server's restart. Read [`arrive`] first: like
//! [`Crowd::run`](crate::crowd::Crowd::run) it visits all sockets in rounds and blocks only in `connect`.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::client::first_frame;
use crate::process::{Protocol, ServerProcess};
use crate::support::{client_frame, upgrade_request};
use crate::table::Latencies;

/// The longest pause after a round in which nothing arrived.
const PAUSE: Duration = Duration::from_micros(50);
/// A client that has not arrived after this time fails the benchmark.
const PATIENCE: Duration = Duration::from_secs(30);

/// What clients do once they have arrived.
#[derive(Clone, Copy, PartialEq)]
pub enum Then {
    /// Send a Close, and wait for the answer and the end of the stream.
    Leave,
    Stay,
}

/// What [`arrive`] has measured.
pub struct Arrivals {
    /// The time of each from its `connect` to its 101 or `welcome`.
    pub latencies: Latencies,
    pub seconds: f64,
    /// The connections of those that stay, and the path with which each of them can come back.
    pub stayed: Vec<(TcpStream, String)>,
}

/// A client that is under way.
struct Client {
    stream: TcpStream,
    began: Instant,
    bytes: Vec<u8>,
    has_sent_close: bool,
}

/// Lets one client after the other connect to each of these paths; at most `under_way` are there that have
/// not arrived, or not left. `meanwhile` is called in each round.
pub fn arrive(
    process: &ServerProcess, protocol: Protocol, paths: impl IntoIterator<Item = String>, under_way: usize,
    then: Then, mut meanwhile: impl FnMut(),
) -> Arrivals {
    let mut paths = paths.into_iter();
    let mut clients: Vec<Client> = Vec::new();
    let mut arrivals = Arrivals { latencies: Latencies::default(), seconds: 0.0, stayed: Vec::new() };
    let mut buffer = vec![0; 256 * 1024];
    let began = Instant::now();
    loop {
        let places = under_way - clients.len();
        clients.extend(paths.by_ref().take(places).map(|path| connect(process, &path)));
        if clients.is_empty() {
            break;
        }
        let mut is_silent = true;
        let mut index = 0;
        while index < clients.len() {
            let client = &mut clients[index];
            let has_ended = match client.stream.read(&mut buffer) {
                Ok(0) => true,
                Ok(count) => {
                    is_silent = false;
                    client.bytes.extend_from_slice(&buffer[..count]);
                    false
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => false,
                Err(e) => panic!("the connection of a client that did nothing wrong fails: {e}"),
            };
            assert!(client.began.elapsed() < PATIENCE, "a client has not arrived after {PATIENCE:?}");
            if has_ended {
                let is_answered = client.has_sent_close && client.bytes.ends_with(b"\x88\x02\x03\xE8");
                assert!(is_answered, "an end without a Close: {:?}", String::from_utf8_lossy(&client.bytes));
                clients.swap_remove(index);
                continue;
            }
            if !client.has_sent_close
                && let Some(first) = arrived(protocol, &client.bytes)
            {
                arrivals.latencies.add(client.began.elapsed().as_micros() as u64);
                if then == Then::Stay {
                    let path = path_to_come_back(first);
                    arrivals.stayed.push((clients.swap_remove(index).stream, path));
                    continue;
                }
                client.stream.write_all(&client_frame(0x88, b"\x03\xE8")).expect("a short write");
                client.has_sent_close = true;
            }
            index += 1;
        }
        meanwhile();
        if is_silent {
            thread::sleep(PAUSE);
        }
    }
    arrivals.seconds = began.elapsed().as_secs_f64();
    arrivals
}

fn connect(process: &ServerProcess, path: &str) -> Client {
    let began = Instant::now();
    let mut stream = process.connect();
    stream.write_all(upgrade_request(path, "").as_bytes()).expect("the server takes the request");
    stream.set_nonblocking(true).expect("a connected socket");
    Client { stream, began, bytes: Vec::new(), has_sent_close: false }
}

/// The first message of a client that has arrived; empty where none is expected.
fn arrived(protocol: Protocol, bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    assert!(bytes.starts_with(b"HTTP/1.1 101 "), "{:?}", String::from_utf8_lossy(bytes));
    match protocol {
        Protocol::Plain => Some(&[]),
        Protocol::Chat => first_frame(&bytes[end..]).map(|(welcome, _)| welcome),
    }
}

/// `/chat?token=…` for a member with this `welcome`, otherwise an empty text.
fn path_to_come_back(welcome: &[u8]) -> String {
    let welcome = String::from_utf8_lossy(welcome);
    let token = welcome.split("\"token\":\"").nth(1).and_then(|rest| rest.split('"').next());
    token.map_or(String::new(), |token| format!("/chat?token={token}"))
}
