//! A Sender at one end of a TCP connection, without the rest of the server, and numbered frames to send.

use std::io::Read;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use partyline::threads::Threads;
use partyline::websocket::memory::Budget;
use partyline::websocket::sender::Sender;

use super::PATIENCE;

/// How long the thread that owns the Sender waits in one read.
pub const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// Both ends of a TCP connection: the server's, and the peer's.
pub fn connection(read_timeout: Duration) -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(read_timeout)).unwrap();
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    peer.set_write_timeout(Some(PATIENCE)).unwrap();
    (stream, peer)
}

/// A budget with a hundred threads.
pub fn new_budget(per_client: usize) -> Budget {
    Budget::new(per_client, &Arc::new(Threads::new(100)))
}

/// A Sender that has been started, its budget, and the peer that it sends to.
pub fn pair(budget: Budget) -> (Sender, Arc<Budget>, TcpStream) {
    let (stream, peer) = connection(READ_TIMEOUT);
    let budget = Arc::new(budget);
    let sender = Sender::new(stream, Arc::clone(&budget), None);
    sender.start(Vec::new());
    (sender, budget, peer)
}

/// A frame as a server sends it: a number of 8 bytes, then `size` bytes that depend on the number.
pub fn frame(number: u64, size: usize) -> Vec<u8> {
    let mut frame = vec![0x82, 127];
    frame.extend_from_slice(&(8 + size as u64).to_be_bytes());
    frame.extend_from_slice(&number.to_be_bytes());
    frame.extend((0..size).map(|i| (i as u64 ^ number) as u8));
    frame
}

/// Reads a frame that [`frame`] made and returns its number; `Err` holds the bytes of anything else.
pub fn read_frame(peer: &mut impl Read) -> Result<u64, Vec<u8>> {
    let mut header = Vec::new();
    peer.take(10).read_to_end(&mut header).map_err(|error| error.to_string().into_bytes())?;
    if header.len() < 10 || header[..2] != [0x82, 127] {
        let _ = peer.read_to_end(&mut header);
        return Err(header);
    }
    let length = u64::from_be_bytes(header[2..].try_into().unwrap()) as usize;
    let mut payload = vec![0; length];
    peer.read_exact(&mut payload).map_err(|error| error.to_string().into_bytes())?;
    let number = u64::from_be_bytes(payload[..8].try_into().unwrap());
    assert!(frame(number, length - 8)[10..] == payload, "frame {number} is torn");
    Ok(number)
}
