//! The tests speak to the real server over real sockets: each starts the program itself on a free
//! port of the loopback interface and talks to it in raw bytes, as a browser, or as a crowd.
//!
//! They are one program, so that it is linked once. The folders mirror those of `src/`, and
//! `cargo test chat::names` runs the tests of one file.

mod support;

mod http {
    mod date; // the Date header
    pub mod files; // the files of www/: what is served, and that nothing else is
    mod refusals; // request heads that are refused, with status and reason
    pub mod request; // request heads as raw bytes
}
mod handshake; // the checks of the handshake, Host and Origin
mod server {
    mod crowd; // many clients at once; the limits on connections
    pub mod terminal; // what is printed, the operator's commands, start and stop
}
mod websocket {
    mod frames; // frames as raw bytes; the close codes
    mod rate_limit; // how fast a client may send; memory for large messages
    mod tap; // which connection a view is shown
    mod sender; // the Sender alone, without a server
}
mod chat {
    mod crowd; // many members at once
    mod cuts; // connections that break anywhere
    pub mod disk_full; // a history file that cannot grow
    mod history; // `earlier`
    mod history_file; // --data
    mod input; // anything that a client may send
    mod kick; // the operator throws a member out
    mod kill; // kill -9 while everybody writes
    mod messages; // messages, acks, order, the welcome
    mod names; // names at the start, and renaming
    mod passphrase; // --passphrase
    mod presence; // joining, leaving, away, coming back
    mod private; // private messages
    mod receipts; // how many recipients have a message
}
mod tiny; // lesson 0, src/bin/tiny.rs
mod wire; // what /wire shows
mod pages {
    //! In a real browser.
    pub mod chat; // the chat's page while the connection holds
    mod comeback; // after a restart, a frozen tab, a tab that is open twice
    mod lab; // echo and broadcast
    mod passphrase; // the page asks for the passphrase
    mod reconnect; // the connection breaks: nothing typed is lost
    mod scrollback; // earlier messages
    mod ticks; // the words beside one's own messages
    mod wire; // the wire view
}
mod fuzz {
    //! Random inputs, for a few seconds each.
    mod connections; // random bytes over real connections
    mod parsers; // random bytes into the server's functions
}
