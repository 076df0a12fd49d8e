//! Partyline: a group chat over WebSockets, in blocking Rust, one thread per connection.
//!
//! Each module uses only those above it. To learn how a WebSocket server works, read `main.rs`, then
//! [`http`], [`handshake`], [`echo`] and [`broadcast`]; of [`sender`] you need to know only its
//! promise. Then the [`chat`], the [`wire`] view with its [`tap`], and, as far as curiosity goes,
//! [`server`], [`socket`] and [`sender`].

pub mod shared; // locks, texts nobody can guess, the memory for messages on their way
pub mod tcp; // listening, writing with a deadline, closing so that the last bytes arrive
pub mod frames; // where the frames are in a stream of bytes
pub mod pace; // how much one client may send, where others have to hear it
pub mod http; // bytes -> Request, Response -> bytes; knows nothing of WebSockets
pub mod handshake; // a Request -> 101 Switching Protocols, or a refusal with a reason
pub mod access; // who may connect: Host and Origin, and the chat's passphrase
pub mod tap; // what passes on a connection, for those who watch
pub mod sender; // the one way out of a client: whole frames, without ever waiting
pub mod journal; // what the server says in its log
pub mod stream; // what tungstenite takes for a network connection
pub mod socket; // an upgraded connection: its thread reads, everybody writes through its Sender
pub mod echo; // /echo: what you send comes back
pub mod broadcast; // /broadcast: what anyone sends, everyone gets
pub mod chat; // /chat: the chat
pub mod wire; // /wire: the bytes of another connection, as they pass
pub mod files; // a Request -> a file of www/
pub mod settings; // command line and environment -> Settings
pub mod spare; // threads that wait a moment for the next connection
pub mod register; // every connection there is, and how many there may be
pub mod server; // accept loop, one thread per connection, which door a request goes through
pub mod operator; // the commands typed at the server's terminal
