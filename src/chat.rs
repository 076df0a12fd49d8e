//! `/chat`: the chat. Lab step 3.
//!
//! What is said on the wire ([`protocol`]), what people may be called ([`names`]), what was said
//! ([`history`]), who is here ([`members`]), how what one says reaches all the others ([`room`]), and
//! one member's stay ([`session`]).

pub mod names;
pub mod protocol;
pub mod history;
pub mod members;
pub mod room;
pub mod session;
