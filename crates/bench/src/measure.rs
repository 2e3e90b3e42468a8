//! What one run of a program takes: time on the wall, time on the processors, and memory.

use std::ffi::OsString;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};

/// What one run of a program took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// From start to end.
    pub wall: Duration,
    /// Processor time, the program's own and the system's on its behalf, on all cores together.
    pub processors: Duration,
    /// The most memory that was resident at once, in bytes.
    pub peak_memory: u64,
}

/// Runs a program once and measures it; its output is thrown away.
///
/// What the system reports is the maximum over all children that a process has ever had, and a child
/// counts the memory of its parent until it becomes the other program. So this must be the first child
/// of a small process: see [`in_a_process_of_its_own`].
///
/// # Errors
/// When the program cannot be started or ends with another exit code than `expected`.
#[cfg(unix)]
pub fn here(program: &[OsString], expected: i32) -> Result<Usage> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::{TimeVal, TimeValLike as _};

    let (name, arguments) = program.split_first().context("there is no program to run")?;
    let mut command = Command::new(name);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status().with_context(|| format!("cannot run {}", name.display()))?;
    let wall = start.elapsed();
    ensure!(status.code() == Some(expected), "{program:?} ended with {status}, not {expected}");
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let time = |value: TimeVal| {
        Duration::from_micros(u64::try_from(value.num_microseconds()).unwrap_or(0))
    };
    // Linux counts in kibibytes, Apple in bytes.
    let unit = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
    Ok(Usage {
        wall,
        processors: time(usage.user_time()) + time(usage.system_time()),
        peak_memory: u64::try_from(usage.max_rss()).unwrap_or(0) * unit,
    })
}

/// Runs a program once and measures it.
///
/// # Errors
/// Always: only Unix says what a child took.
#[cfg(not(unix))]
pub fn here(_: &[OsString], _: i32) -> Result<Usage> {
    Err(anyhow!("memory and processor time are measured on Unix only"))
}

/// Runs a program as often as asked, each time below a fresh process, and keeps for each figure the
/// smallest: what disturbs a run only ever adds to it. Memory is the largest. `threads` limits how many
/// the program reads files with.
///
/// # Errors
/// When the program cannot be run or ends with another exit code than `expected`.
pub fn in_a_process_of_its_own(
    program: &[OsString],
    expected: i32,
    times: usize,
    threads: Option<usize>,
) -> Result<Usage> {
    let myself = std::env::current_exe().context("cannot find this program")?;
    let mut best: Option<Usage> = None;
    for _ in 0..times.max(1) {
        let mut command = Command::new(&myself);
        if let Some(threads) = threads {
            command.env("RAYON_NUM_THREADS", threads.to_string());
        }
        let output = command
            .args(["measure", "--expect", &expected.to_string(), "--"])
            .args(program)
            .stderr(Stdio::inherit())
            .output()
            .context("cannot run this program again")?;
        ensure!(output.status.success(), "measuring {program:?} failed");
        let text = String::from_utf8(output.stdout).context("the measurement is not text")?;
        let one = Usage::parse(&text).ok_or_else(|| anyhow!("not a measurement: {text:?}"))?;
        best = Some(best.map_or(one, |best| best.least(one)));
    }
    best.ok_or_else(|| anyhow!("nothing was measured"))
}

impl Usage {
    /// For each figure the smaller one, but the larger memory.
    #[must_use]
    pub fn least(self, other: Self) -> Self {
        Self {
            wall: self.wall.min(other.wall),
            processors: self.processors.min(other.processors),
            peak_memory: self.peak_memory.max(other.peak_memory),
        }
    }

    /// As three numbers: microseconds of wall and processor time, and bytes.
    pub fn to_line(self) -> String {
        format!("{} {} {}", self.wall.as_micros(), self.processors.as_micros(), self.peak_memory)
    }

    /// Reads what [`Usage::to_line`] writes.
    pub fn parse(line: &str) -> Option<Self> {
        let mut numbers = line.split_whitespace().map(str::parse::<u64>);
        let mut next = || numbers.next()?.ok();
        Some(Self {
            wall: Duration::from_micros(next()?),
            processors: Duration::from_micros(next()?),
            peak_memory: next()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let usage = Usage {
            wall: Duration::from_micros(1_500_000),
            processors: Duration::from_micros(2_000_001),
            peak_memory: 60_000_000,
        };
        assert_eq!(Usage::parse(&usage.to_line()), Some(usage));
        for wrong in ["", "1 2", "1 2 many"] {
            assert_eq!(Usage::parse(wrong), None, "{wrong:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn another_exit_code_is_an_error() {
        let program: Vec<OsString> = ["sh", "-c", "exit 3"].map(OsString::from).to_vec();
        assert!(here(&program, 3).is_ok());
        assert!(here(&program, 0).unwrap_err().to_string().contains("exit status: 3"));
    }
}
