//! Where the frames are in a stream of bytes (RFC 6455, 5.2), for those who only look at it: for the tap,
//! which shows them, and for the memory that they will take. What they mean is tungstenite's affair.

/// A frame as it is on the wire; so one that comes from a client is masked.
#[derive(Debug)]
pub struct Frame<'a> {
    /// Whether its payload was wanted when it began.
    pub is_wanted: bool,
    /// The header, masking key included.
    pub header: &'a [u8],
    /// The length of the payload, of which only the beginning follows, or nothing.
    pub length: u64,
    /// The payload's first bytes, as many as were wanted.
    pub payload: &'a [u8],
}

/// Walks along a stream of bytes from frame to frame.
#[derive(Debug, Default)]
pub struct Walker {
    /// The frame's header and what is wanted of its payload, as far as it has passed.
    start: Vec<u8>,
    wanted: Option<u64>,
    /// How many bytes of the last frame are still to come, of which nobody wants to know.
    rest: u64,
}

impl Walker {
    /// Goes on by these bytes, however they are cut, and calls `passed` once for each frame: as soon as its
    /// header is whole, or, if so many bytes of payload were `wanted` when it began, as soon as they are
    /// there too. (A shorter payload is enough when it is whole.)
    pub fn walk(&mut self, mut bytes: &[u8], wanted: Option<u64>, mut passed: impl FnMut(&Frame)) {
        loop {
            let skipped = usize::try_from(self.rest).unwrap_or(usize::MAX).min(bytes.len());
            self.rest -= skipped as u64;
            // One by one, since a read may end anywhere; these are few, the rest is skipped.
            let Some((byte, others)) = bytes[skipped..].split_first() else { return };
            bytes = others;
            if self.start.is_empty() {
                self.wanted = wanted;
            }
            self.start.push(*byte);
            let Some((size, length)) = read_header(&self.start) else { continue };
            let shown = length.min(self.wanted.unwrap_or(0));
            let (header, payload) = self.start.split_at(size);
            if payload.len() as u64 == shown {
                passed(&Frame { is_wanted: self.wanted.is_some(), header, length, payload });
                self.rest = length - shown;
                self.start.clear();
            }
        }
    }
}

/// The size of the header that a frame starts with, and the length in it (RFC 6455, 5.2); `None` as
/// long as it is not whole. By hand: tungstenite's own function refuses headers that are against the
/// protocol, and those are worth seeing.
fn read_header(start: &[u8]) -> Option<(usize, u64)> {
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
