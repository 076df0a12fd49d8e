//! HTTP/1.1, just enough for a handshake and for files: bytes in, a [`Request`] out; a [`Response`] in,
//! bytes out.
//!
//! Every connection begins here. [`read_head`] collects the bytes of one request head, however they
//! are cut into packets; [`parse`] makes a [`Request`] of them; [`Response::to_bytes`] is the way back.
//! WebSocket begins later, with the handshake.
//!
//! A wrong request becomes an `Err` with the [`Response`] that says why, so that a `?` refuses it.
//!
//! Left out on purpose: keep-alive, compression, ranges. Every answer but the 101
//! closes the connection, so a body that follows a head is never taken for the next request.

mod authority; // `host:port`, in one spelling
mod head; // the bytes of a request head, collected from the socket
mod body; // the bytes of a body, for the one route that takes a POST
mod request; // a head -> Request
mod response; // Response -> bytes
pub mod files; // a Request -> a file of www/
pub mod host; // whether Host is a name of this server

pub use authority::Authority;
pub use body::read_body;
pub use head::read_head;
pub use request::{Request, decode_text, form_value, parse};
pub use response::Response;
