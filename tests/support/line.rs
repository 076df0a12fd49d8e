//! A line between a client and the server that can be cut, as a Wi-Fi that goes away: something that
//! no browser can be told to do to a WebSocket which is open. And one that breaks by itself.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::random::Random;

/// A port that leads to the server, for as long as nobody cuts it.
pub struct Line {
    /// Where it begins.
    pub port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    is_cut: bool,
    is_deaf: bool,
    is_silent: bool,
    streams: Vec<TcpStream>,
}

impl Line {
    /// A line that leads to this port.
    pub fn to(server: u16) -> Line {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let mut state = shared.lock().unwrap();
                if state.is_cut {
                    continue;
                }
                let server = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).expect("it listens");
                state.streams.extend([client.try_clone().unwrap(), server.try_clone().unwrap()]);
                let (to_client, to_server) =
                    (client.try_clone().unwrap(), server.try_clone().unwrap());
                let (lost, shared) = (Arc::clone(&shared), Arc::clone(&shared));
                thread::spawn(move || {
                    pass_on(client, to_server, || lost.lock().unwrap().is_silent)
                });
                thread::spawn(move || {
                    pass_on(server, to_client, || shared.lock().unwrap().is_deaf)
                });
            }
        });
        Line { port, state }
    }

    /// A bad line: in either direction bytes come in pieces and late, and each connection breaks after
    /// some number of them below `most`, wherever that is.
    pub fn bad(server: u16, mut random: Random, most: u64) -> Line {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)) else {
                    continue;
                };
                for stream in [&client, &server] {
                    stream.set_nodelay(true).unwrap();
                }
                let (to_client, to_server) =
                    (client.try_clone().unwrap(), server.try_clone().unwrap());
                for (from, to) in [(client, to_server), (server, to_client)] {
                    let own = Random::with_seed(random.below(u64::MAX));
                    let length = random.below(most);
                    thread::spawn(move || pass_on_badly(from, to, own, length));
                }
            }
        });
        Line { port, state: Arc::default() }
    }

    /// From now on nothing of what the server says comes through, and all of what it is told.
    pub fn deafen(&self) {
        self.state.lock().unwrap().is_deaf = true;
    }

    /// From now on nothing comes through, and neither end is told: somebody has gone out of reach.
    pub fn vanish(&self) {
        let mut state = self.state.lock().unwrap();
        (state.is_deaf, state.is_silent) = (true, true);
    }

    /// All connections break, and there are no others until it is mended.
    pub fn cut(&self) {
        let mut state = self.state.lock().unwrap();
        state.is_cut = true;
        state.streams.drain(..).for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
    }

    /// As good as new.
    pub fn mend(&self) {
        *self.state.lock().unwrap() = State::default();
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, is_lost: impl Fn() -> bool) {
    let mut bytes = [0; 16_384];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if !is_lost() && to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

/// Passes on so many bytes, in pieces of any size, some of them a moment later, and then breaks off. What
/// is on its way in the other direction may be lost as well.
fn pass_on_badly(mut from: TcpStream, mut to: TcpStream, mut random: Random, length: u64) {
    let (mut bytes, mut rest) = ([0; 4096], length as usize);
    while rest > 0 {
        let size = 1 + random.below(rest.min(bytes.len()) as u64) as usize;
        let Ok(count @ 1..) = from.read(&mut bytes[..size]) else { break };
        if random.below(8) == 0 {
            thread::sleep(Duration::from_micros(random.below(2000)));
        }
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
        rest -= count;
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
