//! Whom a token belongs to: with it somebody is the same member again.
//!
//! Only a hash of each token is kept, so that whatever else comes to hold this list, a file or a dump,
//! opens nobody's door.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::names::Person;
use crate::secret::{sha1_base64, unguessable};

/// How many tokens are remembered; beyond it the oldest are forgotten, of those who are not here.
pub const TOKENS_MAX: usize = 10_000;

/// A token: a text that nobody can guess.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Token(String);

impl Token {
    /// A new one, without the characters that mean something in a query.
    pub fn random() -> Token {
        Token(unguessable().replace('+', "-").replace('/', "_").replace('=', ""))
    }

    /// What a client says is its token.
    pub fn from_client(text: String) -> Token {
        Token(text)
    }

    /// The text to give to the client.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// SHA-1, the hash at hand: it also makes the accept value of the handshake.
    pub fn hash(&self) -> Arc<str> {
        sha1_base64(&self.0).into()
    }
}

/// Whose it is.
struct Owner {
    who: Person,
    /// Up to this id everything has arrived.
    received: u64,
}

/// The owners, by the hash of their token.
#[derive(Default)]
pub struct Tokens {
    owners: HashMap<Arc<str>, Owner>,
    oldest_first: VecDeque<Arc<str>>,
}

impl Tokens {
    /// Whose token has this hash.
    pub fn owner(&self, hash: &str) -> Option<Person> {
        self.owners.get(hash).map(|owner| owner.who.clone())
    }

    /// Remembers a token, or under which name its owner goes now. Returns whether that is new.
    pub fn remember(&mut self, hash: &Arc<str>, who: Person) -> bool {
        if let Some(owner) = self.owners.get_mut(hash) {
            let is_new = owner.who != who;
            owner.who = who;
            return is_new;
        }
        self.owners.insert(Arc::clone(hash), Owner { who, received: 0 });
        self.oldest_first.push_back(Arc::clone(hash));
        true
    }

    /// Nobody can come back with it any more.
    pub fn forget(&mut self, hash: &str) {
        self.owners.remove(hash);
    }

    /// The owner has everything up to this id. Returns up to which id that had been so before.
    pub fn has_received(&mut self, hash: &str, id: u64) -> Option<u64> {
        let owner = self.owners.get_mut(hash)?;
        let before = owner.received;
        owner.received = before.max(id);
        Some(before)
    }

    /// Forgets the oldest of those that are too many. `here` says who is here, and is not forgotten.
    pub fn forget_oldest(&mut self, members: usize, here: impl Fn(u64) -> bool) {
        // At least half of so many are not here, so the loop ends.
        while self.oldest_first.len() > TOKENS_MAX.max(2 * members) {
            let Some(oldest) = self.oldest_first.pop_front() else { return };
            if self.owners.get(&oldest).is_some_and(|owner| here(owner.who.id)) {
                self.oldest_first.push_back(oldest);
            } else {
                self.owners.remove(&oldest);
            }
        }
    }
}
