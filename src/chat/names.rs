//! Nicknames: who goes by one, which are possible, and one for whoever brings none.

use std::sync::Arc;

use crate::secret::unguessable;
use crate::text::is_invisible;

/// Somebody, under the name of that moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// Never given to anybody else.
    pub id: u64,
    /// May be somebody else's tomorrow. Shared by what is said under it, and not copied.
    pub name: Arc<str>,
}

/// The longest name, in characters.
pub const NAME_MAX: usize = 32;

/// What the operator of the server is called; nobody else is.
pub const OPERATOR: &str = "operator";

/// The name as it will be shown: white space around it removed and inside it made one blank.
///
/// # Errors
/// A sentence for the person who wants the name.
pub fn check(name: &str) -> Result<String, String> {
    // `split_whitespace` also takes line ends, which are control characters, for white space.
    if name.trim().chars().any(|c| c.is_control() || is_invisible(c)) {
        return Err("a name cannot have characters that nobody can see".to_string());
    }
    let name = one_blank(name);
    match name.chars().count() {
        0 => Err("a name needs at least one character".to_string()),
        1..=NAME_MAX => Ok(name),
        count => Err(format!("a name has at most {NAME_MAX} characters; this one has {count}")),
    }
}

/// White space around it removed, and inside it made one blank: browsers show no more than that.
pub fn one_blank(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What names are compared by: `ANA` is `ana`.
pub fn key(name: &str) -> String {
    name.to_lowercase()
}

/// The name itself if it is free, or else the first free one of `Ana 2`, `Ana 3` and so on.
pub fn free_one(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let numbered = |number: u64| {
        let suffix = format!(" {number}");
        let room = NAME_MAX - suffix.chars().count();
        let base: String = name.chars().take(room).collect();
        base.trim_end().to_string() + &suffix
    };
    let mut candidates = std::iter::once(name.to_string()).chain((2..).map(numbered));
    candidates.find(|candidate| !is_taken(&key(candidate))).unwrap_or_default()
}

/// A friendly name for somebody who has not chosen one.
pub fn random() -> String {
    #[rustfmt::skip]
    const MOODS: [&str; 32] = [
        "Amber", "Brave", "Bright", "Calm", "Cheerful", "Clever", "Cosy", "Curious", "Daring",
        "Eager", "Early", "Gentle", "Golden", "Happy", "Honest", "Jolly", "Kind", "Lively",
        "Lucky", "Mellow", "Merry", "Mild", "Misty", "Nimble", "Patient", "Polite", "Quick",
        "Quiet", "Silver", "Sunny", "Swift", "Witty",
    ];
    #[rustfmt::skip]
    const BIRDS: [&str; 32] = [
        "Avocet", "Bittern", "Bluetit", "Bunting", "Crane", "Curlew", "Dipper", "Dove", "Dunlin",
        "Egret", "Falcon", "Finch", "Goldcrest", "Grebe", "Heron", "Hoopoe", "Jay", "Kestrel",
        "Lapwing", "Lark", "Magpie", "Martin", "Osprey", "Owl", "Plover", "Puffin", "Raven",
        "Robin", "Siskin", "Sparrow", "Swallow", "Wren",
    ];
    let random = unguessable().into_bytes();
    let pick = |from: usize| random[from..from + 4].iter().map(|b| usize::from(*b)).sum::<usize>();
    format!("{} {}", MOODS[pick(0) % MOODS.len()], BIRDS[pick(4) % BIRDS.len()])
}
