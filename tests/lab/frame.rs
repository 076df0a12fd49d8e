//! A frame as bytes and in words, for the exchange that a failure shows. The fields have the names of the wire view.

use std::fmt;

/// A frame, with the masking key that it was sent with, if any.
#[derive(Clone, PartialEq)]
pub struct Frame {
    /// FIN, the reserved bits and the opcode.
    pub first: u8,
    pub key: Option<[u8; 4]>,
    /// Without the mask.
    pub payload: Vec<u8>,
}

pub const TEXT: u8 = 0x81;
pub const BINARY: u8 = 0x82;
pub const CLOSE: u8 = 0x88;
pub const PING: u8 = 0x89;
pub const PONG: u8 = 0x8A;

impl Frame {
    /// A frame as a server sends it.
    pub fn of_server(first: u8, payload: impl Into<Vec<u8>>) -> Frame {
        Frame { first, key: None, payload: payload.into() }
    }

    /// Its bytes on the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mask_bit = if self.key.is_some() { 0x80 } else { 0 };
        let mut bytes = vec![self.first];
        match self.payload.len() {
            short @ 0..=125 => bytes.push(mask_bit | short as u8),
            medium @ 126..=65_535 => {
                bytes.push(mask_bit | 126);
                bytes.extend((medium as u16).to_be_bytes());
            }
            long => {
                bytes.push(mask_bit | 127);
                bytes.extend((long as u64).to_be_bytes());
            }
        }
        let key = self.key.unwrap_or_default();
        bytes.extend(self.key.iter().flatten());
        bytes.extend(self.payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
        bytes
    }

    /// The first frame of these bytes, and how many it takes; `None` if it is not whole.
    pub fn parse(bytes: &[u8]) -> Option<(Frame, usize)> {
        let (first, second) = (*bytes.first()?, *bytes.get(1)?);
        let (length, mut at) = match second & 0x7F {
            126 => (u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)), 4),
            127 => (u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?), 10),
            short => (short.into(), 2),
        };
        let mut key: Option<[u8; 4]> = None;
        if second & 0x80 != 0 {
            key = Some(bytes.get(at..at + 4)?.try_into().ok()?);
            at += 4;
        }
        let end = usize::try_from(length).ok()?.checked_add(at)?;
        let masked = bytes.get(at..end)?.iter().zip(key.unwrap_or_default().into_iter().cycle());
        Some((Frame { first, key, payload: masked.map(|(byte, key)| byte ^ key).collect() }, end))
    }

    /// The first field in which another frame differs, in the words of the wire view.
    pub fn difference(&self, received: &Frame) -> Option<String> {
        let hex = |key: &Option<[u8; 4]>| key.map_or("none".to_string(), |key| hex(&key));
        let fields = [
            ("Fin", (self.first >> 7).to_string(), (received.first >> 7).to_string()),
            ("Reserved", format!("{:03b}", self.first >> 4 & 7), format!("{:03b}", received.first >> 4 & 7)),
            ("Opcode", opcode(self.first), opcode(received.first)),
            ("Mask", u8::from(self.key.is_some()).to_string(), u8::from(received.key.is_some()).to_string()),
            ("Payload length", self.payload.len().to_string(), received.payload.len().to_string()),
            ("Masking-Key", hex(&self.key), hex(&received.key)),
        ];
        let field = fields.into_iter().find(|(_, expected, received)| expected != received);
        let field = field
            .map(|(name, expected, received)| format!("{name}: expected {expected}, received {received}"));
        field.or_else(|| {
            let mut pairs = self.payload.iter().zip(&received.payload).enumerate();
            let (at, (expected, is)) = pairs.find(|(_, (expected, received))| expected != received)?;
            if received.key.is_some() && received.to_bytes().ends_with(&self.payload) {
                return Some("Payload: it is not masked".to_string());
            }
            let after = if received.key.is_some() { " after unmasking" } else { "" };
            Some(format!("Payload: byte {}{after}: expected {expected:02x}, received {is:02x}", at + 1))
        })
    }
}

fn opcode(first: u8) -> String {
    let name = match first & 0x0F {
        0x0 => "Continuation",
        0x1 => "Text",
        0x2 => "Binary",
        0x8 => "Close",
        0x9 => "Ping",
        0xA => "Pong",
        _ => "reserved",
    };
    format!("0x{:X} {name}", first & 0x0F)
}

/// `81 05 48 … = Text “Hello”`.
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let payload = String::from_utf8_lossy(&self.payload);
        let shown: String = payload.chars().take(60).collect();
        let more = if payload.chars().count() > 60 { " …" } else { "" };
        let name = opcode(self.first);
        let name = name.split_once(' ').map_or("", |(_, name)| name);
        if let (true, [high, low, ..]) = (self.first & 0x0F == 8, &self.payload[..]) {
            let reason = String::from_utf8_lossy(&self.payload[2..]);
            return write!(
                f,
                "{}  = Close {} “{reason}”",
                hex(&self.to_bytes()),
                u16::from_be_bytes([*high, *low])
            );
        }
        write!(f, "{}  = {name} “{shown}{more}”", hex(&self.to_bytes()))
    }
}

/// The first bytes in hex, and how many there are.
pub fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().take(24).map(|byte| format!("{byte:02x}")).collect();
    let more = if bytes.len() > 24 { format!(" … ({} bytes)", bytes.len()) } else { String::new() };
    digits.join(" ") + &more
}
