//! A client of the chat, without a screen: the other side of the handshake. The chat in a terminal is built
//! on it (`src/console/`), and a program of your own can be; the server does not use it.
//!
//! `www/chat/connection.js` is the same for pages.

pub mod address; // what a person types -> the server, and the folder of its pages
pub mod connection; // one connection: the handshake, masked frames, a thread that reads
pub mod session; // from one connection to the next: who we are, what is not acknowledged, what was missed

pub use address::Address;
pub use connection::{Connection, Event};
pub use session::{Link, Session};
