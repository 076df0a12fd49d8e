//! The tests speak to the real server over real sockets: each starts the program itself on a free
//! port of the loopback interface and talks to it in raw bytes, as a browser, or as a crowd.
//!
//! They are one program, so that it is linked once. `cargo test http` runs those of one file.

mod support;

mod browser;
mod chat;
mod chat_crowd;
mod chat_input;
mod chat_names;
mod chat_presence;
mod comeback;
mod crowd;
mod cuts;
mod disk_full;
mod earlier;
mod files;
mod frames;
mod fuzz;
mod fuzz_frames;
mod handshake;
mod history_file;
mod http;
mod kick;
mod kill;
mod lost_line;
mod pace;
mod page;
mod passphrase;
mod passphrase_page;
mod receipts;
mod refusals;
mod scrollback;
mod sender;
mod terminal;
mod ticks;
mod whom;
mod wire;
mod wire_page;
