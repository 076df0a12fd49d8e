//! HTTP/1.1, just enough of it: bytes in, a [`Request`] out; a [`Response`] in, bytes out.
//!
//! Every connection begins here. [`read_head`] collects the bytes of one request head, however
//! they are cut into packets; [`parse`] makes a [`Request`] of them; [`Response::to_bytes`] is the
//! way back. Nothing in here knows of WebSockets: that begins with the handshake.
//!
//! A request that is not right comes back as an `Err` holding the [`Response`] that tells its
//! sender what was wrong, so a `?` is all that the rest of the program needs to refuse it.
//!
//! Left out on purpose: request bodies, keep-alive, compression, ranges. Every answer but the 101
//! closes the connection, so a body that follows a head is never taken for the next request.

mod authority;
mod request;
mod response;

pub use authority::Authority;
pub use request::{Request, parse, read_head};
pub use response::Response;
