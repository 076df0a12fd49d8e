//! The program under test: a [`Server`] that runs it on a free port of the loopback interface until
//! the test drops it, and [`run_to_end`] for a run that has to end by itself.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::PATIENCE;
use super::http::{Reply, upgrade_request};
use super::peer::Peer;

/// A running server. Dropping it kills the process (SIGKILL).
pub struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
    /// The port it listens on.
    pub port: u16,
    log: Output,
    output: Output,
}

impl Server {
    /// Starts the server on a free port, with these options.
    pub fn start(options: &[&str]) -> Server {
        Server::start_on(0, options)
    }

    /// Starts it on a free port without a limit on a client's rate: the clients of many tests send in
    /// a second what a person types in an hour.
    pub fn start_without_pace(options: &[&str]) -> Server {
        Server::start(&[&["--pace", "0", "--pace-bytes", "0"], options].concat())
    }

    /// Starts it on this port; 0 means a free one.
    pub fn start_on(port: u16, options: &[&str]) -> Server {
        let mut command = program();
        command.args(options);
        Server::spawn(command, port)
    }

    /// Starts it on a free port, after some shell commands such as `ulimit -n 64`.
    pub fn start_after(shell: &str, options: &[&str]) -> Server {
        let mut command = Command::new("sh");
        let script = format!("{shell}; exec \"$0\" \"$@\"");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_partyline")]).args(options);
        clean_environment(&mut command);
        Server::spawn(command, 0)
    }

    fn spawn(mut command: Command, port: u16) -> Server {
        command.args(["--port", &port.to_string()]);
        if !command.get_args().any(|argument| argument == "--per-address") {
            command.args(["--per-address", "0"]); // all clients of the tests have one address
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program can be started");
        let stdin = child.stdin.take();
        let mut stdout = BufReader::new(child.stdout.take().expect("standard output is piped"));
        let stderr = BufReader::new(child.stderr.take().expect("standard error is piped"));
        let log = Output::collect(stderr.lines());
        let Some(port) = find_port(&mut stdout) else {
            let status = child.wait().expect("the program has ended");
            thread::sleep(Duration::from_millis(200)); // its last lines are still being read
            panic!("{status}: the program ended before it printed its addresses:\n{}", log.so_far());
        };
        Server { child, stdin, port, log, output: Output::collect(stdout.lines()) }
    }

    /// The id of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Opens a TCP connection to it.
    pub fn connect(&self) -> TcpStream {
        connect(self.port)
    }

    /// Sends these bytes over a new connection and reads all that comes back.
    pub fn exchange(&self, request: impl AsRef<[u8]>) -> Reply {
        let (mut stream, request) = (self.connect(), request.as_ref());
        // The server may answer and close before it has read everything.
        let _ = stream.write_all(request);
        Reply::read(stream, request)
    }

    /// Opens a WebSocket on this path with an ordinary upgrade request, without an Origin.
    pub fn open(&self, path: &str) -> Peer {
        Peer::open(self.connect(), upgrade_request(path, "").as_bytes())
    }

    /// Types a line at its terminal.
    pub fn type_line(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("still open");
        writeln!(stdin, "{line}").unwrap();
    }

    /// Closes its standard input.
    pub fn end_input(&mut self) {
        self.stdin = None;
    }

    /// Waits until its log contains this text, and returns the whole log.
    pub fn wait_for_log(&self, text: &str) -> String {
        self.log.wait_for(text, 1)
    }

    /// Waits until its log contains this text `count` times, and returns the whole log.
    pub fn wait_for_logs(&self, text: &str, count: usize) -> String {
        self.log.wait_for(text, count)
    }

    /// Waits until its standard output after the addresses contains this text, and returns all of that.
    pub fn wait_for_output(&self, text: &str) -> String {
        self.output.wait_for(text, 1)
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.so_far()
    }

    /// Waits until it ends by itself, and returns its exit code.
    pub fn wait(&mut self) -> Option<i32> {
        wait_for_exit(&mut self.child).expect("the server ends").code()
    }

    /// A figure of `/proc/<pid>/status`, such as `Threads` or `VmRSS` (in kB).
    pub fn status(&self, field: &str) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(path).expect("the server runs, on Linux");
        let line = status.lines().find(|line| line.starts_with(field)).expect("a known field");
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// The user and system time that it has used, in seconds.
    pub fn cpu_seconds(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        ticks as f64 / 100.0
    }

    /// Checks that it still runs and serves a new client.
    #[track_caller]
    pub fn assert_serves(&self) {
        let mut peer = self.open("/echo");
        peer.send_text("STILL THERE?"); // in capitals, so that a shouting echo of the lab passes
        peer.expect_text("STILL THERE?");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("the server's log:\n{}", self.log());
        }
    }
}

/// The program, to be started in the project's folder.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_partyline"));
    clean_environment(&mut command);
    command
}

/// Takes everything out of the command's environment but `PATH` and what the Makefile says to glibc, because
/// any of it could be a setting of the server: `make test PORT=4000` must not change what is tested.
pub fn clean_environment(command: &mut Command) {
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    let kept = ["PATH", "MALLOC_ARENA_MAX", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"];
    let values = kept.map(|name| Some((name, std::env::var_os(name)?)));
    command.env_clear().envs(values.into_iter().flatten());
}

/// Runs the program with these options and this environment until it ends by itself; returns its exit
/// code, standard output and standard error. A run that does not end is killed and has no exit code.
pub fn run_to_end(options: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let mut command = program();
    command.args(options).envs(environment.iter().copied());
    end_of(command)
}

/// Runs a command, likewise.
pub fn end_of(mut command: Command) -> (Option<i32>, String, String) {
    command.stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    if wait_for_exit(&mut child).is_none() {
        child.kill().unwrap();
    }
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Reads the program's standard output up to the last of its addresses, and returns the port in it.
pub fn read_port(stdout: &mut impl BufRead) -> u16 {
    find_port(stdout).expect("the program prints its addresses")
}

/// The same, or `None` if the program ends before.
fn find_port(stdout: &mut impl BufRead) -> Option<u16> {
    loop {
        let mut line = String::new();
        if stdout.read_line(&mut line).expect("the addresses are text") == 0 {
            return None;
        }
        if let Some((_, port)) = line.split_once("http://localhost:") {
            return port.split_whitespace().next()?.parse().ok();
        }
    }
}

/// Opens a TCP connection to a port of this machine. A read or write that waits for longer than
/// [`PATIENCE`] fails.
pub fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Waits until this process ends; `None` if it has not after [`PATIENCE`]. The standard library cannot
/// wait for a process with a deadline, so this asks again and again.
fn wait_for_exit(child: &mut Child) -> Option<ExitStatus> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let status = child.try_wait().unwrap();
        if status.is_some() || Instant::now() > deadline {
            return status;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// What a program has written to a pipe so far. A thread reads the pipe to its end, because a full pipe
/// would stop the program.
#[derive(Clone, Default)]
struct Output(Arc<(Mutex<String>, Condvar)>);

impl Output {
    /// Starts the thread that reads these lines.
    fn collect(lines: impl Iterator<Item = io::Result<String>> + Send + 'static) -> Output {
        let output = Output::default();
        let shared = output.clone();
        thread::spawn(move || {
            let (text, grew) = &*shared.0;
            for line in lines.map_while(Result::ok) {
                *text.lock().unwrap() += &format!("{line}\n");
                grew.notify_all();
            }
        });
        output
    }

    /// Waits until this text is in it `count` times, and returns the whole output.
    fn wait_for(&self, text: &str, count: usize) -> String {
        let (so_far, grew) = &*self.0;
        let is_missing = |so_far: &mut String| so_far.matches(text).count() < count;
        let so_far = so_far.lock().unwrap();
        let (so_far, timeout) = grew.wait_timeout_while(so_far, PATIENCE, is_missing).unwrap();
        assert!(!timeout.timed_out(), "expected: {text:?}\nreceived:\n{so_far}");
        so_far.clone()
    }

    fn so_far(&self) -> String {
        self.0.0.lock().unwrap().clone()
    }
}
