//! The table, its figures, and how they are computed.
//!
//! Read [`Figures`] first: what one run has measured. [`Latencies`] counts the latencies of one run.

/// A histogram of latencies, with 16 buckets between a power of two and the next: a quantile is up to
/// 6 % too high. Adding a latency costs almost nothing, and a run adds millions.
pub struct Latencies {
    /// The number of latencies in each bucket.
    counts: Vec<u64>,
    /// The longest latency, in µs.
    max: u64,
}

impl Default for Latencies {
    fn default() -> Latencies {
        Latencies { counts: vec![0; 64 * BUCKETS], max: 0 }
    }
}

/// The number of buckets between a power of two and the next.
const BUCKETS: usize = 16;

impl Latencies {
    /// Counts one latency, in µs. Those below 16 µs count as 16.
    pub fn add(&mut self, micros: u64) {
        let micros = micros.max(BUCKETS as u64);
        let power = micros.ilog2() as usize;
        let bucket = (micros >> (power - 4)) as usize - BUCKETS; // the four bits after the first
        self.counts[power * BUCKETS + bucket] += 1;
        self.max = self.max.max(micros);
    }

    /// The number of latencies.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The latency, in ms, below which this share of all is: 0.5 gives the median.
    pub fn quantile(&self, share: f64) -> f64 {
        let mut left = (self.count() as f64 * share) as u64;
        let index = self.counts.iter().position(|count| {
            let is_here = *count > left;
            left = left.saturating_sub(*count);
            is_here
        });
        let Some(index) = index else { return self.max() };
        let upper = ((BUCKETS + index % BUCKETS + 1) as u64) << (index / BUCKETS - 4);
        (upper as f64 / 1000.0).min(self.max())
    }

    /// The longest latency, in ms.
    pub fn max(&self) -> f64 {
        self.max as f64 / 1000.0
    }
}

/// What one run has measured. A figure that does not apply to its scenario is `None`.
#[derive(Clone, Default)]
pub struct Figures {
    /// The server's CPU time, in µs, for one delivery, handshake or request.
    pub cpu: Option<f64>,
    /// The number of deliveries, handshakes or requests per second.
    pub rate: Option<f64>,
    /// The median latency, in ms.
    pub p50: Option<f64>,
    /// The latency, in ms, below which 99 % of all are.
    pub p99: Option<f64>,
    /// The latency, in ms, below which 99.9 % of all are.
    pub p999: Option<f64>,
    /// The longest latency, in ms.
    pub max: Option<f64>,
    /// The server's resident memory for one connection, in kB.
    pub memory: Option<f64>,
    /// See [`DriverTime::shares_since`](crate::process::DriverTime::shares_since).
    pub driver_shares: [Option<f64>; 2],
    /// The number of deliveries that did not arrive.
    pub missing: u64,
    /// The number of deliveries that arrived twice or in the wrong order.
    pub out_of_sequence: u64,
    /// Text for the last column.
    pub note: String,
}

impl Figures {
    /// The median of each figure over these runs. Missing and misplaced deliveries are added up.
    pub fn medians(runs: &[Figures]) -> Figures {
        let median = |figure: fn(&Figures) -> Option<f64>| {
            let mut values: Vec<f64> = runs.iter().filter_map(figure).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied()
        };
        Figures {
            cpu: median(|run| run.cpu),
            rate: median(|run| run.rate),
            p50: median(|run| run.p50),
            p99: median(|run| run.p99),
            p999: median(|run| run.p999),
            max: median(|run| run.max),
            memory: median(|run| run.memory),
            driver_shares: [median(|run| run.driver_shares[0]), median(|run| run.driver_shares[1])],
            missing: runs.iter().map(|run| run.missing).sum(),
            out_of_sequence: runs.iter().map(|run| run.out_of_sequence).sum(),
            note: runs.first().map(|run| run.note.clone()).unwrap_or_default(),
        }
    }
}

/// Prints the names of the columns.
pub fn print_heading() {
    println!(
        "{:<29} {:<15} {:>8} {:>9} {:>8} {:>8} {:>8} {:>8} {:>7} {:>6}  note",
        "scenario", "server", "CPU µs", "each/s", "p50 ms", "p99 ms", "p99.9 ms", "max ms", "missing", "kB"
    );
}

/// Prints the row of one scenario and one route or server.
pub fn print_row(scenario: &str, target: &str, figures: &Figures) {
    let number = |value: Option<f64>, digits: usize| {
        value.map_or("-".to_string(), |value| format!("{value:.digits$}"))
    };
    let mut note = figures.note.clone();
    if figures.out_of_sequence > 0 {
        note += &format!(" {} DOUBLED OR OUT OF ORDER", figures.out_of_sequence);
    }
    // Then the driver may be the bottleneck, and the latencies include its own delays.
    let [ran, waited] = figures.driver_shares.map(|share| share.unwrap_or(0.0) * 100.0);
    if ran > 90.0 || waited > 10.0 {
        note += &format!(" driver busy {ran:.0} %, kept waiting {waited:.0} %");
    }
    println!(
        "{scenario:<29} {target:<15} {:>8} {:>9} {:>8} {:>8} {:>8} {:>8} {:>7} {:>6}  {}",
        number(figures.cpu, 3),
        number(figures.rate, 0),
        number(figures.p50, 2),
        number(figures.p99, 2),
        number(figures.p999, 2),
        number(figures.max, 1),
        figures.missing,
        number(figures.memory, 1),
        note.trim()
    );
}
