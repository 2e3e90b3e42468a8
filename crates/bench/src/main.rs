//! Generates big trees and measures the program on them: `mixaccess-bench --help`.
#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

mod budget;

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};
use mixaccess_bench::measure;
use mixaccess_bench::tree::Shape;

/// Generates big trees and measures the program on them.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write DIRECTORY/access and the DIRECTORY/live.json that meets it.
    Generate {
        /// Where to write.
        directory: PathBuf,
        /// Collaborators, each in a file of their own.
        #[arg(long, default_value_t = 2_000)]
        people: usize,
        /// Projects.
        #[arg(long, default_value_t = 100)]
        projects: usize,
        /// Grants that a person has on average.
        #[arg(long, default_value_t = 10)]
        grants_each: usize,
        /// Places in which live state differs, each of them one change of a plan.
        #[arg(long, default_value_t = 0)]
        changes: usize,
        /// Teams.
        #[arg(long, default_value_t = 0)]
        teams: usize,
        /// Service accounts.
        #[arg(long, default_value_t = 0)]
        service_accounts: usize,
        /// People of a hundred whose invitation is pending.
        #[arg(long, default_value_t = 0)]
        pending: usize,
    },
    /// Measure the program against its budgets and print a table.
    Run {
        /// The program; without it the one that was built beside this.
        #[arg(long)]
        program: Option<PathBuf>,
        /// Runs of each measurement.
        #[arg(long, default_value_t = 5)]
        times: usize,
    },
    /// Run one program, print microseconds of wall and processor time and bytes of peak memory.
    Measure {
        /// The exit code that it must end with.
        #[arg(long, default_value_t = 0)]
        expect: i32,
        /// The program and its arguments.
        #[arg(last = true, required = true)]
        program: Vec<OsString>,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Generate {
            directory,
            people,
            projects,
            grants_each,
            changes,
            teams,
            service_accounts,
            pending,
        } => {
            let shape =
                Shape { people, projects, grants_each, changes, teams, service_accounts, pending };
            let written = shape.write(&directory)?;
            println!(
                "{} grants, {} files of {:.1} MB, live state of {:.1} MB",
                written.grants,
                written.files,
                written.bytes as f64 / 1e6,
                written.live_bytes as f64 / 1e6
            );
        }
        Command::Run { program, times } => budget::run(program, times)?,
        Command::Measure { expect, program } => {
            println!("{}", measure::here(&program, expect)?.to_line());
        }
    }
    Ok(())
}
