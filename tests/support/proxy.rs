//! A TCP proxy between a client and the server, which can break as a Wi-Fi does: no browser can be told
//! to do that to an open WebSocket.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::random::Random;

/// A port that leads to the server. Its threads end with their connections.
pub struct Proxy {
    /// The port that clients connect to.
    pub port: u16,
    state: Arc<Mutex<State>>,
}

/// What happens to the bytes and to the connections.
#[derive(Default)]
struct State {
    /// New connections are closed at once.
    is_cut: bool,
    /// Bytes from the server are thrown away.
    drops_replies: bool,
    /// Bytes from the client are thrown away.
    drops_requests: bool,
    /// Both ends of all connections so far.
    streams: Vec<TcpStream>,
}

impl Proxy {
    /// A proxy that passes on everything until it is told otherwise.
    pub fn to(server: u16) -> Proxy {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let port = listen(move |client| {
            let mut state = shared.lock().unwrap();
            if state.is_cut {
                return;
            }
            let server = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).expect("the server listens");
            state.streams.extend([client.try_clone().unwrap(), server.try_clone().unwrap()]);
            let [(up, to_server), (down, to_client)] = both_ways(client, server);
            let (requests, replies) = (Arc::clone(&shared), Arc::clone(&shared));
            thread::spawn(move || pass_on(up, to_server, || requests.lock().unwrap().drops_requests));
            thread::spawn(move || pass_on(down, to_client, || replies.lock().unwrap().drops_replies));
        });
        Proxy { port, state }
    }

    /// A proxy whose connections are bad: in either direction bytes arrive in pieces and late, and each
    /// connection breaks after a random number of bytes below `most`.
    pub fn unreliable(server: u16, mut random: Random, most: usize) -> Proxy {
        let port = listen(move |client| {
            let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)) else { return };
            for stream in [&client, &server] {
                stream.set_nodelay(true).unwrap();
            }
            for (from, to) in both_ways(client, server) {
                let (own, length) = (random.fork(), random.below(most));
                thread::spawn(move || pass_on_badly(from, to, own, length));
            }
        });
        Proxy { port, state: Arc::default() }
    }

    /// A proxy that reads each request: `rewrite` gets its head and returns the one to pass on, or, as the
    /// error, what the proxy answers itself.
    pub fn rewriting(
        server: u16, rewrite: impl Fn(String) -> Result<String, String> + Send + Sync + 'static,
    ) -> Proxy {
        let rewrite = Arc::new(rewrite);
        let port = listen(move |mut client| {
            let rewrite = Arc::clone(&rewrite);
            // A browser opens connections that it does not use yet.
            thread::spawn(move || {
                let Some(head) = read_head(&mut client) else { return };
                match rewrite(head) {
                    Err(answer) => drop(client.write_all(answer.as_bytes())),
                    Ok(head) => {
                        let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).unwrap();
                        server.write_all(head.as_bytes()).unwrap();
                        for (from, to) in both_ways(client, server) {
                            thread::spawn(move || pass_on(from, to, || false));
                        }
                    }
                }
            });
        });
        Proxy { port, state: Arc::default() }
    }

    /// From now on the client gets nothing of what the server sends; the server still gets everything.
    pub fn deafen(&self) {
        self.state.lock().unwrap().drops_replies = true;
    }

    /// From now on nothing arrives in either direction and neither end is told, as when a client goes out
    /// of reach.
    pub fn drop_everything(&self) {
        let mut state = self.state.lock().unwrap();
        (state.drops_replies, state.drops_requests) = (true, true);
    }

    /// Breaks all connections, and closes new ones at once until [`Proxy::mend`].
    pub fn cut(&self) {
        let mut state = self.state.lock().unwrap();
        state.is_cut = true;
        state.streams.drain(..).for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
    }

    /// Breaks all connections; new ones pass.
    pub fn break_connections(&self) {
        let mut state = self.state.lock().unwrap();
        state.streams.drain(..).for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
    }

    /// Passes on everything again.
    pub fn mend(&self) {
        *self.state.lock().unwrap() = State::default();
    }
}

/// Hands each connection to a new port to `accept`, on a thread of its own; returns the port.
fn listen(mut accept: impl FnMut(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || listener.incoming().map_while(Result::ok).for_each(&mut accept));
    port
}

/// From where to where: the client's bytes, and the server's.
fn both_ways(client: TcpStream, server: TcpStream) -> [(TcpStream, TcpStream); 2] {
    let (to_client, to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    [(client, to_server), (server, to_client)]
}

/// Reads a request up to its empty line; a browser waits for the answer before it sends more. `None` if the
/// connection ends before.
fn read_head(client: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut bytes = [0; 4096];
        let count = client.read(&mut bytes).ok().filter(|count| *count > 0)?;
        head.extend_from_slice(&bytes[..count]);
    }
    String::from_utf8(head).ok()
}

/// Passes on bytes until the connection ends; those that come while `is_dropped` are thrown away.
fn pass_on(mut from: TcpStream, mut to: TcpStream, is_dropped: impl Fn() -> bool) {
    let mut bytes = [0; 16_384];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if !is_dropped() && to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

/// Passes on `length` bytes in pieces of any size, some of them up to 2 ms late, and then breaks the
/// connection. Bytes on their way in the other direction may be lost as well.
fn pass_on_badly(mut from: TcpStream, mut to: TcpStream, mut random: Random, length: usize) {
    let (mut bytes, mut rest) = ([0; 4096], length);
    while rest > 0 {
        let size = 1 + random.below(rest.min(bytes.len()));
        let Ok(count @ 1..) = from.read(&mut bytes[..size]) else { break };
        if random.below(8) == 0 {
            thread::sleep(Duration::from_micros(random.below(2000) as u64));
        }
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
        rest -= count;
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
