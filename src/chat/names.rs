//! Names: which are allowed, which are free, and a random one for a client that sends none.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

pub use super::name_key::{OPERATOR, is_reserved, key};
use crate::text::{characters, is_mark};

/// A member, under its name at that moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// Never given to another member. 0 is the operator.
    pub id: u64,
    /// Another member may have this name later. *Speed*: all messages sent under it share it.
    pub name: Arc<str>,
}

/// The operator, who is no member.
pub fn operator() -> Person {
    Person { id: 0, name: OPERATOR.into() }
}

/// Whether this is the operator's name, as `to` says it.
pub fn is_operator(name: &str) -> bool {
    name.len() < 1000 && key(name) == OPERATOR
}

/// The longest name, in characters. An emoji may be several: 👩‍💻 is three.
pub const NAME_MAX: usize = 32;

/// The most combining marks on one letter: Burmese needs four. More would paint over the lines around it.
const MARKS_MAX: usize = 4;

/// The name as it will be shown: white space around it removed, and inside it made one blank, because
/// browsers show no more.
/// Errors: a sentence for the person who wants the name.
pub fn check(name: &str) -> Result<String, String> {
    // Line ends are control characters, and would be lost below.
    if characters(name.trim()).any(|(_, is_hidden)| is_hidden) {
        return Err("a name cannot have invisible characters".to_string());
    }
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    match name.chars().count() {
        0 => Err("a name needs at least one character".to_string()),
        1..=NAME_MAX if name.starts_with(is_mark) => {
            Err("a name cannot begin with a mark that belongs on a letter".to_string())
        }
        1..=NAME_MAX if name.split(|c| !is_mark(c)).any(|marks| marks.chars().count() > MARKS_MAX) => {
            Err(format!("a letter of a name has at most {MARKS_MAX} marks"))
        }
        1..=NAME_MAX => Ok(name),
        count => Err(format!("a name has at most {NAME_MAX} characters; this one has {count}")),
    }
}

/// The name itself if it is free, or else the first free one of `Ana 2`, `Ana 3` and so on; for a name that
/// is reserved, a random one. Returns it with its key.
pub fn first_free(name: &str, is_taken: impl Fn(&str) -> bool) -> (String, String) {
    let with_number = |number| if number == 1 { name.to_string() } else { with_number(name, number) };
    let is_taken_with = |number| is_taken(&key(&with_number(number)));
    let mut free = 1;
    while is_taken_with(free) {
        free *= 2;
    }
    // A search by halves, so that a thousand members of one name do not keep the room's lock for long. It finds
    // the first free number if no earlier one has become free again.
    let mut taken = free / 2;
    while free - taken > 1 {
        let middle = (taken + free) / 2;
        if is_taken_with(middle) { taken = middle } else { free = middle }
    }
    let name = with_number(free);
    let key = key(&name);
    if is_reserved(&key) || is_taken(&key) { first_free(&random(), is_taken) } else { (name, key) }
}

/// A name with a number behind it, shortened if it has to be.
fn with_number(name: &str, number: usize) -> String {
    let suffix = format!(" {number}");
    let mut start: String = name.chars().take(NAME_MAX - suffix.len()).collect();
    // The cut may be inside an emoji, say, and leave a joiner at the end.
    while check(&start).is_err() && start.pop().is_some() {}
    check(&start).unwrap_or_else(|_| random()) + &suffix
}

/// A friendly name, such as `Quiet Heron`.
pub fn random() -> String {
    const MOODS: &str = "Amber Brave Bright Calm Cheerful Clever Cosy Curious Daring Eager Early Gentle \
        Golden Happy Honest Jolly Kind Lively Lucky Mellow Merry Mild Misty Nimble Patient Polite Quick \
        Quiet Silver Sunny Swift Witty";
    const BIRDS: &str = "Avocet Bittern Bluetit Bunting Crane Curlew Dipper Dove Dunlin Egret Falcon \
        Finch Goldcrest Grebe Heron Hoopoe Jay Kestrel Lapwing Lark Magpie Martin Osprey Owl Plover \
        Puffin Raven Robin Siskin Sparrow Swallow Wren";
    // What keeps attackers from choosing the order of a HashMap is random enough for a name.
    let random = RandomState::new().hash_one(());
    let pick = |words: &'static str, random: u64| {
        words.split(' ').nth((random % 32) as usize).unwrap_or_default() // there are 32 words
    };
    format!("{} {}", pick(MOODS, random), pick(BIRDS, random >> 32))
}
