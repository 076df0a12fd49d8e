//! Partyline: a group chat over WebSockets, in blocking Rust, one thread per connection.
//!
//! This is the map: one line per module, in the order in which the modules build on each other. To
//! *read*, begin with [`server`], whose first lines draw the life of a connection, and follow it into
//! [`http`], [`handshake`], [`websocket`] and [`echo`]. `src/README.md` is the guide: what to read in
//! which order, and where is what.

// What every module may use.
pub mod mutex; // a lock that a panic cannot poison
pub mod clock; // the time of day
pub mod text; // makes text from other people safe to show; what a character is
pub mod secret; // random texts that cannot be guessed; the hash of a secret
pub mod logging; // the log
pub mod threads; // the count of all threads, and its limit
pub mod tty; // single keys from a terminal, the line being typed, the screen
pub mod tcp; // listens; writes with a deadline; closes so that the last bytes arrive

// The life of a connection.
pub mod http; // bytes -> Request, Response -> bytes; the check of Host; the files of www/
pub mod handshake; // a Request -> 101 Switching Protocols, or a refusal; the check of Origin
pub mod websocket; // what carries every WebSocket: socket, Sender, slow clients, silence, limits
pub mod json; // writes JSON
pub mod echo; // /echo: every message goes back to its sender
pub mod broadcast; // /broadcast: every message goes to every client
pub mod socketio; // /socket.io/: the same for the clients of the Socket.IO library
pub mod chat; // /chat: the chat
pub mod wire; // /wire: shows the bytes of another connection
pub mod client; // the other side: a client of the chat, for `src/console/`
pub mod source; // /source/: this program's source, for source.html
pub mod by_hand; // to be read: SHA-1, base64 and the mask, which the server leaves to tungstenite

// The program.
pub mod interfaces; // the addresses and names of this machine, for classmates
pub mod qr; // text -> a QR code
pub mod share; // the addresses for classmates, and codes of them, for the page and the terminal
pub mod settings; // command line and environment -> Settings
pub mod server; // a thread per connection, from `accept` to the close; the route of a request
pub mod terminal; // the addresses printed at the start; the commands of the operator
