//! The program against the emulator: the real binary, over real HTTP, with what goes wrong on the way.
//!
//! Each file in `scenarios/` is a theme. What they share is in `harness/`: a bench is an emulated
//! organization with a directory of files beside it, in which the program is run.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a scenario that meets what it does not expect should stop and say where"
)]

mod harness;
mod scenarios;
