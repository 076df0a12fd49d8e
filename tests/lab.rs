//! The lab's checks: `make lab N=3` starts the server as it is built now and says whether exercise 3 is solved.
//!
//! What is expected of each exercise stands in `www/lab/exercises.json`, which the lab sheet reads too, so both say
//! the same. Most expectations are steps (open, send, expect), which `lab/steps.rs` takes here and
//! `www/lab/steps.js` on the sheet. The others are functions: `lab/by_hand.rs` and `lab/own_program.rs`.
//!
//! ```text
//! make lab                         all exercises, each with its state
//! make lab N=3                     one of them; what fails is shown byte by byte
//! make lab N=3 SEED=42             with the same random texts and keys once more
//! make lab N=1 SEED=42 ANSWER=…    an exercise that asks for an answer
//! make lab N=7 RUN="node mine.js"  one that asks for a program of yours; the port is added at the end
//! make lab-check                   the solutions pass, the unchanged server does not (lab/solutions.rs)
//! ```

use std::process::ExitCode;
use std::time::Duration;

#[path = "lab/by_hand.rs"]
mod by_hand;
#[path = "lab/frame.rs"]
mod frame;
#[path = "lab/own_program.rs"]
mod own_program;
#[path = "lab/queues.rs"]
mod queues;
#[path = "lab/relay.rs"]
mod relay;
#[path = "lab/server.rs"]
mod server;
#[path = "lab/socket.rs"]
mod socket;
#[path = "lab/solutions.rs"]
mod solutions;
#[path = "lab/steps.rs"]
mod steps;
#[path = "lab/table.rs"]
mod table;
#[path = "lab/wrong_answers.rs"]
mod wrong_answers;

use server::{Build, LabServer};
use table::{Exercise, Expectation, Words};

/// What one check of an exercise works with.
pub struct Check<'a> {
    build: &'a Build,
    server: LabServer,
    words: Words,
    /// What the student has found, for the exercises that ask for an answer.
    answer: Option<String>,
    /// The command that starts the student's program.
    run: Option<String>,
}

/// Why an expectation does not hold: the lines of an exchange.
type Failure = Vec<String>;
/// Whether an expectation holds. Lines about what was measured may come with it.
type Outcome = Result<Vec<String>, Failure>;

fn main() -> ExitCode {
    let given = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    // `cargo bench` adds `--bench`.
    if std::env::args().any(|argument| argument == "solutions") {
        return solutions::check_all(given("WRONG").is_some(), given("N").as_deref());
    }
    let exercises = table::read();
    let build = Build::of_this_folder();
    if given("ANSWER").is_some() && given("SEED").is_none() {
        eprintln!(
            "An ANSWER needs its SEED: without one, each check asks for another value. make lab N=1 shows both."
        );
        return ExitCode::FAILURE;
    }
    let seed = given("SEED").and_then(|seed| seed.parse().ok()).unwrap_or_else(table::new_seed);
    let Some(number) = given("N") else { return list(&exercises, &build, seed) };
    let Some(exercise) = exercises.iter().find(|exercise| exercise.number.to_string() == number) else {
        eprintln!("There is no exercise {number}: they are 0 to {}.", exercises.len() - 1);
        return ExitCode::FAILURE;
    };
    println!("{}. {}    SEED={seed}\n", exercise.number, exercise.title);
    let results = exercise.check(&build, seed, given("ANSWER"), given("RUN"));
    for (expectation, result) in exercise.expectations.iter().zip(&results) {
        println!("{} {}", if result.is_ok() { "✓" } else { "✗" }, expectation.text);
        let (Ok(lines) | Err(lines)) = result;
        lines.iter().for_each(|line| println!("      {line}"));
    }
    println!("\n{}", exercise.verdict(&results));
    ExitCode::SUCCESS // a check that is red is no failure of this program
}

/// Checks all exercises, and prints a line for each.
fn list(exercises: &[Exercise], build: &Build, seed: u32) -> ExitCode {
    println!("Checks all, which takes up to a minute. N=3 checks one.\n");
    for exercise in exercises {
        let results = exercise.check(build, seed, None, None);
        let kept = results.iter().filter(|result| result.is_ok()).count();
        let is_solved = kept == results.len();
        let state = match (is_solved, exercise.ask.is_some(), exercise.is_red) {
            (true, ..) if exercise.on_page.is_empty() => "solved".to_string(),
            (true, ..) => "solved, as far as a terminal can see".to_string(),
            (_, true, _) => format!("asks anew each time: make lab N={}", exercise.number),
            (.., true) => "red on purpose".to_string(),
            _ if exercise.program.is_some() && own_program::command(exercise, &build.folder).is_none() => {
                "not begun".to_string()
            }
            _ => format!("{kept} of {}", results.len()),
        };
        let mark = match is_solved {
            true => "✓",
            false if exercise.ask.is_some() => "?",
            false => "✗",
        };
        println!(
            "{mark} {:>2}. {:<42} {:>3} min   {state}",
            exercise.number, exercise.title, exercise.minutes
        );
    }
    println!("\nmake lab N=3 shows one of them. The sheet is lab.html on the server; SEED={seed}.");
    ExitCode::SUCCESS
}

impl Exercise {
    /// Starts a server, and checks on it the expectations that this program can check.
    pub fn check(
        &self, build: &Build, seed: u32, answer: Option<String>, run: Option<String>,
    ) -> Vec<Outcome> {
        let words = Words::new(seed);
        let server = LabServer::start(build);
        let mut check = Check { build, server, words, answer, run };
        match self.expectations.first().and_then(Expectation::run) {
            Some("client") => own_program::check_client(&mut check, self),
            Some("stop") => own_program::check_stopped_reader(&mut check, self),
            _ => self.expectations.iter().map(|expectation| check.one(self, expectation)).collect(),
        }
    }

    /// What to say at the end.
    fn verdict(&self, results: &[Outcome]) -> String {
        let kept = results.iter().filter(|result| result.is_ok()).count();
        let on_page = self.on_page.join(" ");
        let rest = if on_page.is_empty() { String::new() } else { format!(" On the sheet also: {on_page}") };
        match kept == results.len() {
            true if on_page.is_empty() => "Solved.".to_string(),
            true => format!("Solved, as far as a terminal can see. The rest: Check on the sheet. {on_page}"),
            false if self.is_red => "Red on purpose: the server is right, and what is expected here is wrong. You have \
                 seen how a failure looks:\nwhat was sent, expected and received, and the first field that differs."
                .to_string(),
            false => format!("{kept} of {} hold.{rest}", results.len()),
        }
    }
}

impl Check<'_> {
    fn one(&mut self, exercise: &Exercise, expectation: &Expectation) -> Outcome {
        let result = match expectation.run() {
            None => steps::take(&self.server, &self.words, &expectation.steps),
            Some("answer") => by_hand::check_answer(self, exercise),
            Some("accept") => by_hand::check_accept(self, expectation),
            Some(other) => Err(vec![format!("exercises.json asks for {other:?}, which is not known here")]),
        };
        result.map(|()| Vec::new()).map_err(|mut lines| {
            // A panic is written before the connection ends, and read by another thread.
            let has_ended = lines.iter().any(|line| line.contains("connection"));
            let patience = if has_ended { Duration::from_millis(300) } else { Duration::ZERO };
            lines.extend(self.server.new_panic(patience));
            lines
        })
    }
}
