//! Tokens: the secret with which a client comes back as the same member. The server keeps only a hash of
//! each, so a thief of the history file or of a memory dump cannot come back as a member.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::{history_file::Record, names::Person};
use crate::secret::sha1_base64;

/// How many tokens are kept; beyond it the oldest are forgotten, except those of members.
const TOKENS_MAX: usize = 10_000;
/// How many of the oldest are looked at when one is added: at most half of them are in use, so that more
/// are forgotten than added, and no member that joins waits for a walk through all of them.
const LOOKED_AT: usize = 8;

pub fn hash(token: &str) -> Arc<str> {
    sha1_base64(token).into()
}

/// Every token's owner, by the hash of the token.
#[derive(Default)]
pub struct Tokens {
    owners: HashMap<Arc<str>, Owner>,
    /// May contain hashes that are forgotten already.
    oldest_first: VecDeque<Arc<str>>,
}

struct Owner {
    person: Person,
    /// The member has received all its messages up to this id.
    received: u64,
}

impl Tokens {
    /// The member whose token has this hash.
    pub fn owner(&self, hash: &str) -> Option<Person> {
        self.owners.get(hash).map(|owner| owner.person.clone())
    }

    /// Remembers the owner of a token, under its name of today. Returns what the history file does not
    /// know yet.
    pub fn remember(&mut self, hash: &Arc<str>, person: &Person) -> Option<Record> {
        match self.owners.get_mut(hash) {
            Some(owner) if owner.person == *person => return None,
            Some(owner) => owner.person = person.clone(),
            None => {
                let owner = Owner { person: person.clone(), received: 0 };
                self.owners.insert(Arc::clone(hash), owner);
                self.oldest_first.push_back(Arc::clone(hash));
            }
        }
        Some(Record::Member(person.clone(), Arc::clone(hash)))
    }

    /// Makes a token useless.
    pub fn forget(&mut self, hash: &str) {
        self.owners.remove(hash);
    }

    /// The owner has received all its messages up to this id. Returns the id up to which it had before.
    pub fn set_received(&mut self, hash: &str, id: u64) -> Option<u64> {
        let owner = self.owners.get_mut(hash)?;
        let before = owner.received;
        owner.received = before.max(id);
        Some(before)
    }

    /// Forgets the oldest tokens beyond the limit, except those with which the `members` are here.
    pub fn evict_oldest(&mut self, members: usize, is_in_use: impl Fn(u64, &Arc<str>) -> bool) {
        for _ in 0..LOOKED_AT {
            if self.oldest_first.len() <= TOKENS_MAX.max(2 * members) {
                return;
            }
            let Some(oldest) = self.oldest_first.pop_front() else { return };
            if self.owners.get(&oldest).is_some_and(|owner| is_in_use(owner.person.id, &oldest)) {
                self.oldest_first.push_back(oldest);
            } else {
                self.owners.remove(&oldest);
            }
        }
    }
}
