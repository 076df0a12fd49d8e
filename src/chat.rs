//! `/chat`: the chat. Lab step 3.
//!
//! To read in this order: what is said on the wire ([`protocol`]), one member's stay ([`session`]), how
//! what one says reaches all the others ([`room`], `round`) and what each request does to the room
//! (`room/asks`, `room/stay`), and as needed what people may be called ([`names`]), what was said (`history`,
//! `file`) and how far it has come (`receipts`), who is here (`members`, `tokens`) and how they are welcomed
//! (`greeting`).

pub mod names;
pub mod protocol;
mod history;
mod file;
mod receipts;
mod tokens;
mod members;
mod greeting;
mod round;
pub mod room;
pub mod session;
