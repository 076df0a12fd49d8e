//! Makes the [`Server`] from the settings: opens the pages and the history file, and listens.

use std::sync::Arc;

use super::{Connections, IdleThreads, Server};
use crate::{broadcast::Broadcast, chat::room::Room, http::files::Files, interfaces};
use crate::{settings::Settings, tcp, websocket::memory::Budget};

/// The most connections, whatever the settings say. A thread takes up to four of the 65,530 memory
/// maps that Linux gives a process, and std panics in a thread that gets none. This leaves room for
/// unfinished requests and catch-up threads.
pub const CONNECTIONS_MAX: usize = 14_000;

impl Server {
    /// Opens the folder with the pages and the history file, and listens on the port of the settings,
    /// on every address of this machine.
    /// Errors: a sentence for the person who started the program.
    pub fn bind(mut settings: Settings) -> Result<Arc<Server>, String> {
        let www = &settings.www;
        let files = Files::new(www).map_err(|error| {
            let www = www.display();
            format!(
                "the folder with the pages, {www}, cannot be opened ({error}): start in the \
                     project's folder, or say where it is with --www DIR"
            )
        })?;
        let listeners = tcp::listen(settings.port)?;
        settings.hosts.add_machine_name(&interfaces::machine_name());
        let room = Room::new(settings.text, settings.keep, settings.data.as_deref())?;
        if let Some(data) = &settings.data
            && files.servable(&data.join("messages.jsonl")).is_some()
        {
            return Err("with --data in the folder of --www, everyone could read private messages at \
                        /…/messages.jsonl: choose another folder"
                .to_string());
        }
        settings.connections = settings.connections.min(CONNECTIONS_MAX);
        Ok(Arc::new(Server {
            listeners,
            files,
            budget: Arc::new(Budget::new(settings.pending)),
            echo_budget: Arc::new(Budget::new(settings.pending)),
            broadcast: Broadcast::default(),
            room,
            wires: Arc::default(),
            connections: Arc::new(Connections::new(
                settings.connections,
                settings.unfinished,
                settings.per_address,
            )),
            idle_threads: IdleThreads::default(),
            settings,
        }))
    }

    /// The settings, with the limits that hold.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The port that the server listens on, even if the settings left the choice to the system.
    pub fn port(&self) -> u16 {
        let address = self.listeners.first().and_then(|listener| listener.local_addr().ok());
        address.map_or(self.settings.port, |address| address.port())
    }
}
