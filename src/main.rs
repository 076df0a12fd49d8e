//! Partyline, from the first line to the last.

use std::env;
use std::process::ExitCode;

use partyline::server::Server;
use partyline::settings::{HELP, Settings};
use partyline::{journal, operator};

fn main() -> ExitCode {
    let arguments = env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    let arguments: Vec<String> = arguments.collect();
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        return say(HELP);
    }
    if arguments.iter().any(|argument| argument == "--version") {
        return say(concat!("partyline ", env!("CARGO_PKG_VERSION")));
    }
    // 1. What was asked for, on the command line and in the environment.
    let settings = match Settings::read(arguments, |name| env::var(name).ok()) {
        Ok(settings) => settings,
        Err(why) => return fail(&why),
    };
    // 2. From here on there is a log.
    journal::start(settings.log);
    // 3. Listen: whoever connects now waits until step 6.
    let server = match Server::bind(settings) {
        Ok(server) => server,
        Err(why) => return fail(&why),
    };
    // 4. Tell people where.
    operator::print_addresses(server.port());
    // 5. Obey whoever sits at the terminal.
    operator::start(server.clone());
    // 6. Accept connections, a thread for each, until somebody says `quit`.
    server.run()
}

fn say(text: &str) -> ExitCode {
    operator::say(text);
    ExitCode::SUCCESS
}

fn fail(why: &str) -> ExitCode {
    eprintln!("partyline: {why}");
    ExitCode::FAILURE
}
