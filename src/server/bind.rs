//! Makes the [`Server`] from the settings: opens the pages and the history file, and listens.

use std::sync::{Arc, atomic::AtomicU64};

use super::{Connections, Listener, Server};
use crate::chat::{photos::Photos, room::Room};
use crate::{broadcast::Broadcast, http::files::Files, interfaces, share::Share, threads::Threads};
use crate::{settings::Settings, tcp, websocket::memory::Budget};
use crate::{socketio::SocketIo, source::Source};

impl Server {
    /// Opens the folder with the pages and the history file, and listens on the port of the settings,
    /// on every address of this machine.
    /// Errors: a sentence for the person who started the program.
    pub fn bind(settings: Settings) -> Result<Arc<Server>, String> {
        Server::bind_with(settings, Threads::of_this_system())
    }

    /// Like [`Server::bind`], with as many threads as a test wants.
    pub fn bind_with(mut settings: Settings, threads: Threads) -> Result<Arc<Server>, String> {
        let threads = Arc::new(threads);
        let www = &settings.www;
        let files = Files::new(www).map_err(|error| {
            let www = www.display();
            format!(
                "the folder with the pages, {www}, cannot be opened ({error}): start in the \
                     project's folder, or say where it is with --www DIR"
            )
        })?;
        let sockets = tcp::listen(settings.port)?;
        let address = sockets.first().and_then(|socket| socket.local_addr().ok());
        let port = address.map_or(settings.port, |address| address.port());
        let count = sockets.len();
        let listeners = sockets.into_iter().map(|socket| Listener::new(socket, &threads, count)).collect();
        settings.hosts.add_machine_name(&interfaces::machine_name());
        let data = settings.data.as_deref();
        let room = Room::new(settings.text, settings.keep, Photos::new(settings.photo, data), data)?;
        if let Some(data) = &settings.data
            && files.servable(&data.join("messages.jsonl")).is_some()
        {
            return Err("with --data in the folder of --www, everyone could read private messages at \
                        /…/messages.jsonl: choose another folder"
                .to_string());
        }
        settings.connections = settings.connections.min(threads.open_max());
        Ok(Arc::new(Server {
            listeners,
            files,
            source: Source::new(www, settings.no_source),
            budget: Arc::new(Budget::new(settings.pending, &threads)),
            echo_budget: Arc::new(Budget::new(settings.pending, &threads)),
            broadcast: Broadcast::default(),
            socket_io: SocketIo::default(),
            room,
            wires: Arc::default(),
            share: Share::new(port, settings.passphrase.is_some()),
            connections: Arc::new(Connections::new(&settings, &threads)),
            threads,
            last_client: AtomicU64::new(0),
            settings,
        }))
    }

    /// The settings, with the limits that hold.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}
