//! The routes: the addresses at which a WebSocket is served, and the limits of each.

use std::sync::Arc;

use super::Server;
use crate::chat::room::JoinRequest;
use crate::http::{Request, Response};
use crate::socketio::{self, ClientQuery};
use crate::websocket::{ConnectionLimits, rate_limit::RateLimit};
use crate::{broadcast, chat, echo, wire};

/// Where an upgraded connection goes.
pub enum Route {
    /// `/echo`.
    Echo,
    /// `/broadcast`.
    Broadcast,
    /// `/socket.io/`, with the parameters of its client.
    SocketIo(ClientQuery),
    /// `/chat`, with what the request says about the new member.
    Chat(Box<JoinRequest>),
    /// `/wire`, with the id of the connection to watch.
    Wire(String),
}

impl Route {
    /// The route of a request; `None` if its path is none of them. `/` is a route as well as a page,
    /// because the first WebSocket client of most tutorials connects to no path in particular.
    pub fn of(request: &Request) -> Option<Route> {
        match request.path.as_str() {
            "/echo" => Some(Route::Echo),
            "/broadcast" | "/" => Some(Route::Broadcast),
            "/socket.io/" => Some(Route::SocketIo(ClientQuery::from_request(request))),
            "/chat" => Some(Route::Chat(JoinRequest::from_request(request))),
            "/wire" => Some(Route::Wire(request.parameter("id").unwrap_or_default())),
            _ => None,
        }
    }

    /// Its path, for the log.
    pub fn path(&self) -> &'static str {
        match self {
            Route::Echo => "/echo",
            Route::Broadcast => "/broadcast",
            Route::SocketIo(_) => "/socket.io/",
            Route::Chat(_) => "/chat",
            Route::Wire(_) => "/wire",
        }
    }

    /// The wire id by which a view may watch the connection, if the request has one. A view cannot be
    /// watched.
    /// Errors: 400 if the route is a view and the id of what it wants to watch is none.
    pub fn wire_id(&self, request: &Request) -> Result<Option<String>, Response> {
        match self {
            Route::Wire(id) => wire::check_id(id).map(|()| None),
            _ => Ok(request.parameter("wire").filter(|id| wire::check_id(id).is_ok())),
        }
    }

    /// The limits of a connection on this route.
    pub fn limits(&self, server: &Server) -> ConnectionLimits {
        let settings = &server.settings;
        let message_max = match self {
            Route::Echo => echo::MESSAGE_MAX,
            Route::Broadcast => broadcast::MESSAGE_MAX,
            Route::SocketIo(_) => socketio::MESSAGE_MAX,
            Route::Chat(_) => chat::message_max(settings.text).max(settings.photo),
            Route::Wire(_) => wire::MESSAGE_MAX,
        };
        // No other client reads what is sent to /echo, so it has no rate limit, and a budget of its own.
        let (pace, bytes) = (settings.pace, settings.pace_bytes);
        let (budget, rate_limit) = match self {
            Route::Echo => (&server.echo_budget, RateLimit::unlimited()),
            Route::Chat(_) => (&server.budget, RateLimit::new(pace, bytes).with_binary(bytes)),
            _ => (&server.budget, RateLimit::new(pace, bytes)),
        };
        ConnectionLimits { message_max, budget: Arc::clone(budget), rate_limit }
    }
}
