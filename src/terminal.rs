//! The server's terminal: the addresses printed at the start, and the commands typed there. The person at
//! this terminal is the operator; there is no other authorization.

use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::net::SocketAddr; // shows IPv6 in brackets
use std::{path, process, sync::Arc, thread, time::Duration};

use crate::chat::names::Person;
use crate::interfaces::{self, Address};
use crate::{qr::Qr, server::Server, share::to_half_blocks, text::visible, text::visible_lines, tty};

/// The most bytes of a line.
const LINE_MAX: u64 = 64 * 1024;
/// The error of reading the terminal in the background, on every Unix.
const EIO: i32 = 5;
/// How long after such an error the terminal is read again.
const RETRY: Duration = Duration::from_secs(1);

/// How many lines are printed behind the QR code, the one of the cursor among them.
const LINES_AFTER_CODE: usize = 5;

const HELP: &str = "\
who         list the members of the chat
say TEXT    say something in the chat, as the operator
kick NAME   throw a member out of the chat; or kick #12, with the number that who lists
mute NAME   let a member write to the operator only, until unmute NAME; mute all, unmute all
pin TEXT    show a text above the chat, until unpin
quit        close every connection and stop
help        print this list";

/// Starts the thread of the terminal: it prints the addresses, then runs the commands typed there. If
/// the terminal stops (Ctrl-S, `| less`), only this thread waits.
pub fn start(server: Arc<Server>) {
    let run = move || {
        print_addresses(&server);
        print_code(&server);
        print_terms(&server);
        print("Type help for the commands, quit to stop.");
        let messages = server.room.messages_to_operator();
        thread::scope(|scope| {
            let print_all = move || messages.iter().for_each(|it| print_message(&it.from.name, &it.text));
            let _ = thread::Builder::new().spawn_scoped(scope, print_all);
            read_commands(&server);
        });
    };
    if let Err(error) = thread::Builder::new().name("operator".to_string()).spawn(run) {
        log::warn!("no commands can be typed here: {error}");
    }
}

/// Prints the addresses of the server, the one for classmates first.
fn print_addresses(server: &Server) {
    let port = server.share.port;
    let addresses = server.share.addresses();
    let mut text = String::from("Partyline is up. Open it in a browser:\n");
    for Address { ip, is_vpn } in &addresses {
        let from = if *is_vpn { "the same VPN" } else { "this network" };
        text += &format!("  http://{}    from {from}\n", SocketAddr::new(*ip, port));
    }
    text += &format!("  http://localhost:{port}    on this machine");
    if addresses.is_empty() {
        text += "\nThis machine seems to be in no network. If it is, its address stands in the output \
                 of\n`ip address` (Linux), `ifconfig` (macOS) or `ipconfig` (Windows).";
    }
    print(&text);
    for name in interfaces::names_of(&addresses, &server.settings().hosts.names) {
        print(&format!("  http://{name}:{port}    where this name is known"));
    }
}

/// Prints the first address as a QR code, if this is a terminal with room for it and for what comes after it.
fn print_code(server: &Server) {
    let Some((lines, columns)) = tty::known_size().filter(|_| !server.settings().no_qr) else { return };
    let Some(code) = server.share.first_url().and_then(|url| Qr::new(&url)) else { return };
    let (code, width) = to_half_blocks(&code);
    if code.len() + LINES_AFTER_CODE <= lines && width <= columns {
        print(&code.join("\n"));
    }
}

/// Prints what clients find here: whether the chat is closed, whether it is kept, how many may come.
fn print_terms(server: &Server) {
    let settings = server.settings();
    print(match settings.passphrase {
        Some(_) => "Passphrase: needed to join the chat.",
        None => "Passphrase: none. Everyone who opens an address can join the chat.",
    });
    match &settings.data {
        Some(folder) => {
            let folder = path::absolute(folder).unwrap_or_else(|_| folder.clone());
            print(&format!("History: {}", visible(&folder.to_string_lossy())));
        }
        None => print("History: in memory. It ends with this process."),
    }
    let limit = |limit: usize| if limit == usize::MAX { "no limit".to_string() } else { limit.to_string() };
    let [connections, per_address] = [settings.connections, settings.per_address].map(limit);
    print(&format!("Connections: {connections} at once, {per_address} of one address."));
}

/// Runs the commands that are typed. The end of the input does not stop the server: it may have been
/// started without a terminal.
fn read_commands(server: &Server) {
    let mut line = Vec::new();
    let mut is_said = false;
    loop {
        match io::stdin().lock().take(LINE_MAX).read_until(b'\n', &mut line) {
            Ok(0) => return,
            Ok(_) if line.len() as u64 >= LINE_MAX => {
                return log::warn!("no commands can be typed any more: a line had {LINE_MAX} bytes");
            }
            Ok(_) => {
                run_command(server, &String::from_utf8_lossy(&line));
                line.clear();
            }
            // A program in the background may not read the terminal. It may again after `fg`.
            Err(error) if error.raw_os_error() == Some(EIO) || error.kind() == ErrorKind::WouldBlock => {
                if !is_said {
                    log::warn!("no commands can be typed while the server is in the background ({error})");
                }
                is_said = true;
                thread::sleep(RETRY);
            }
            Err(error) => return log::warn!("no commands can be typed: {error}"),
        }
    }
}

fn run_command(server: &Server, line: &str) {
    let (command, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
    match (command, rest.trim()) {
        ("quit", "") => {
            server.stop();
            log::logger().flush();
            process::exit(0);
        }
        ("who", "") => who(server),
        ("say", text) if !text.is_empty() => {
            if let Err(why) = server.room.say_as_operator(text) {
                print(&format!("this was not said: {why}"));
            }
        }
        ("kick", name) if !name.is_empty() => kick(server, name),
        ("mute" | "unmute", name) if !name.is_empty() => mute(server, command, name),
        ("pin", text) if !text.is_empty() => match server.room.pin(text) {
            Ok(()) => print("pinned, until unpin"),
            Err(why) => print(&format!("this was not pinned: {why}")),
        },
        ("unpin", "") => server.room.pin("").unwrap_or_default(),
        ("kick" | "say" | "mute" | "unmute" | "pin", "") => {
            print(&format!("{command} whom, or what? See help"))
        }
        ("help", "") => print(HELP),
        ("", _) => {}
        _ => print(&format!("{} is no command here; help lists them", visible(line.trim()))),
    }
}

/// Lists the members of the chat, each with its number for `kick`.
fn who(server: &Server) {
    let (listed, count) = server.room.list_members();
    let note = |is_so: &bool, note| if *is_so { note } else { "" };
    for (Person { id, name }, is_away, is_muted) in &listed {
        let (away, muted) = (note(is_away, " (away)"), note(is_muted, " (muted)"));
        print(&format!("#{id}  {}{away}{muted}", visible(name)));
    }
    print(&format!("{count} in the chat"));
}

/// Throws a member out of the chat.
fn kick(server: &Server, typed: &str) {
    let Some((person, shown)) = find_member(server, "kick", typed) else { return };
    print(&match server.room.kick(person.id) {
        true => format!("{shown} was thrown out, and can only come back as a new member"),
        false => format!("{shown} has just left"),
    });
}

/// Mutes a member, or all, or lets them speak again.
fn mute(server: &Server, command: &str, typed: &str) {
    let (member, shown) = match typed {
        "all" => (None, "everyone, newcomers too,".to_string()),
        _ => match find_member(server, command, typed) {
            Some((person, shown)) => (Some(person.id), shown),
            None => return,
        },
    };
    let is_muted = command == "mute";
    server.room.mute(member, is_muted);
    print(&format!("{shown} {}", if is_muted { "can write to the operator only" } else { "can speak" }));
}

/// The member with this name, or with this number behind a `#`, and how to show it. If there is none, or there
/// are two, prints that.
fn find_member(server: &Server, command: &str, typed: &str) -> Option<(Person, String)> {
    let shown = visible(typed);
    let mut found = server.room.find_members(typed);
    let numbered = |person: &Person| format!("#{} {}", person.id, visible(&person.name));
    match &found[..] {
        [person] => {
            let shown = if typed.starts_with('#') { numbered(person) } else { shown };
            return found.pop().map(|person| (person, shown));
        }
        [one, other, ..] => {
            let (one, other) = (numbered(one), numbered(other));
            print(&format!("{shown} fits two members, {one} and {other}: {command} one by its number"));
        }
        [] => print(&format!("no member of the chat is called {shown}; who lists them")),
    }
    None
}

/// Prints what a member writes to the operator. Its lines but the first are indented, so that none of them looks
/// like a line of the server's own.
fn print_message(name: &str, text: &str) {
    let (name, text) = (visible(name), visible_lines(text));
    print(&format!("{name} to the operator: {}", text.replace('\n', "\n    ")));
}

/// Prints a line. If standard output is closed it does nothing, where `println!` would panic.
pub fn print(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}
