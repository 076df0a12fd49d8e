//! The server that is measured, as a process: ours, or another one beside it.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, path::PathBuf};

use crate::support::Server;

/// What is said on a door, as far as its clients have to know it.
#[derive(Clone, Copy, PartialEq)]
pub enum Speaks {
    /// Whatever a client sends, everybody gets, the sender included.
    Raw,
    /// The chat's JSON. Who says something gets the `ack` in its place.
    Chat,
}

/// What a row of the table is about: a door of ours, or another server.
#[derive(Clone)]
pub struct Subject {
    /// As the table calls it.
    pub name: String,
    pub path: String,
    pub speaks: Speaks,
    /// For our server.
    options: Vec<String>,
    /// Where another server listens, and its process.
    peer: Option<(SocketAddr, u32)>,
}

impl Subject {
    /// A door of our own server. Whatever slows clients down on purpose is switched off.
    pub fn own(path: &str) -> Subject {
        let options = words("--log warn --connections 0 --pace 0 --pace-bytes 0");
        let speaks = if path == "/chat" { Speaks::Chat } else { Speaks::Raw };
        Subject { name: path.to_string(), path: path.to_string(), speaks, options, peer: None }
    }

    /// The chat with a file for its history.
    pub fn with_data() -> Subject {
        Subject::own("/chat").called("/chat --data").with("--data")
    }

    /// Another server, which listens at `ws://host:port/path` and is the process `pid`.
    pub fn peer(name: &str, url: &str, pid: u32) -> Subject {
        let address = url.strip_prefix("ws://").expect("a URL that begins with ws://");
        let (address, path) = address.split_once('/').unwrap_or((address, ""));
        let address = address.parse().expect("an IP address and a port");
        Subject {
            name: name.to_string(),
            path: format!("/{path}"),
            speaks: Speaks::Raw,
            options: Vec::new(),
            peer: Some((address, pid)),
        }
    }

    /// The same under another name.
    pub fn called(mut self, name: &str) -> Subject {
        self.name = name.to_string();
        self
    }

    /// The same with one more option, which wins over an earlier one of the same name.
    pub fn with(mut self, option: &str) -> Subject {
        self.options.extend(words(option));
        self
    }

    /// Starts our server, so that every run begins with a new one; another one runs already.
    pub fn start(&self) -> Process {
        if let Some((address, pid)) = self.peer {
            return Process { address, pid, server: None, data: None };
        }
        let mut options: Vec<&str> = self.options.iter().map(String::as_str).collect();
        let data = options.last().filter(|last| **last == "--data").map(|_| new_folder());
        options.extend(data.as_ref().and_then(|folder| folder.to_str()));
        let server = Server::start(&options);
        let address = (Ipv4Addr::LOCALHOST, server.port).into();
        Process { address, pid: server.id(), server: Some(server), data }
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(String::from).collect()
}

fn new_folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let (pid, count) = (std::process::id(), COUNT.fetch_add(1, Relaxed));
    let folder = env::temp_dir().join(format!("partyline-bench-{pid}-{count}"));
    fs::create_dir(&folder).expect("a new folder for temporary files");
    folder
}

/// User and system time, each so many µs, is what `/proc/<pid>/stat` counts in.
const TICK: f64 = 10_000.0;

/// What a process has used so far, in µs, by two counts.
#[derive(Clone, Copy, PartialEq)]
pub struct Cpu {
    /// Of the threads that it has now.
    of_threads: f64,
    /// Of all that it ever had.
    of_process: f64,
}

/// A running server.
pub struct Process {
    pub address: SocketAddr,
    pid: u32,
    /// Ours; it ends when this is dropped.
    server: Option<Server>,
    data: Option<PathBuf>,
}

impl Process {
    /// A connection to it.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_nodelay(true).expect("a connected socket");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a connected socket");
        stream
    }

    /// CPU time that it has used so far.
    pub fn cpu(&self) -> Cpu {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.pid)).expect("it runs, on Linux");
        let threads = tasks.flatten().map(|task| schedstat(&task.path().display().to_string())[0]);
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).expect("it runs");
        let fields = stat.rsplit(')').next().expect("what follows the program's name");
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks = ticks.map(|ticks| ticks.parse::<f64>().expect("a number")).sum::<f64>();
        Cpu { of_threads: threads.sum(), of_process: ticks * TICK }
    }

    /// CPU time that it has used since then, in µs.
    ///
    /// The kernel counts each thread's in ns, but forgets it when the thread ends; what it keeps is
    /// the sum for the process, in steps of 10 ms (user and system time in one step each). So where
    /// both say the same no thread has ended, and the exact one counts.
    pub fn cpu_since(&self, before: Cpu) -> f64 {
        let now = self.cpu();
        let of_threads = now.of_threads - before.of_threads;
        let of_process = now.of_process - before.of_process;
        if (of_process - of_threads).abs() <= 2.0 * TICK { of_threads } else { of_process }
    }

    /// Resident memory, in kB.
    pub fn resident(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kb = line.and_then(|line| line.split_whitespace().next()).expect("a known field");
        kb.parse().expect("a number")
    }

    /// Waits until it has noticed that its clients have gone: until it uses no more CPU time.
    pub fn settle(&self) {
        for _ in 0..200 {
            let before = self.cpu();
            thread::sleep(Duration::from_millis(15));
            if self.cpu() == before {
                break;
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.server.take().is_none() {
            self.settle(); // it will be measured again, and should have nothing left to do then
        }
        if let Some(folder) = &self.data {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// What this thread, the driver, has used so far.
#[derive(Clone, Copy)]
pub struct Driver {
    began: Instant,
    ran: f64,
    waited: f64,
}

impl Driver {
    /// So far.
    pub fn now() -> Driver {
        let [ran, waited] = schedstat("/proc/thread-self");
        Driver { began: Instant::now(), ran, waited }
    }

    /// The shares of the time since then in which it ran, and in which it would have, if a processor
    /// had been free.
    pub fn shares_since(before: Driver) -> [f64; 2] {
        let (now, micros) = (Driver::now(), before.began.elapsed().as_secs_f64() * 1e6);
        [(now.ran - before.ran) / micros, (now.waited - before.waited) / micros]
    }
}

/// The time that a thread has run and the time that it has waited for a processor, in µs; 0 when it
/// has ended.
fn schedstat(task: &str) -> [f64; 2] {
    let line = fs::read_to_string(format!("{task}/schedstat")).unwrap_or_default();
    let mut figures = line.split(' ').map(|ns| ns.parse::<f64>().unwrap_or(0.0) / 1000.0);
    [figures.next().unwrap_or(0.0), figures.next().unwrap_or(0.0)]
}
