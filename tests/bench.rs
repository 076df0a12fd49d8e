//! The benchmark: what the release server costs, and that it loses nothing under load.
//!
//! `make bench` starts the server, drives real WebSocket clients against it over the loopback
//! interface and prints one table: for each scenario (tests/bench/scenarios.rs) and each door the
//! server's CPU time for one delivery, how many deliveries there were in a second, how long they
//! took, and how many are missing. A run in which one is missing, or comes twice, fails.
//!
//! **Why CPU time?** How long something takes depends on the machine, on what else it does, and on
//! this program, which has to share it with the server. What the server's process has used, all its
//! threads together, divided by what it has delivered, depends on much less: it says how many people
//! a machine can serve. So look at it first, and at times only beside others of the same table.
//!
//! Every run begins with a new server. Runs of different scenarios and doors take turns, and the
//! table shows the median of each figure, so that a slow minute of the machine spoils no line alone.
//!
//! ```text
//! make bench                  the table, in less than 5 minutes
//! make bench SHORT=1          each once, and shorter: less than one
//! make bench CURVE=1          one talks to 10, 100, 1,000, 5,000, 10,000
//! make bench ONLY=lecture     scenarios with this in their name
//! ```
//!
//! Another server can be measured in the same run, if it sends every message to everybody, the sender
//! included: `cargo bench --bench bench -- --peer NAME ws://127.0.0.1:4000/ PID`, as often as wanted.

mod support;

#[path = "bench/crowd.rs"]
mod crowd;
#[path = "bench/process.rs"]
mod process;
#[path = "bench/scenarios.rs"]
mod scenarios;
#[path = "bench/table.rs"]
mod table;

use std::process::ExitCode;
use std::time::Instant;
use std::{env, fs};

use process::Subject;
use support::Server;
use table::Figures;

/// How often everything is run.
const RUNS: usize = 3;

fn main() -> ExitCode {
    let (mut short, mut curve, mut only, mut peers) = (false, false, String::new(), Vec::new());
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().expect("an option with its values");
        match argument.as_str() {
            "--short" => short = true,
            "--curve" => curve = true,
            "--only" => only = value(),
            "--peer" => {
                let (name, url, pid) = (value(), value(), value());
                peers.push(Subject::peer(&name, &url, pid.parse().expect("a process's number")));
            }
            _ => {} // cargo adds `--bench`
        }
    }
    let (runs, scale) = if short { (1, 0.5) } else { (RUNS, 1.0) };
    let scenarios = if curve { scenarios::curve() } else { scenarios::all(scale, &peers) };
    let chosen = scenarios.iter().filter(|scenario| scenario.name.contains(&only));
    let lines: Vec<_> = chosen
        .flat_map(|scenario| scenario.subjects.iter().map(move |subject| (scenario, subject)))
        .collect();

    let mut results: Vec<Vec<Figures>> = vec![Vec::new(); lines.len()];
    for run in 1..=runs {
        for ((scenario, subject), figures) in lines.iter().zip(&mut results) {
            eprint!("\r\x1b[Krun {run} of {runs}: {}, {}", scenario.name, subject.name);
            figures.push((scenario.run)(subject));
        }
    }
    eprint!("\r\x1b[K");

    table::print_heading();
    let mut mistakes = 0;
    for ((scenario, subject), figures) in lines.iter().zip(&results) {
        let medians = Figures::medians(figures);
        mistakes += medians.missing + medians.wrong;
        table::print_row(&scenario.name, &subject.name, &medians);
    }
    print_facts();
    if mistakes > 0 {
        println!("FAILED: {mistakes} messages are missing, doubled or out of order");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// What is the same in every run.
fn print_facts() {
    let start = |_| {
        let began = Instant::now();
        let _server = Server::start(&["--log", "warn"]);
        began.elapsed().as_secs_f64() * 1000.0
    };
    let mut starts: Vec<f64> = (0..9).map(start).collect();
    starts.sort_by(f64::total_cmp);
    let program = fs::metadata(env!("CARGO_BIN_EXE_partyline")).expect("the server's program");
    let crates = include_str!("../Cargo.lock").matches("[[package]]").count() - 1;
    println!(
        "start to listening {:.1} ms; the program has {:.1} MB and {crates} crates besides its own",
        starts[starts.len() / 2],
        program.len() as f64 / 1e6
    );
}
