//! Names: which are allowed, which are free, and a random one for a client that sends none.

use std::sync::Arc;

use crate::{secret::unguessable, text::is_invisible};

/// A member, under its name at that moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// Never given to another member. 0 is the operator.
    pub id: u64,
    /// Another member may have this name later. *Speed*: all messages sent under it share it.
    pub name: Arc<str>,
}

/// The longest name, in characters.
pub const NAME_MAX: usize = 32;

/// The name of the server's operator, as its own [`key`]; no member may have it.
pub const OPERATOR: &str = "operator";

/// The name as it will be shown, with [`one_blank`].
/// Errors: a sentence for the person who wants the name.
pub fn check(name: &str) -> Result<String, String> {
    // `one_blank` removes line ends, so control characters are looked for before it.
    if name.trim().chars().any(|c| c.is_control() || is_invisible(c)) {
        return Err("a name cannot have invisible characters".to_string());
    }
    let name = one_blank(name);
    match name.chars().count() {
        0 => Err("a name needs at least one character".to_string()),
        1..=NAME_MAX => Ok(name),
        count => Err(format!("a name has at most {NAME_MAX} characters; this one has {count}")),
    }
}

/// White space around the name removed, and inside it made one blank: browsers show no more.
pub fn one_blank(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The form in which names are compared: `ANA` is `ana`.
pub fn key(name: &str) -> String {
    name.to_lowercase()
}

/// The name itself if it is free, or else the first free one of `Ana 2`, `Ana 3` and so on.
pub fn first_free(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut candidate = name.to_string();
    let mut number = 2;
    while is_taken(&key(&candidate)) {
        let suffix = format!(" {number}");
        let end = name.char_indices().nth(NAME_MAX - suffix.len()).map_or(name.len(), |(at, _)| at);
        candidate = [name[..end].trim_end(), &suffix].concat();
        number += 1;
    }
    candidate
}

/// A friendly name, such as `Quiet Heron`.
pub fn random() -> String {
    const MOODS: &str = "Amber Brave Bright Calm Cheerful Clever Cosy Curious Daring Eager Early Gentle \
        Golden Happy Honest Jolly Kind Lively Lucky Mellow Merry Mild Misty Nimble Patient Polite Quick \
        Quiet Silver Sunny Swift Witty";
    const BIRDS: &str = "Avocet Bittern Bluetit Bunting Crane Curlew Dipper Dove Dunlin Egret Falcon \
        Finch Goldcrest Grebe Heron Hoopoe Jay Kestrel Lapwing Lark Magpie Martin Osprey Owl Plover \
        Puffin Raven Robin Siskin Sparrow Swallow Wren";
    let random = unguessable().into_bytes();
    let pick = |words: &'static str, random: &[u8]| {
        let number: usize = random.iter().map(|byte| usize::from(*byte)).sum();
        words.split(' ').nth(number % 32).unwrap_or_default() // there are 32 words
    };
    format!("{} {}", pick(MOODS, &random[..4]), pick(BIRDS, &random[4..8]))
}
