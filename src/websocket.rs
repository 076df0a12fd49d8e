//! What carries every WebSocket after the handshake. tungstenite reads the frames; these files add what
//! it does not do: many threads that write, slow clients, silence, limits.
//!
//! A route needs only the [`Socket`], and of the [`Sender`] only the promise at the top of its file.

pub mod frames; // the bytes of a frame: encoding them, finding them in a stream
pub mod memory; // how much memory messages may take on their way
pub mod rate_limit; // how fast a client may send: a token bucket
pub mod tap; // shows the frames of a connection to the wire view
pub mod sender; // the one way to write to a client: any thread, whole frames, never waiting
pub mod stream; // what tungstenite takes for a network connection; silence and pings
pub mod socket; // one WebSocket, for the thread that reads it

pub use sender::Sender;
pub use socket::{ConnectionLimits, Socket};
pub use tap::Tap;
