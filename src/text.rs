//! Text from other people: made safe to show, where it has control characters or invisible ones; and numbers.

pub mod columns; // what a person calls a character, and its columns in a terminal

use std::iter;
use std::str::{Chars, FromStr};

/// The same text with every control character, and every invisible character that is not needed where it
/// stands, written as an escape, such as `\u{1b}`. Text that a client sent cannot repaint the operator's
/// terminal or forge a line of the log with it.
pub fn visible(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for (c, is_hidden) in characters(text) {
        if is_hidden {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// The same for a text of several lines: line breaks stay, and a tab becomes blanks.
pub fn visible_lines(text: &str) -> String {
    let lines = text.split('\n').map(|line| visible(&line.replace('\t', "    ")));
    lines.collect::<Vec<_>>().join("\n")
}

/// A number in decimal digits and nothing else. (`parse` alone would take a plus sign as well.)
pub fn number<N: FromStr>(digits: &str) -> Option<N> {
    digits.parse().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))
}

/// The characters of a text, and whether each has to be made visible: it is a control character, or
/// invisible and not needed where it stands.
pub fn characters(text: &str) -> impl Iterator<Item = (char, bool)> {
    let (mut chars, mut before) = (text.chars(), '\0');
    iter::from_fn(move || {
        let c = chars.next()?;
        let is_hidden = c.is_control() || is_invisible(c) && !is_needed(before, c, chars.clone());
        before = if is_hidden { '\0' } else { c };
        Some((c, is_hidden))
    })
}

/// Whether `c` shows nothing, makes two names look the same, or turns the direction of the text around
/// it: Unicode's default-ignorable and bidirectional characters, letters that look like a blank, and
/// U+FFFD, the replacement for what was not text.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{FFFD}' | '\u{13430}'..='\u{1343F}'
        | '\u{16FE4}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D159}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether `c` is one of the invisible characters that some words and emoji need: a joiner, a variation
/// selector, or a tag.
pub fn is_joiner_or_selector(c: char) -> bool {
    matches!(c, '\u{180B}'..='\u{180D}' | '\u{180F}' | '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{E0020}'..='\u{E007F}' | '\u{E0100}'..='\u{E01EF}')
}

/// Whether an invisible character changes what is shown, between `before` and what comes `after`.
fn is_needed(before: char, c: char, mut after: Chars) -> bool {
    const TAGS_END: char = '\u{E007F}';
    let is_tag = |c| ('\u{E0020}'..TAGS_END).contains(&c);
    let next = after.clone().next().unwrap_or('\0');
    // Scripts whose letters change their form when they are joined: Arabic and its relatives.
    let is_cursive = |c| {
        let is_in_script = matches!(c, '\u{600}'..='\u{8FF}' | '\u{1800}'..='\u{18AF}' | '\u{FB50}'..='\u{FDFF}'
            | '\u{FE70}'..='\u{FEFE}' | '\u{10D00}'..='\u{10D3F}' | '\u{1E900}'..='\u{1E95F}');
        is_in_script && !is_invisible(c)
    };
    let is_symbol = |c| !is_invisible(c) && matches!(c, '\u{2190}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FAFF}');
    match c {
        // RFC 5892, A.1, but any letters of those scripts, where it names the forms of each letter.
        '\u{200C}' => is_virama(before) || is_cursive(before) && is_cursive(next),
        // RFC 5892, A.2. Before a virama too, as Bengali and Kannada need it (র‍্য); and inside emoji.
        '\u{200D}' if is_symbol(next) => is_symbol(before) || before == '\u{FE0F}' || is_virama(before),
        '\u{200D}' => is_virama(before) || is_virama(next),
        // The flags of England, Scotland and Wales: a black flag, tags, and their end.
        TAGS_END => is_tag(before),
        c if is_tag(c) => (before == '🏴' || is_tag(before)) && after.find(|c| !is_tag(*c)) == Some(TAGS_END),
        c if !is_joiner_or_selector(c) => false,
        // A variation selector chooses between forms of a symbol, a digit, or a letter of Asia.
        _ if before <= '\u{A8}' => "#*0123456789".contains(before),
        _ if before < '\u{1000}' && before.is_alphabetic() => false,
        _ => !is_invisible(before) && !before.is_whitespace(),
    }
}

/// Whether `c` is a virama, which takes the vowel from a letter in the scripts of South Asia and asks to
/// join it with the next one.
fn is_virama(c: char) -> bool {
    "\u{94D}\u{9CD}\u{A4D}\u{ACD}\u{B4D}\u{BCD}\u{C4D}\u{CCD}\u{D3B}\u{D3C}\u{D4D}\u{DCA}\u{F84}\
         \u{1039}\u{103A}\u{17D2}\u{1A60}\u{1B44}\u{1BAA}\u{1BAB}\u{A806}\u{A8C4}\u{A953}\u{A9C0}\u{AAF6}\u{ABED}\
         \u{11046}\u{110B9}\u{11133}\u{11134}"
        .contains(c)
}

/// Whether `c` is a combining mark, which is drawn on the character before it. std does not export Unicode's
/// Grapheme_Extend; but its `escape_debug` escapes such a character where it begins a text, and nowhere else.
pub fn is_mark(c: char) -> bool {
    c >= '\u{300}' && c.escape_debug().len() > 1 && format!("_{c}").escape_debug().count() == 2
}
