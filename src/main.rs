//! Partyline, from its start to its end. `server.rs` comes next.

use std::{env, process::ExitCode};

use partyline::server::Server;
use partyline::settings::{self, Settings};
use partyline::{logging, terminal};

fn main() -> ExitCode {
    let arguments = env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    let arguments: Vec<String> = arguments.collect();
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        return print(&settings::help());
    }
    if arguments.iter().any(|argument| argument == "--version") {
        return print(concat!("partyline ", env!("CARGO_PKG_VERSION")));
    }
    // 1. Read the settings, from the command line and the environment.
    let settings = match Settings::read(arguments, |name| env::var(name).ok()) {
        Ok(settings) => settings,
        Err(why) => return fail(&why),
    };
    // 2. Start the log.
    logging::start(settings.log);
    // 3. Listen. Clients that connect now wait until step 6.
    let server = match Server::bind(settings) {
        Ok(server) => server,
        Err(why) => return fail(&why),
    };
    // 4. Print the addresses to open.
    terminal::print_addresses(server.port());
    // 5. Start the thread that runs the operator's commands.
    terminal::start(server.clone());
    // 6. Accept connections, a thread for each, until the operator types `quit`.
    server.run()
}

fn print(text: &str) -> ExitCode {
    terminal::print(text);
    ExitCode::SUCCESS
}

fn fail(why: &str) -> ExitCode {
    eprintln!("partyline: {why}");
    ExitCode::FAILURE
}
