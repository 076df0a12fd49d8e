//! The server's terminal: the addresses printed at the start, and the commands typed there. The person at
//! this terminal is the operator; there is no other authorization.

use std::io::{self, BufRead, Write};
use std::net::{IpAddr, SocketAddr, UdpSocket}; // a SocketAddr shows IPv6 in brackets
use std::{process, sync::Arc, thread};

use crate::{server::Server, text::visible};

const HELP: &str = "\
who         list the members of the chat
say TEXT    say something in the chat, as the operator
kick NAME   throw a member out of the chat
quit        close every connection and stop
help        print this list";

/// Prints the addresses of the server. The one for classmates comes first.
pub fn print_addresses(port: u16) {
    let mut text = String::from("Partyline is up. Open it in a browser:\n");
    let addresses = own_addresses();
    for address in &addresses {
        text += &format!("  http://{}    from this network\n", SocketAddr::new(*address, port));
    }
    text += &format!("  http://localhost:{port}    on this machine\n");
    if addresses.is_empty() {
        text += "This machine seems to be in no network. If it is, its address stands in the output \
                 of\n`ip address` (Linux), `ifconfig` (macOS) or `ipconfig` (Windows).\n";
    }
    text += "Type help for the commands, quit to stop.";
    print(&text);
}

/// The addresses under which other machines reach this one: those of the default routes.
///
/// std cannot list the network interfaces, and the list would contain Docker's and other virtual ones.
/// But a UDP socket that is connected to a remote address knows which local address it would send
/// from. Connecting sends nothing, and 192.0.2.1 and 2001:db8::1 exist only in documentation (RFC
/// 5737, RFC 3849).
fn own_addresses() -> Vec<IpAddr> {
    let routes = [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")];
    let own_address = |(here, there): (&str, &str)| {
        let socket = UdpSocket::bind(here).ok()?;
        socket.connect(there).ok()?;
        Some(socket.local_addr().ok()?.ip())
    };
    let is_useful = |address: &IpAddr| !address.is_loopback() && !address.is_unspecified();
    routes.into_iter().filter_map(own_address).filter(is_useful).collect()
}

/// Starts the thread that runs the commands typed at the terminal. The end of the input does not stop
/// the server: it may have been started without a terminal.
pub fn start(server: Arc<Server>) {
    let run_commands = move || {
        // `split` and not `lines`, which would end at the first line that is not UTF-8.
        for line in io::stdin().lock().split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            let (command, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
            match (command, rest.trim()) {
                ("quit", "") => {
                    server.stop();
                    log::logger().flush();
                    process::exit(0);
                }
                ("who", "") => who(&server),
                ("say", text) if !text.is_empty() => server.room.say_as_operator(text),
                ("kick", name) if !name.is_empty() => kick(&server, name),
                ("kick" | "say", "") => print(&format!("{command} whom, or what? See help")),
                ("help", "") => print(HELP),
                ("", _) => {}
                _ => print(&format!("{} is no command here; help lists them", visible(&line))),
            }
        }
    };
    if let Err(error) = thread::Builder::new().name("operator".to_string()).spawn(run_commands) {
        log::warn!("no commands can be typed here: {error}");
    }
}

/// Lists the members of the chat.
fn who(server: &Server) {
    let (listed, count) = server.room.list_members();
    for (person, is_away) in &listed {
        print(&format!("{}{}", visible(&person.name), if *is_away { " (away)" } else { "" }));
    }
    print(&format!("{count} in the chat"));
}

/// Throws a member out of the chat.
fn kick(server: &Server, name: &str) {
    let name = visible(name);
    if server.room.kick(&name) {
        print(&format!("{name} was thrown out, and can only come back as a new member"));
    } else {
        print(&format!("no member of the chat is called {name}; who lists them"));
    }
}

/// Prints a line. If standard output is closed it does nothing, where `println!` would panic.
pub fn print(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}
