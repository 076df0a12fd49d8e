//! Frames (RFC 6455, 5.2): how the server's are encoded, and where they begin and end in a stream of
//! bytes.
//!
//! tungstenite reads the clients' frames. The server's are encoded here, once for many clients: a server
//! does not mask (RFC 6455, 5.1), so all clients get the same bytes. [`FrameScanner`] only looks at the
//! bytes that pass, for the wire view's tap and for the memory of messages that are coming in.

use tungstenite::Message;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

/// A ping without a payload (RFC 6455, 5.5.2).
pub const PING: &[u8] = b"\x89\x00";

/// A text message as one frame.
pub fn text(text: &str) -> Vec<u8> {
    encode(OpCode::Data(Data::Text), text.as_bytes())
}

/// A text or binary message, as tungstenite has read it, as one frame.
pub fn from_message(message: Message) -> Vec<u8> {
    let kind = if message.is_text() { Data::Text } else { Data::Binary };
    encode(OpCode::Data(kind), &message.into_data())
}

/// A Close frame. `reason` has at most 123 bytes (RFC 6455, 5.5).
pub fn close(code: impl Into<CloseCode>, reason: &str) -> Vec<u8> {
    let code = u16::from(code.into()).to_be_bytes();
    encode(OpCode::Control(Control::Close), &[&code, reason.as_bytes()].concat())
}

/// The code in a Close frame of the server's; 1005 if there is none (RFC 6455, 7.1.5).
pub fn close_code(close_frame: &[u8]) -> u16 {
    close_frame.get(2..4).map_or(1005, |code| u16::from_be_bytes([code[0], code[1]]))
}

/// Whether these frames begin with a Close: FIN and opcode 8 (RFC 6455, 5.2).
pub fn is_close(frames: &[u8]) -> bool {
    frames.first() == Some(&0x88)
}

/// One whole frame of the server's: FIN set, no mask.
fn encode(opcode: OpCode, payload: &[u8]) -> Vec<u8> {
    let (header, length) = (FrameHeader { opcode, ..FrameHeader::default() }, payload.len() as u64);
    let mut bytes = Vec::with_capacity(header.len(length) + payload.len());
    header.format(length, &mut bytes).expect("writing to a Vec cannot fail");
    bytes.extend_from_slice(payload);
    bytes
}

/// A frame as it stands on the wire: a client's frame is masked.
#[derive(Debug)]
pub struct Frame<'a> {
    /// Whether the caller asked for payloads when this frame began.
    pub is_wanted: bool,
    /// The header, masking key included.
    pub header: &'a [u8],
    /// The length of the payload in bytes, as the header states it.
    pub length: u64,
    /// The first bytes of the payload, at most as many as the caller asked for.
    pub payload: &'a [u8],
}

/// Finds the frames in a stream of bytes, however the stream is cut into reads. An example: the bytes
/// `81 85 37 FA 21 3D 7F 9F`, with 2 payload bytes `wanted`, are a header of 6 bytes (a text, masked,
/// 5 bytes long) and the first 2 bytes of its payload: `found` is called, and 3 bytes are left to skip.
#[derive(Debug, Default)]
pub struct FrameScanner {
    /// The current frame's header and the wanted part of its payload, as far as they have passed.
    start: Vec<u8>,
    /// What the caller wanted when the current frame began.
    wanted: Option<u64>,
    /// How many bytes of the last frame are still to come.
    skip: u64,
}

impl FrameScanner {
    /// Whether the next byte belongs to a payload.
    pub fn is_inside(&self) -> bool {
        self.skip > 0
    }

    /// Scans the next bytes of the stream. Calls `found` once for each frame, as soon as its header and
    /// the first `wanted` bytes of its payload (or all of a shorter one) are complete.
    pub fn scan(&mut self, mut bytes: &[u8], wanted: Option<u64>, mut found: impl FnMut(&Frame)) {
        loop {
            let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
            self.skip -= skipped as u64;
            // A read may end anywhere, so the start of a frame is collected byte by byte.
            let Some((byte, others)) = bytes[skipped..].split_first() else { return };
            bytes = others;
            if self.start.is_empty() {
                self.wanted = wanted;
            }
            self.start.push(*byte);
            let Some((size, length)) = parse_header(&self.start) else { continue };
            let shown = length.min(self.wanted.unwrap_or(0));
            let (header, payload) = self.start.split_at(size);
            if payload.len() as u64 == shown {
                found(&Frame { is_wanted: self.wanted.is_some(), header, length, payload });
                self.skip = length - shown;
                self.start.clear();
            }
        }
    }
}

/// The size of a frame's header and the payload length in it, or `None` while it is incomplete.
/// tungstenite's own function rejects headers that violate the protocol; the wire view shows them.
fn parse_header(start: &[u8]) -> Option<(usize, u64)> {
    let second = *start.get(1)?;
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let extended = match second & 0x7F {
        126 => 2,
        127 => 8,
        short => return (start.len() >= 2 + mask).then_some((2 + mask, short.into())),
    };
    let size = 2 + extended + mask;
    let length = start.get(..size)?[2..2 + extended].iter();
    Some((size, length.fold(0, |length, byte| length << 8 | u64::from(*byte))))
}
