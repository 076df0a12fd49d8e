//! The tests start the real server, each on a free port of the loopback interface, and talk to it in raw
//! bytes, as a crowd, or as people in a browser. `README.md` beside this file says how, and what a new
//! test should look like.
//!
//! They are one program, so that they are linked once. The folders mirror those of `src/`:
//! `cargo test chat::names` runs the tests of one file.

mod support;

mod http {
    mod date; // the Date header
    mod files; // the files of www/: what is served, and that nothing else is
    mod host; // which names are the server's own
    mod refusals; // request heads that are refused, with status and reason
    mod request; // request heads as raw bytes
    mod source; // the program's own source; links into it
    mod share; // the addresses for classmates, and codes of them
}
mod handshake; // the checks of the handshake, Origin beside them
mod server {
    mod per_address; // the limit on the connections of one address
    mod crowd; // many clients at once; the limits on connections
    mod log; // the log
    mod interfaces; // the addresses of this machine, out of what the system prints
    mod qr; // QR codes
    mod settings; // options and words of the environment, right and wrong
    mod start; // by make, in the background, with odd streams, on a port that cannot be had
    mod threads; // the count of all threads
    mod terminal; // what is printed, the operator's commands, start and stop
}
mod websocket {
    mod backlog; // a Sender whose peer reads slowly or not at all
    mod frames; // frames as raw bytes; the close codes
    mod heartbeat; // pings, beats, and silence
    mod memory; // memory for large messages
    mod rate_limit; // how fast a client may send
    mod sender; // the Sender alone, without a server
    mod tap; // which connection a view is shown
}
mod chat {
    mod crowd; // many members at once
    mod cuts; // connections that break anywhere
    mod damaged_history; // history files that are damaged or cut
    pub mod disk_full; // a history file that cannot grow
    mod foreign_files; // what is no history file, or was saved by an editor or a newer version
    mod history; // `earlier`
    mod history_file; // --data
    pub mod input; // anything that a client may send
    mod image_headers; // the type and the size of an image
    mod kept_photos; // photos in memory, in files, after a kill, on a full disk
    mod kick; // the operator removes a member
    mod kill; // kill -9 while all clients write
    mod messages; // messages, acks, order, the welcome
    mod moved_file; // the history file is moved, deleted, replaced or cut while the server runs
    pub mod names; // names at the start, and renaming
    mod name_keys; // which names are the same, and which are reserved
    mod not_json; // nearly JSON: the ref is found, and nothing private becomes public
    mod odd_file_systems; // file systems without locks or modes, read-only, of another user
    mod older_copy; // a history file without its newest lines
    mod operator; // what is said at the server's terminal
    mod order; // notices agree with what the server knows; answers stand in their place
    mod passphrase; // --passphrase
    mod photos; // photos: announced, sent, said, fetched, refused
    mod presence; // joining, leaving, away, typing
    mod private; // private messages
    mod receipts; // how many recipients have a message
    mod reconnect; // coming back with a token
    mod teaching; // mute, pin, messages to the operator
}
mod socketio {
    //! The clients of the Socket.IO library.
    mod packets; // literal packets on a WebSocket
    mod polling; // how most of them begin, over plain HTTP
}
mod by_hand; // SHA-1, base64 and the mask, written out
mod readme; // what README.md prints does what it says
mod tiny; // lesson 0, src/bin/tiny.rs
mod wire {
    //! What /wire shows.
    mod frames; // every frame of a connection
    mod views; // who may watch, and which connection
}
mod pages {
    //! In a real browser.
    mod chat; // the chat's page while the connection holds
    mod code; // code and links in messages, and texts that are too long
    mod comeback; // after a restart, a frozen tab, sleep, no network, a lost history
    mod copies; // a tab that is duplicated, or closed and opened again
    mod culprits; // what cannot be sent, and stored values that are not the page's own
    mod lab; // echo and broadcast
    mod lab_sheet; // the lab sheet and its checks
    mod layout; // what is in view at which size, the first minute, the sheets, the projector
    mod obstacles; // a proxy in between: a path of its own, no WebSocket
    mod operator; // what the operator pins and says, muted members, people whom a reader has hidden
    mod paper; // the pages of the lab as they are printed
    mod passphrase; // the page asks for the passphrase
    mod photos; // photos: chosen, made small, sent, shown
    mod reconnect; // the connection breaks: nothing typed is lost
    mod saving; // a whole conversation as a file and on paper
    mod scrollback; // earlier messages; which rows are drawn
    mod search; // finds what was said long ago
    mod socketio; // Socket.IO by hand, and pages that students bring
    mod source; // the source in the browser
    mod share; // the address for classmates, in large letters and as a QR code
    mod ticks; // the words beside one's own messages
    mod unread; // the line above the first unread message; messages that mention the reader
    mod wire; // the wire view
    mod workbench; // the frame workbench
}
mod console {
    //! The chat in a terminal.
    mod address; // the address, as people type it
    mod display; // what is shown of the others, and of one's own messages
    mod other_servers; // a server that is no chat, or does what Partyline rarely does
    mod pipe; // in a pipe
    mod reconnect; // the connection breaks, or is refused
    mod restore; // the terminal after each way of ending
    mod typing; // the text being typed
}
mod fuzz {
    //! Random inputs, for a few seconds each.
    mod frames; // frames over real connections
    mod heads; // request heads
    mod packets; // packets of Socket.IO
    mod taps; // frames past a tap
    mod photos; // the headers of images
    mod settings; // options, words of the environment, lists of network interfaces
    mod texts; // messages and names
}
