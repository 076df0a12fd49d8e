//! `--data` where the system does not do what it is asked: file systems without locks or modes, read-only
//! ones, folders and files of other users. What stands in the way ends the start with a sentence that says
//! what to do; what only makes the file safer is a warning.
#![cfg(target_os = "linux")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;

use serde_json::json;

use crate::support::chat::*;
use crate::support::folder::*;
use crate::support::*;

/// A library in which locks and modes fail as on a network share or a memory stick. Loaded before the
/// system's own.
const SHIM: &str = "#include <errno.h>
int flock(int file, int how) { errno = ENOLCK; return -1; }
int fchmod(int file, int mode) { errno = EPERM; return -1; }
";

/// Shell commands for [`Server::start_after`] that load the library; `None` without a C compiler.
fn load_shim(folder: &Folder) -> Option<String> {
    let (source, library) = (folder.path("shim.c"), folder.path("shim.so"));
    fs::write(&source, SHIM).unwrap();
    let [source, library] = [&source, &library].map(|path| path.to_str().unwrap());
    is_possible("cc", &["-shared", "-fPIC", "-o", library, source])
        .then(|| format!("export LD_PRELOAD='{library}'"))
}

#[test]
fn without_locks_and_modes_the_server_warns_and_notices_a_second_one() {
    let (tools, folder) = (Folder::new(), Folder::new());
    let Some(shim) = load_shim(&tools) else { return eprintln!("not tested: there is no C compiler here") };
    fs::write(folder.file(), "").unwrap();
    fs::set_permissions(folder.file(), Permissions::from_mode(0o644)).unwrap();
    let start = || Server::start_after(&shim, &["--data", folder.as_str(), "--pace", "0"]);
    let first = start();
    let log = first.wait_for_log("other users of this machine may read");
    assert!(log.contains("cannot be locked (No locks available") && log.contains("--data DIR"), "{log}");
    let mut ana = Member::come(&first, "Ana");
    ana.say_and_wait("one");
    let second = start();
    let mut ben = Member::come(&second, "Ben");
    assert_eq!(texts(&ben.welcome["messages"]), ["one"]);
    ben.say_and_wait("two");
    // From now on the first server would not know what the second one writes, so it keeps nothing more.
    ana.send(&json!({ "type": "say", "text": "lost?", "ref": "r" }));
    ana.expect_error("not-saved", Some("r"));
    first.wait_for_log("another program writes into it");
    ben.say_and_wait("three");
    drop((first, second));
    let server = folder.serve();
    assert_eq!(
        texts(&Member::come_back(&server, &ana.token, 0).welcome["messages"]),
        ["one", "two", "three"]
    );
    assert_eq!(Member::come_back(&server, &ben.token, 0).person(), ben.person());
}

/// Runs the server by way of another program, which has to end with one sentence.
#[track_caller]
fn expect_sentence(command: &[&str], data: &str, parts: &[&str]) {
    let program = env!("CARGO_BIN_EXE_partyline");
    let mut command_line = Command::new(command[0]);
    command_line.args(&command[1..]).args([program, "--port", "0", "--data", data]);
    clean_environment(&mut command_line);
    let output = command_line.output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.starts_with("partyline: cannot keep the history in ") && error.lines().count() == 1,
        "{error}"
    );
    assert!(parts.iter().chain(&["--data DIR"]).all(|part| error.contains(part)), "{error}");
}

#[test]
fn a_read_only_file_system_ends_the_start_with_a_sentence() {
    let folder = Folder::new();
    let disk = folder.path("disk");
    fs::create_dir(&disk).unwrap();
    let disk = disk.to_str().unwrap();
    for content in ["", "true"] {
        let fill =
            if content.is_empty() { String::new() } else { format!("touch '{disk}/messages.jsonl' && ") };
        let mount =
            format!("mount -t tmpfs -o size=64k partyline '{disk}' && {fill}mount -o remount,ro '{disk}'");
        if !is_possible("unshare", &["-rm", "sh", "-c", &mount]) {
            return eprintln!("not tested: no file system can be mounted here");
        }
        let script = format!("{mount} && exec \"$0\" \"$@\"");
        expect_sentence(&["unshare", "-rm", "sh", "-c", &script], disk, &["Read-only file system"]);
    }
}

#[test]
fn folders_and_files_of_another_user_end_the_start_with_a_sentence() {
    let folder = Folder::new();
    // root may do everything, so the server is started as another user.
    let is_root = fs::metadata(folder.as_str()).unwrap().uid() == 0;
    let mut other_user = vec!["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
    if !is_root {
        other_user = vec!["env"];
    } else if !is_possible(
        "setpriv",
        &[&other_user[1..], &["test", "-x", env!("CARGO_BIN_EXE_partyline")]].concat(),
    ) {
        return eprintln!("not tested: the server cannot be started as another user here");
    }
    let advice = ["Permission denied", "start as the user that owns the file and the folder"];
    fs::set_permissions(folder.as_str(), Permissions::from_mode(0o555)).unwrap();
    expect_sentence(&other_user, folder.as_str(), &advice);
    expect_sentence(&other_user, folder.path("below").to_str().unwrap(), &advice);
    fs::set_permissions(folder.as_str(), Permissions::from_mode(0o777)).unwrap();
    fs::write(folder.file(), "").unwrap();
    fs::set_permissions(folder.file(), Permissions::from_mode(0o444)).unwrap();
    expect_sentence(&other_user, folder.as_str(), &advice);
    assert_eq!(fs::metadata(folder.file()).unwrap().permissions().mode() & 0o777, 0o444);
}
