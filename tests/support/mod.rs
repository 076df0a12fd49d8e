//! What the tests share: a server of their own, and clients that send exactly the bytes they are told.
//!
//! To read first: [`server`] starts the program, [`peer`] is a WebSocket client that works frame by frame,
//! [`http`] sends requests, and [`chat`] is a member of the chat.
#![allow(dead_code, unused_imports)] // the benchmark, another program, uses only some of it

pub mod browser;
pub mod chat;
pub mod corpus;
pub mod crowd;
pub mod folder;
pub mod fuzzing;
pub mod http;
pub mod images;
pub mod page;
pub mod peer;
pub mod proxy;
pub mod random;
pub mod reconnecting;
pub mod screen;
pub mod sender;
pub mod server;
pub mod terminal;
pub mod waiting;
pub mod wire_view;

use std::time::Duration;

pub use http::*;
pub use peer::*;
pub use server::*;
pub use waiting::*;

/// How long a test waits for what must happen. A test that passes never waits that long.
pub const PATIENCE: Duration = Duration::from_secs(60);
