//! The measurements that have budgets, as a table.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use mixaccess_bench::measure::{Usage, in_a_process_of_its_own};
use mixaccess_bench::tree::Shape;

/// What a measurement may take.
#[derive(Clone, Copy)]
struct Budget {
    wall: Duration,
    memory: Option<u64>,
}

const fn budget(milliseconds: u64, megabytes: Option<u64>) -> Option<Budget> {
    let memory = match megabytes {
        Some(megabytes) => Some(megabytes * 1_000_000),
        None => None,
    };
    Some(Budget { wall: Duration::from_millis(milliseconds), memory })
}

const SMALL: Shape = Shape {
    people: 2_000,
    projects: 100,
    grants_each: 10,
    changes: 0,
    teams: 50,
    service_accounts: 200,
    pending: 5,
};
const LARGE: Shape = Shape { people: 20_000, grants_each: 50, ..SMALL };
/// People of the trees that show how the cost grows; each has fifty grants on average.
const LADDER: [usize; 4] = [20, 200, 2_000, 20_000];
const FORMATS: [&str; 5] = ["human", "markdown", "json", "sarif", "junit"];
/// An organization in which everybody differs from the files, and one that has no files yet.
const DIFFERENT: Shape = Shape { people: 8_000, changes: 20_000, grants_each: 20, ..SMALL };
/// Runs of a measurement that takes milliseconds, where few would not find an undisturbed one.
const SHORT: usize = 20;

/// Measures everything that has a budget.
pub(crate) fn run(program: Option<PathBuf>, times: usize) -> Result<()> {
    let program = match program {
        Some(program) => program,
        None => std::env::current_exe()?.with_file_name("mixaccess"),
    };
    ensure!(
        program.is_file(),
        "{} is not there: build it with `cargo build --release -p mixaccess-cli`",
        program.display()
    );
    let bench = Bench { program: program.into(), times };
    println!("| what | grants | wall | processors | peak memory | budget | |");
    println!("|---|---:|---:|---:|---:|---|---|");
    bench.row("`--version`", 0, &["--version"], budget(10, None))?;
    bench.nothing_to_do(SMALL, budget(300, Some(60)), None)?;
    bench.nothing_to_do(LARGE, budget(4_000, Some(700)), budget(3_000, None))?;
    bench.changes()?;
    bench.authoring()?;
    bench.growth()
}

struct Bench {
    program: OsString,
    times: usize,
}

impl Bench {
    fn nothing_to_do(
        &self,
        shape: Shape,
        plan: Option<Budget>,
        validate: Option<Budget>,
    ) -> Result<()> {
        let tree = Tree::generate(shape)?;
        self.row("`plan --live`, nothing to do", tree.grants, &tree.plan(), plan)?;
        self.row("`validate`", tree.grants, &tree.validate(), validate)
    }

    fn changes(&self) -> Result<()> {
        let tree = Tree::generate(Shape { changes: 1_000, ..SMALL })?;
        let saved = tree.path("plan.json");
        let what = "`plan --live --out`, 1,000 changes";
        let mut arguments = tree.plan();
        // There are differences, so the exit code would say so.
        arguments.retain(|one| *one != DETAILED);
        arguments.extend(["--out", &saved]);
        self.row(what, tree.grants, &arguments, None)?;
        for format in FORMATS {
            let what = format!("`show --format {format}`, 1,000 changes");
            self.row(&what, tree.grants, &["show", &saved, "--format", format], None)?;
        }
        Ok(())
    }

    /// The commands that write files, beside a plan of the same state: they may take twice its processor
    /// time. Each run has a tree of its own, which it changes.
    fn authoring(&self) -> Result<()> {
        let mut least: [Option<Usage>; 3] = Default::default();
        let mut grants = 0;
        for _ in 0..self.times.max(1) {
            let tree = Tree::generate(DIFFERENT)?;
            grants = tree.grants;
            let written = tree.path("written");
            let init = ["init", "--config", &written, "--live", &tree.live];
            let mut plan = tree.plan();
            plan.retain(|one| *one != DETAILED);
            let adopt = [
                &["adopt", "--all", "--yes", "--allow-uncommitted"][..],
                &["--config", &tree.access, "--live", &tree.live],
            ]
            .concat();
            for (least, arguments) in least.iter_mut().zip([&plan[..], &init, &adopt]) {
                let usage = self.measure(arguments, 1, None)?;
                *least = Some(least.map_or(usage, |least| least.least(usage)));
            }
        }
        let [Some(plan), Some(init), Some(adopt)] = least else { return Ok(()) };
        print_row("`plan --live`, 20,000 changes", grants, plan, ("", ""));
        for (what, usage) in
            [("`init --live`, 8,000 people", init), ("`adopt --all`, 20,000 changes", adopt)]
        {
            let is_met = usage.processors <= plan.processors * 2;
            print_row(what, grants, usage, ("twice that plan", met(is_met)));
        }
        Ok(())
    }

    /// What a grant costs in trees of each size, beyond what the same organization costs with one person.
    /// On one thread, because the time for which threads wait for each other is no cost of a grant, and
    /// all trees in turn, so that each of them finds the quiet moments of the machine.
    fn growth(&self) -> Result<()> {
        let mut trees =
            [1].into_iter().chain(LADDER).map(Growing::generate).collect::<Result<Vec<_>>>()?;
        for round in 0..self.times * SHORT {
            for one in &mut trees {
                if one.is_short || round.is_multiple_of(SHORT) {
                    let plan = self.measure(&one.tree.plan(), 1, Some(1))?;
                    let validate = self.measure(&one.tree.validate(), 1, Some(1))?;
                    one.plan = one.plan.min(plan.processors);
                    one.validate = one.validate.min(validate.processors);
                }
            }
        }
        if let Some((alone, trees)) = trees.split_first() {
            print_growth(alone, trees);
        }
        Ok(())
    }

    fn measure(&self, arguments: &[&str], times: usize, threads: Option<usize>) -> Result<Usage> {
        let program: Vec<OsString> = std::iter::once(self.program.clone())
            .chain(arguments.iter().map(OsString::from))
            .collect();
        in_a_process_of_its_own(&program, 0, times, threads)
    }

    fn row(
        &self,
        what: &str,
        grants: usize,
        arguments: &[&str],
        budget: Option<Budget>,
    ) -> Result<()> {
        let usage = self.measure(arguments, self.times, None)?;
        let (allowed, verdict) =
            budget.map_or_else(Default::default, |budget| judge(usage, budget));
        print_row(what, grants, usage, (&allowed, verdict));
        Ok(())
    }
}

/// With this option a plan that is not empty ends with exit code 2.
const DETAILED: &str = "--detailed-exitcode";

/// A generated tree on disk.
struct Tree {
    directory: tempfile::TempDir,
    access: String,
    live: String,
    grants: usize,
}

impl Tree {
    fn generate(shape: Shape) -> Result<Self> {
        let directory = tempfile::tempdir().context("cannot create a directory for the tree")?;
        let grants = shape.write(directory.path())?.grants;
        let mut tree = Self { directory, access: String::new(), live: String::new(), grants };
        (tree.access, tree.live) = (tree.path("access"), tree.path("live.json"));
        Ok(tree)
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).to_string_lossy().into_owned()
    }

    fn plan(&self) -> Vec<&str> {
        vec!["plan", "--config", &self.access, "--live", &self.live, DETAILED]
    }

    fn validate(&self) -> Vec<&str> {
        vec!["validate", "--config", &self.access]
    }
}

/// A tree of one size, and the processor time that it takes at best.
struct Growing {
    tree: Tree,
    is_short: bool,
    plan: Duration,
    validate: Duration,
}

impl Growing {
    fn generate(people: usize) -> Result<Self> {
        Ok(Self {
            tree: Tree::generate(Shape { people, ..LARGE })?,
            is_short: people < LARGE.people,
            plan: Duration::MAX,
            validate: Duration::MAX,
        })
    }
}

fn print_row(what: &str, grants: usize, usage: Usage, (allowed, verdict): (&str, &str)) {
    println!(
        "| {what} | {} | {} | {} | {:.1} MB | {allowed} | {verdict} |",
        thousands(grants),
        time(usage.wall),
        time(usage.processors),
        megabytes(usage.peak_memory),
    );
}

const fn met(is_met: bool) -> &'static str {
    if is_met { "met" } else { "**missed**" }
}

fn judge(usage: Usage, budget: Budget) -> (String, &'static str) {
    let memory =
        budget.memory.map_or_else(String::new, |bytes| format!(", {:.0} MB", megabytes(bytes)));
    let is_met =
        usage.wall < budget.wall && budget.memory.is_none_or(|allowed| usage.peak_memory < allowed);
    (format!("{}{memory}", time(budget.wall)), met(is_met))
}

/// Compares every tree with the line from one person to the largest tree.
fn print_growth(alone: &Growing, trees: &[Growing]) {
    let Some(largest) = trees.last() else { return };
    println!(
        "\n| grants | `plan --live` | a grant | off the line | `validate` | a grant | off the line |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|");
    for one in trees {
        let more = |one: &Growing| one.tree.grants.saturating_sub(alone.tree.grants).max(1) as f64;
        let columns = |of: fn(&Growing) -> Duration| {
            let beyond = |one: &Growing| of(one).saturating_sub(of(alone)).as_secs_f64();
            let slope = beyond(largest) / more(largest);
            let line = of(alone).as_secs_f64() + slope * more(one);
            let off = (of(one).as_secs_f64() / line - 1.0) * 100.0;
            format!("{} | {:.0} ns | {off:+.0} %", time(of(one)), beyond(one) / more(one) * 1e9)
        };
        let (plan, validate) = (columns(|one| one.plan), columns(|one| one.validate));
        println!("| {} | {plan} | {validate} |", thousands(one.tree.grants));
    }
    let (plan, validate) = (time(alone.plan), time(alone.validate));
    println!("\nThe line begins at what one person costs: {plan} and {validate}.");
}

fn time(time: Duration) -> String {
    let milliseconds = time.as_secs_f64() * 1e3;
    if milliseconds < 20.0 {
        format!("{milliseconds:.1} ms")
    } else if milliseconds < 1_000.0 {
        format!("{milliseconds:.0} ms")
    } else {
        format!("{:.2} s", time.as_secs_f64())
    }
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
