//! What a person calls a character, and how many columns a terminal gives it: small parts of Unicode's
//! annexes 29 (clusters) and 11 (widths), for the chat in a terminal.

use super::{is_joiner_or_selector, is_mark};

/// Splits a text into what a person calls characters: with their combining marks, flags in pairs, emoji
/// with what is joined to them. (A small part of Unicode's UAX 29.)
pub fn clusters(text: &str) -> Vec<&str> {
    let (mut starts, mut flags, mut last) = (Vec::new(), 0, '\n');
    for (at, c) in text.char_indices() {
        flags = if ('\u{1F1E6}'..='\u{1F1FF}').contains(&c) { flags + 1 } else { 0 };
        let joins = extends(c) || last == '\u{200D}' || (flags > 0 && flags % 2 == 0);
        if !joins || last == '\n' || c == '\n' {
            starts.push(at);
        }
        last = c;
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).map(|(start, end)| &text[*start..end]).collect()
}

/// How many columns terminals give this text at most: some draw joined emoji as one, some do not.
pub fn columns(text: &str) -> usize {
    let width = |c| if is_wide(c) { 2 } else { usize::from(c == '\u{FE0F}' || !extends(c)) };
    text.chars().map(width).sum()
}

/// Breaks a text into rows that fit into the window; all but the first are indented. The last column stays
/// free, because terminals differ in where the cursor is behind it.
pub fn wrap(text: &str, window: usize, indent: usize, between_words: bool) -> Vec<String> {
    let (mut rows, mut row, mut width) = (Vec::new(), String::new(), 0);
    for cluster in clusters(text) {
        let more = columns(cluster);
        if cluster == "\n" || (width + more >= window && width > indent) {
            let word = row.rfind(' ').filter(|at| between_words && cluster != "\n" && *at > row.len() / 2);
            let rest = word.map(|at| row.split_off(at + 1)).unwrap_or_default();
            rows.push(row);
            width = indent + columns(&rest);
            row = " ".repeat(indent) + &rest;
        }
        if cluster != "\n" {
            row.push_str(cluster);
            width += more;
        }
    }
    rows.push(row);
    rows
}

/// Whether `c` belongs to the character before it.
pub fn extends(c: char) -> bool {
    is_mark(c) || is_joiner_or_selector(c) || matches!(c, '\u{1160}'..='\u{11FF}' | '\u{1F3FB}'..='\u{1F3FF}')
}

/// Two columns: Unicode's East_Asian_Width W and F, and a few narrow pictures among them.
fn is_wide(c: char) -> bool {
    matches!(u32::from(c), 0x1100..=0x115F | 0x231A..=0x231B | 0x2329..=0x232A | 0x23E9..=0x23F3
        | 0x25FD..=0x25FE | 0x2614..=0x2615 | 0x2648..=0x2653 | 0x267F | 0x2693 | 0x26A1 | 0x26AA..=0x26AB
        | 0x26BD..=0x26BE | 0x26C4..=0x26C5 | 0x26CE | 0x26D4 | 0x26EA | 0x26F2..=0x26F5 | 0x26FA | 0x26FD
        | 0x2705 | 0x270A..=0x270B | 0x2728 | 0x274C | 0x274E | 0x2753..=0x2757 | 0x2795..=0x2797 | 0x27B0
        | 0x27BF | 0x2B1B..=0x2B1C | 0x2B50 | 0x2B55 | 0x2E80..=0xA4CF | 0xA960..=0xA97F | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF | 0xFE10..=0xFE19 | 0xFE30..=0xFE6F | 0xFF01..=0xFF60 | 0xFFE0..=0xFFE6
        | 0x16FE0..=0x1B2FF | 0x1F004 | 0x1F0CF | 0x1F18E | 0x1F191..=0x1F19A | 0x1F1E6..=0x1F64F
        | 0x1F680..=0x1F6FF | 0x1F7E0..=0x1F7F0 | 0x1F900..=0x1FAFF | 0x20000..=0x3FFFD)
}
