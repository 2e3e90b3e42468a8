//! Big trees of access files, and what the program needs for them.
//!
//! [`tree`] writes an organization of any size: its files, and the live state that meets them or
//! differs from them in a known number of places. [`measure`] runs a program on its own and says what
//! it took. Budgets and results are in `crates/cli/docs/BENCHMARKS.md`.

pub mod measure;
mod person;
mod shape;
pub mod tree;
