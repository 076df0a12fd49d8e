//! The benchmark: how much CPU time the release server uses, and that it loses no message under load.
//!
//! `make bench` starts the server, connects real WebSocket clients to it over the loopback interface and
//! prints one table. It has a row for each scenario and each route, with the server's CPU time for one
//! delivery, the deliveries per second, their latencies, and the number of missing ones. The benchmark
//! fails if a message is missing or arrives twice. Read [`scenarios`] first, then [`crowd`] and [`arrivals`].
//!
//! **Why CPU time?** A latency depends on the machine, on its other work, and on this program, which
//! shares the processors with the server. The CPU time of the server's process, divided by the number of
//! its deliveries, depends on much less: it says how many clients a machine can serve. Compare CPU times
//! first, and latencies only within one table.
//!
//! Every run starts a new server. The rows take turns, one run each, and the table shows the median of
//! each figure: so if the machine is slow for a minute, that affects all rows and not a single one.
//!
//! ```text
//! make bench                  all scenarios, 3 runs each, in less than 5 minutes
//! make bench SHORT=1          one run each, half as long: about a minute
//! make bench CURVE=1          one client sends to 10, 100 … 12,500 others; joins among 200 … 12,400
//! make bench ONLY=lecture     only scenarios with this in their name
//! ```
//!
//! The table can have rows for other servers that send every message to all clients, the sender
//! included: `cargo bench --bench bench -- --peer NAME ws://127.0.0.1:4000/ PID`, once for each server.

mod support;

#[path = "bench/arrivals.rs"]
mod arrivals;
#[path = "bench/client.rs"]
mod client;
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

use process::Target;
use support::Server;
use table::Figures;

/// The number of runs for each row.
const RUNS: usize = 3;

fn main() -> ExitCode {
    let (mut short, mut curve, mut only, mut peers) = (false, false, String::new(), Vec::new());
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().expect("a value after the option");
        match argument.as_str() {
            "--short" => short = true,
            "--curve" => curve = true,
            "--only" => only = value(),
            "--peer" => {
                let (name, url, pid) = (value(), value(), value());
                peers.push(Target::other_server(&name, &url, pid.parse().expect("a process id")));
            }
            _ => {} // cargo adds `--bench`
        }
    }
    let (runs, scale) = if short { (1, 0.5) } else { (RUNS, 1.0) };
    let scenarios = if curve { scenarios::curve() } else { scenarios::all(scale, &peers) };
    let chosen = scenarios.iter().filter(|scenario| scenario.name.contains(&only));
    let rows: Vec<_> =
        chosen.flat_map(|scenario| scenario.targets.iter().map(move |target| (scenario, target))).collect();

    let mut results: Vec<Vec<Figures>> = vec![Vec::new(); rows.len()];
    for run in 1..=runs {
        for ((scenario, target), figures) in rows.iter().zip(&mut results) {
            eprint!("\r\x1b[Krun {run} of {runs}: {}, {}", scenario.name, target.name);
            figures.push((scenario.run)(target));
        }
    }
    eprint!("\r\x1b[K");

    table::print_heading();
    let mut mistakes = 0;
    for ((scenario, target), figures) in rows.iter().zip(&results) {
        let medians = Figures::medians(figures);
        mistakes += medians.missing + medians.out_of_sequence;
        table::print_row(&scenario.name, &target.name, &medians);
    }
    print_facts();
    if mistakes > 0 {
        println!("FAILED: {mistakes} messages are missing, doubled or out of order");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Prints figures that have no row: how long the server takes to start, the size of its program, and the
/// number of its dependencies.
fn print_facts() {
    let measure_start = |_| {
        let began = Instant::now();
        let _server = Server::start(&["--log", "warn"]);
        began.elapsed().as_secs_f64() * 1000.0
    };
    let mut starts: Vec<f64> = (0..9).map(measure_start).collect();
    starts.sort_by(f64::total_cmp);
    let program = fs::metadata(env!("CARGO_BIN_EXE_partyline")).expect("the server's program");
    let crates = include_str!("../Cargo.lock").matches("[[package]]").count() - 1;
    println!(
        "start to listening {:.1} ms; the program has {:.1} MB and {crates} crates besides its own",
        starts[starts.len() / 2],
        program.len() as f64 / 1e6
    );
}
