//! `make lab-check`: each exercise's check is red for the server as it is, and green with the solution of
//! `lab/solutions/`. With `WRONG=1` it is red too for each of the wrong solutions of `lab/wrong/`.
//!
//! The solutions are patches. They are put into a copy of the project under `target/`, so `src` is never touched;
//! all copies share one folder of builds.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use tungstenite::handshake::derive_accept_key;

use super::frame::{Frame, TEXT};
use super::server::Build;
use super::table::{self, Exercise, Words};
use super::wrong_answers::wrong_answers;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Checks all exercises, or only the one with this number.
pub fn check_all(with_wrong: bool, only: Option<&str>) -> ExitCode {
    let exercises = table::read();
    let copy = Copy::new();
    copy.build().expect("the unchanged server can be built");
    let mut is_right = true;
    let mut say = |number: u64, what: &str, expected: bool, problems: Vec<String>| {
        let is_green = problems.is_empty();
        is_right &= is_green == expected;
        let mark = if is_green == expected { "✓" } else { "WRONG" };
        println!("{mark} {number:>2}  {what}: {}", if is_green { "green" } else { "red" });
        if is_green != expected {
            problems.iter().for_each(|line| println!("        {line}"));
        }
    };
    let is_wanted = |exercise: &&Exercise| only.is_none_or(|only| only == exercise.number.to_string());
    let wanted: Vec<&Exercise> = exercises.iter().filter(is_wanted).collect();
    for exercise in &wanted {
        say(exercise.number, "unchanged", false, copy.problems(exercise, None));
        if exercise.ask.is_some() {
            for (what, says, answer) in wrong_answers(exercise) {
                let problems = copy.problems(exercise, Some(&|_, words| answer(words)));
                let is_named = problems.concat().contains(says);
                let expected = !problems.is_empty() && !is_named; // which it is not
                say(exercise.number, &format!("{what}, “{says}”"), expected, problems);
            }
            say(exercise.number, "solution", true, copy.problems(exercise, Some(&right_answer)));
        }
    }
    let folders = [("solutions", true)].into_iter().chain(with_wrong.then_some(("wrong", false)));
    for (folder, expected) in folders {
        for (number, path) in patches(folder) {
            let Some(exercise) = wanted.iter().find(|exercise| exercise.number == number) else { continue };
            let name = format!("{folder}/{}", path.file_stem().unwrap_or_default().to_string_lossy());
            let problems = copy.with_patch(&path, || match copy.build() {
                Ok(()) => copy.problems(exercise, None),
                Err(error) => vec![error],
            });
            // A patch may begin with a part of what its red has to say.
            let patch = fs::read_to_string(&path).unwrap_or_default();
            let says = patch.lines().next().and_then(|line| line.strip_prefix("says: ")).unwrap_or_default();
            let is_unnamed = !problems.is_empty() && !problems.concat().contains(says);
            say(number, &name, expected != is_unnamed, problems);
        }
    }
    if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Makes an answer for the words of a check.
type Answer<'a> = &'a dyn Fn(&Exercise, &Words) -> String;

fn right_answer(exercise: &Exercise, words: &Words) -> String {
    if exercise.ask.as_deref() == Some("accept") {
        return derive_accept_key(words.key.as_bytes());
    }
    let frame = Frame { first: TEXT, key: Some(words.mask), payload: words.fill("{1}").into_bytes() };
    frame.to_bytes().iter().map(|byte| format!("{byte:02x} ")).collect()
}

/// The patches of a folder, with the number of their exercise, in order.
fn patches(folder: &str) -> Vec<(u64, PathBuf)> {
    let entries = fs::read_dir(format!("{ROOT}/tests/lab/{folder}")).expect("the folder of patches");
    let numbered = entries.filter_map(|entry| {
        let path = entry.ok()?.path();
        let name = path.file_stem()?.to_str()?.to_string();
        Some((name.split('-').next()?.parse().ok()?, path))
    });
    let mut all: Vec<_> = numbered.collect();
    all.sort();
    all
}

/// A copy of the project, in which patches are tried.
struct Copy(PathBuf);

impl Copy {
    fn new() -> Copy {
        let folder = Path::new(ROOT).join("target/lab/copy");
        let _ = fs::remove_dir_all(&folder);
        for name in ["src", "www", "tests", "Cargo.toml", "Cargo.lock"] {
            copy(&Path::new(ROOT).join(name), &folder.join(name));
        }
        Copy(folder)
    }

    fn build(&self) -> Result<(), String> {
        let target = self.0.with_file_name("build");
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args(["build", "--quiet", "--bin", "partyline", "--target-dir"])
            .arg(target)
            .current_dir(&self.0);
        let output = cargo.output().map_err(|error| error.to_string())?;
        output
            .status
            .success()
            .then_some(())
            .ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Checks an exercise in the copy; returns what is wrong, with a new seed each time.
    fn problems(&self, exercise: &Exercise, answer: Option<Answer>) -> Vec<String> {
        let program = self.0.with_file_name("build").join("debug/partyline");
        let build = Build { program, folder: self.0.clone() };
        let seed = table::new_seed();
        let answer = answer.map(|answer| answer(exercise, &Words::new(seed)));
        let results = exercise.check(&build, seed, answer, None);
        let failed = exercise.expectations.iter().zip(results);
        failed
            .filter_map(|(it, result)| {
                Some(format!("SEED={seed} {}: {}", it.text, result.err()?.join("\n        ")))
            })
            .collect()
    }

    /// Does something while the copy has this patch.
    fn with_patch(&self, patch: &Path, work: impl FnOnce() -> Vec<String>) -> Vec<String> {
        let patch = fs::read_to_string(patch).expect("a patch");
        let files: Vec<(PathBuf, Option<String>, String)> = match changed_files(&patch, &self.0) {
            Ok(files) => files,
            Err(problem) => return vec![problem],
        };
        files.iter().for_each(|(path, _, new)| fs::write(path, new).expect("the copy can be written"));
        let problems = work();
        for (path, old, _) in &files {
            match old {
                Some(old) => fs::write(path, old).expect("the copy can be written"),
                None => fs::remove_file(path).expect("the copy can be written"),
            }
        }
        problems
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).expect("target/ can be written");
        for entry in fs::read_dir(from).expect("a folder").flatten() {
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).expect("target/ can be written");
    }
}

/// The files that a patch changes, each with its old and its new text. A hunk is found by its lines and not by
/// their numbers, so a patch stays right when lines are added above.
/// Errors: a hunk whose lines are not there.
fn changed_files(patch: &str, folder: &Path) -> Result<Vec<(PathBuf, Option<String>, String)>, String> {
    let mut files = Vec::new();
    for section in patch.split("\n+++ b/").skip(1) {
        let (name, hunks) = section.split_once('\n').unwrap_or((section, ""));
        let hunks =
            hunks.split("\ndiff --git").next().unwrap_or_default().split("\n--- ").next().unwrap_or_default();
        let path = folder.join(name.trim());
        let old = fs::read_to_string(&path).ok();
        let mut new = old.clone().unwrap_or_default();
        let hunks = format!("\n{}\n", hunks.trim_end_matches('\n'));
        for hunk in hunks.split("\n@@ ").skip(1) {
            let lines: Vec<&str> = hunk.lines().skip(1).collect();
            let side = |other: char| -> String {
                let kept = lines.iter().filter(|line| !line.starts_with([other, '\\']));
                kept.map(|line| format!("{}\n", line.get(1..).unwrap_or_default())).collect()
            };
            let (before, after) = (side('+'), side('-'));
            if !new.contains(&before) {
                return Err(format!("the patch does not fit {name}: there is no\n{before}"));
            }
            new = new.replacen(&before, &after, 1);
        }
        files.push((path, old, new));
    }
    Ok(files)
}
