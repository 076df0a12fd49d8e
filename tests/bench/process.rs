//! The servers that are measured, as processes: Partyline, or another server beside it.
//!
//! Read [`Target`] first: what a row of the table measures. Starting it gives a [`ServerProcess`], which
//! reads the CPU time and the memory of the process from `/proc`, and so needs Linux.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, path::PathBuf};

use crate::support::Server;

/// What the clients have to send, and what they receive for it.
#[derive(Clone, Copy, PartialEq)]
pub enum Protocol {
    /// Any message goes to all clients, the sender included.
    Plain,
    /// The chat's JSON. The sender of a message receives an `ack` instead of the message.
    Chat,
}

/// What a row of the table measures: a route of Partyline, or another server.
#[derive(Clone)]
pub struct Target {
    /// The name in the table.
    pub name: String,
    pub path: String,
    pub protocol: Protocol,
    /// The number of messages that the chat has kept before clients arrive.
    pub messages: usize,
    /// The number of members that are in the chat before clients arrive.
    pub members: usize,
    /// The options with which Partyline is started.
    options: Vec<String>,
    /// The address and the process id of another server, which runs already.
    other_server: Option<(SocketAddr, u32)>,
}

impl Target {
    /// A route of Partyline, without the rate limits and the limits on connections.
    pub fn route(path: &str) -> Target {
        let options = words("--log warn --connections 0 --per-address 0 --pace 0 --pace-bytes 0");
        let protocol = if path == "/chat" { Protocol::Chat } else { Protocol::Plain };
        let (name, path) = (path.to_string(), path.to_string());
        Target { name, path, protocol, messages: 0, members: 0, options, other_server: None }
    }

    /// The chat with a history file.
    pub fn chat_with_history_file() -> Target {
        Target::route("/chat").with_name("/chat --data").with_option("--data")
    }

    /// Another server, which listens at `ws://address:port/path` and has the process id `pid`.
    pub fn other_server(name: &str, url: &str, pid: u32) -> Target {
        let address = url.strip_prefix("ws://").expect("a URL that begins with ws://");
        let (address, path) = address.split_once('/').unwrap_or((address, ""));
        let address = address.parse().expect("an IP address and a port");
        Target {
            name: name.to_string(),
            path: format!("/{path}"),
            protocol: Protocol::Plain,
            messages: 0,
            members: 0,
            options: Vec::new(),
            other_server: Some((address, pid)),
        }
    }

    /// The same target under another name.
    pub fn with_name(mut self, name: &str) -> Target {
        self.name = name.to_string();
        self
    }

    /// The same target after this many messages.
    pub fn with_messages(mut self, messages: usize) -> Target {
        self.messages = messages;
        self
    }

    /// The same target with this many members.
    pub fn with_members(mut self, members: usize) -> Target {
        self.members = members;
        self
    }

    /// The same target with one more option of Partyline, in the place of an earlier one of this name.
    pub fn with_option(mut self, option: &str) -> Target {
        let option = words(option);
        if let Some(at) = self.options.iter().position(|earlier| *earlier == option[0]) {
            self.options.drain(at..at + 2); // its value too
        }
        self.options.extend(option);
        self
    }

    /// Starts Partyline anew for this run. Another server runs already and is used as it is.
    pub fn start(&self) -> ServerProcess {
        if let Some((address, pid)) = self.other_server {
            return ServerProcess { address, pid, server: None, data: None };
        }
        let mut options: Vec<&str> = self.options.iter().map(String::as_str).collect();
        let data = options.last().filter(|last| **last == "--data").map(|_| new_folder());
        options.extend(data.as_ref().and_then(|folder| folder.to_str()));
        let server = Server::start(&options);
        let address = (Ipv4Addr::LOCALHOST, server.port).into();
        ServerProcess { address, pid: server.pid(), server: Some(server), data }
    }
}

/// Splits a text at its spaces.
fn words(text: &str) -> Vec<String> {
    text.split(' ').map(String::from).collect()
}

/// Creates a temporary folder for a history file.
fn new_folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let (pid, count) = (std::process::id(), COUNT.fetch_add(1, Relaxed));
    let folder = env::temp_dir().join(format!("partyline-bench-{pid}-{count}"));
    fs::create_dir(&folder).expect("a new folder for temporary files");
    folder
}

/// The unit of user time and of system time in `/proc/<pid>/stat`, in µs.
const TICK: f64 = 10_000.0;

/// The CPU time of a process so far, in µs, counted in two ways.
#[derive(Clone, Copy, PartialEq)]
pub struct CpuTime {
    /// That of the threads which it has now.
    of_threads: f64,
    /// That of all threads which it has had.
    of_process: f64,
}

/// A running server. Dropping it ends Partyline, but not another server.
pub struct ServerProcess {
    pub address: SocketAddr,
    pid: u32,
    /// Partyline; `None` for another server.
    server: Option<Server>,
    /// The folder of the history file.
    data: Option<PathBuf>,
}

impl ServerProcess {
    /// Opens a TCP connection to the server.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_nodelay(true).expect("a connected socket");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a connected socket");
        stream
    }

    /// The CPU time so far.
    pub fn cpu_time(&self) -> CpuTime {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.pid)).expect("it runs, on Linux");
        let threads = tasks.flatten().map(|task| schedstat(&task.path().display().to_string())[0]);
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).expect("it runs");
        let fields = stat.rsplit(')').next().expect("what follows the program's name");
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks = ticks.map(|ticks| ticks.parse::<f64>().expect("a number")).sum::<f64>();
        CpuTime { of_threads: threads.sum(), of_process: ticks * TICK }
    }

    /// The CPU time since `before`, in µs.
    ///
    /// The kernel counts the time of each thread in ns, but drops the count when the thread ends. It also
    /// counts the time of the process in ticks of 10 ms, which include the threads that have ended. If
    /// both agree within two ticks (one of user time, one of system time), no thread with much time has
    /// ended, and the exact count is right. Otherwise the result is the count in ticks.
    pub fn cpu_time_since(&self, before: CpuTime) -> f64 {
        let now = self.cpu_time();
        let of_threads = now.of_threads - before.of_threads;
        let of_process = now.of_process - before.of_process;
        if (of_process - of_threads).abs() <= 2.0 * TICK { of_threads } else { of_process }
    }

    /// The resident memory, in kB.
    pub fn resident_memory(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kb = line.and_then(|line| line.split_whitespace().next()).expect("a known field");
        kb.parse().expect("a number")
    }

    /// Waits until the process uses no CPU time for 15 ms: then it has cleaned up after all clients that
    /// have left. Gives up after 3 s.
    pub fn wait_until_idle(&self) {
        for _ in 0..200 {
            let before = self.cpu_time();
            thread::sleep(Duration::from_millis(15));
            if self.cpu_time() == before {
                break;
            }
        }
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        if self.server.take().is_none() {
            self.wait_until_idle(); // so that the next run does not measure the end of this one
        }
        if let Some(folder) = &self.data {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// How long the driver has run so far. The driver is this program's main thread, which has all clients.
#[derive(Clone, Copy)]
pub struct DriverTime {
    began: Instant,
    /// µs in which the thread ran.
    ran: f64,
    /// µs in which the thread was ready to run, but no processor was free.
    waited: f64,
}

impl DriverTime {
    /// The times up to now.
    pub fn now() -> DriverTime {
        let [ran, waited] = schedstat("/proc/thread-self");
        DriverTime { began: Instant::now(), ran, waited }
    }

    /// The shares of the time since `before` in which the driver ran, and in which it waited for a
    /// processor.
    pub fn shares_since(before: DriverTime) -> [f64; 2] {
        let (now, micros) = (DriverTime::now(), before.began.elapsed().as_secs_f64() * 1e6);
        [(now.ran - before.ran) / micros, (now.waited - before.waited) / micros]
    }
}

/// How long a thread has run, and how long it has waited for a processor, in µs. Both are 0 if the
/// thread has ended.
fn schedstat(task: &str) -> [f64; 2] {
    let line = fs::read_to_string(format!("{task}/schedstat")).unwrap_or_default();
    let mut figures = line.split(' ').map(|ns| ns.parse::<f64>().unwrap_or(0.0) / 1000.0);
    [figures.next().unwrap_or(0.0), figures.next().unwrap_or(0.0)]
}
