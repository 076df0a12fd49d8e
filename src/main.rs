//! Partyline, from its start to its end. `server.rs` comes next.

use std::io::{self, Write};
use std::{env, ffi::OsString, process::ExitCode};

use partyline::server::Server;
use partyline::settings::{self, Settings};
use partyline::{logging, terminal, text::visible};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        return print(&settings::help());
    }
    if arguments.iter().any(|argument| argument == "--version") {
        return print(concat!("partyline ", env!("CARGO_PKG_VERSION")));
    }
    // 1. Read the settings, from the command line and the environment.
    let settings = match Settings::read(arguments, env::vars_os()) {
        Ok(settings) => settings,
        Err(why) => return fail(&why),
    };
    // 2. Start the log.
    logging::start(settings.log);
    // 3. Listen. Clients that connect now wait until step 5.
    let server = match Server::bind(settings) {
        Ok(server) => server,
        Err(why) => return fail(&why),
    };
    // 4. Start the thread that prints the addresses to open and runs the operator's commands.
    terminal::start(server.clone());
    // 5. Accept connections, a thread for each, until the operator types `quit`.
    server.run()
}

fn print(text: &str) -> ExitCode {
    terminal::print(text);
    ExitCode::SUCCESS
}

fn fail(why: &str) -> ExitCode {
    // Where standard error is closed or full, `eprintln!` would panic.
    let _ = writeln!(io::stderr(), "partyline: {}", visible(why));
    ExitCode::FAILURE
}
