//! The count of all threads of the process, and how many there may be.
//!
//! One thread too many can end the process: before a new thread runs any of our code, std maps memory for
//! its signal stack, and panics where there is none, which aborts. So each thread is counted before it is
//! started. The count is divided, so that no kind of client takes the threads of the others:
//! ```text
//!  all ┬─ serving: a thread for each open connection, a catch-up thread for each slow client
//!      └─ the reserve: requests that are being read, threads that wait for one
//! ```
//! So even if every place is taken, a further connection finds a thread, which answers 503.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::{fs, path::Path};

/// Memory maps of a thread on Linux: its stack and its signal stack, each with a guard page.
const MAPS: usize = 4;
/// The part of all memory maps that is left to the heap, to libraries, to the stacks that the C library
/// keeps for new threads, and to threads that have been counted out and have not quite ended.
const MAPS_LEFT: usize = 8;
/// Threads of the server's own: the main thread, the log's, the room's, the operator's.
const OWN: usize = 8;
/// All threads where the system does not say how many there may be (no `/proc`).
const UNKNOWN_SYSTEM: usize = 4000;

/// The threads of the process.
#[derive(Debug)]
pub struct Threads {
    /// Every thread, but for the server's own.
    pub all: Arc<Count>,
    /// The threads of open connections, and the catch-up threads.
    pub serving: Arc<Count>,
    /// The threads that are left when as many serve as may.
    pub reserve: usize,
}

impl Threads {
    /// As many threads as the system lets this process have.
    pub fn of_this_system() -> Threads {
        Threads::new(system_max().saturating_sub(OWN))
    }

    /// At most `max` threads besides the server's own, but 16 at least.
    pub fn new(max: usize) -> Threads {
        let max = max.max(16);
        let reserve = (max / 16).max(4);
        let [all, serving] = [max, max - reserve].map(Count::new);
        Threads { all, serving, reserve }
    }

    /// How many connections may be open. It leaves some threads, so that slow clients can catch up even then.
    pub fn open_max(&self) -> usize {
        self.serving.max - self.reserve
    }
}

/// A number of things that has a limit.
#[derive(Debug)]
pub struct Count {
    /// The limit.
    pub max: usize,
    now: AtomicUsize,
}

impl Count {
    /// A count of nothing yet.
    pub fn new(max: usize) -> Arc<Count> {
        Arc::new(Count { max, now: AtomicUsize::new(0) })
    }

    /// Counts one more, until the guard is dropped. `None` if there are as many as there may be.
    pub fn add(self: &Arc<Self>) -> Option<Counted> {
        let others = self.now.fetch_add(1, Relaxed);
        let counted = Counted(Arc::clone(self));
        (others < self.max).then_some(counted)
    }
}

/// Guard: one that is counted. Dropping it counts it out.
#[derive(Debug)]
pub struct Counted(Arc<Count>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Relaxed);
    }
}

/// How many threads the system lets this process have: the least of its limits.
fn system_max() -> usize {
    // The memory maps are this process's alone. The other limits hold for other processes too: what is left
    // of them is what those do not use. `/proc/loadavg` has the number of all threads behind a slash.
    let words = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let running = words.split([' ', '/']).nth(4).and_then(|word| word.parse().ok()).unwrap_or(0);
    let left = |max: usize| max.saturating_sub(running).max(max / 2);
    let maps = number("/proc/sys/vm/max_map_count").map(|maps| (maps - maps / MAPS_LEFT) / MAPS);
    let limits = [
        maps,
        number("/proc/sys/kernel/threads-max").map(left),
        number("/proc/sys/kernel/pid_max").map(left),
        user_max().map(left),
        cgroup_left(),
    ];
    limits.into_iter().flatten().min().unwrap_or(UNKNOWN_SYSTEM)
}

/// `ulimit -u`: the soft limit on the threads of all processes of this user. `None` for no limit.
fn user_max() -> Option<usize> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max processes"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// What is left of the limits on the threads of a container or a service: those of this process's control
/// group and of all groups around it (`cgroups(7)`, version 2).
fn cgroup_left() -> Option<usize> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let left = |group: &Path| {
        let folder = Path::new("/sys/fs/cgroup").join(group);
        let max = number(folder.join("pids.max"))?; // or the word `max`
        Some(max.saturating_sub(number(folder.join("pids.current"))?))
    };
    Path::new(path).ancestors().filter_map(left).min()
}

/// The number that is all of a file's text.
fn number(file: impl AsRef<Path>) -> Option<usize> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}
