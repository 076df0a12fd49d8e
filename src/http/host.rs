//! The check that `Host` names this server (RFC 6455, 4.2.1, item 2). Every request passes it, those
//! for files too.
//!
//! It stops *DNS rebinding*: a page of `evil.example`, a name that suddenly resolves to this machine,
//! still sends `Host: evil.example`.

use super::{Request, Response};

/// The names of this server. IP addresses and `localhost` are names of every server.
#[derive(Debug, Clone, Default)]
pub struct HostNames {
    /// In lower case: those of `--host`, and the machine's own.
    pub names: Vec<String>,
}

impl HostNames {
    /// Checks that the request's Host is an IP address, `localhost` or a name below it, or one of the
    /// names. A client that speaks HTTP/1.0 may send no Host.
    /// Errors: 421 Misdirected Request (RFC 9110, 15.5.20).
    pub fn check(&self, request: &Request) -> Result<(), Response> {
        let Some(host) = &request.host else { return Ok(()) };
        let name = &host.host;
        if host.is_address || host.is_loopback() || self.names.contains(name) {
            return Ok(());
        }
        let why = format!(
            "Host is {name}, and that is not a name of this server. Use its address, \
             or start it with --host {name}"
        );
        Err(Response::refusal(421, why))
    }

    /// Adds the names under which phones and laptops find this machine in a local network: `name`,
    /// its first part, and that with `.local`.
    pub fn add_machine_name(&mut self, name: &str) {
        let name = name.trim().to_ascii_lowercase();
        if let Some(short) = name.split('.').next().filter(|short| !short.is_empty()) {
            self.names.extend([short.to_string(), format!("{short}.local"), name.clone()]);
            self.names.sort();
            self.names.dedup();
        }
    }
}
