//! Another name for a member, and which names are free.
//!
//! The new name holds at once, so that what the member says next has it, and is taken back if its round cannot
//! write it. Until then no other member may have either name.

use std::{mem::replace, sync::Arc};

use super::{Member, Members};
use crate::chat::history_file::Rename;
use crate::chat::names::{self, Person};
use crate::chat::{protocol::Problem, round::Event};

impl Members {
    /// Gives a member another name. Its round calls `end_rename`.
    /// Errors: `name-taken`, with a name that is free.
    pub fn rename(
        &mut self, person: &Person, name: &str, reference: Option<Arc<str>>,
    ) -> Result<Option<Box<Rename>>, Problem> {
        let key = names::key(name);
        let is_reserved = names::is_reserved(&key);
        if is_reserved || self.ids.get(&key).is_some_and(|owner| *owner != person.id) {
            let (free, _) = self.first_free(name);
            let why = if is_reserved { "looks like a name of the chat's own" } else { "is taken" };
            return Err(Problem::new("name-taken", format!("{name} {why}; {free} is free")));
        }
        let Some(member) = self.by_id.get_mut(&person.id) else { return Ok(None) };
        self.ids.insert(key, person.id);
        let was = replace(&mut member.name, name.into());
        let (person, token) =
            (Person { id: person.id, name: Arc::clone(&member.name) }, member.token.clone());
        self.tokens.remember(&token, &person);
        let notice = match self.presence.notice("renamed", &person, Some(("was", &was))) {
            Some(Event::Notice { frame, .. }) => frame,
            _ => Vec::new(),
        };
        Ok(Some(Box::new(Rename { person, token, reference, notice, arrivals: self.arrivals })))
    }

    /// The new name is in the file; the former one is free now. Or it is not, and the member has its former
    /// name again: no other member has heard the new one, except a client that joined meanwhile, for which
    /// all get the notice that is returned.
    pub fn end_rename(&mut self, rename: &Rename, is_kept: bool) -> Option<Event> {
        let Rename { person: Person { id, name }, token, .. } = rename;
        let mut was = Arc::clone(name);
        let mut notice = None;
        if let Some(member) = self.by_id.get_mut(id).filter(|member| member.token == *token) {
            if is_kept {
                was = replace(&mut member.saved_name, was);
            } else if Arc::ptr_eq(&member.name, name) {
                member.name = Arc::clone(&member.saved_name);
                let person = Person { id: *id, name: Arc::clone(&member.name) };
                self.tokens.remember(token, &person);
                if self.arrivals > rename.arrivals {
                    notice = self.presence.notice("renamed", &person, Some(("was", name)));
                }
            }
        }
        self.free_name(*id, &was);
        notice
    }

    /// Other members may have this name of a member, unless the member has it still.
    pub(super) fn free_name(&mut self, id: u64, name: &str) {
        let key = names::key(name);
        let member = self.by_id.get(&id);
        let has_it =
            |member: &Member| [&member.name, &member.saved_name].iter().any(|it| names::key(it) == key);
        if self.ids.get(&key) == Some(&id) && !member.is_some_and(has_it) {
            self.ids.remove(&key);
        }
    }

    /// A name like this that no member has, and its key.
    #[inline(never)] // *Speed*: keeps its variables off the stacks of `Room::join` and `add`.
    pub fn first_free(&self, name: &str) -> (String, String) {
        names::first_free(name, |key| self.ids.contains_key(key))
    }
}
