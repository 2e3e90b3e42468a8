//! What the scenarios share.

mod bench;
pub(crate) mod many;
pub(crate) mod mixed;
mod plan_file;
mod program;
pub(crate) mod repository;
mod scrub;
mod shell;

pub(crate) use bench::{Bench, SECRET, USERNAME};
pub(crate) use plan_file::edited;
pub(crate) use program::{Program, Run, Running};
pub(crate) use scrub::scrub;
pub(crate) use shell::words;

/// Runs pieces of a scenario side by side and fails when one of them does: most of their time is
/// spent waiting.
pub(crate) fn side_by_side<T: Sync>(rows: &[T], check: impl Fn(&T) + Sync) {
    std::thread::scope(|scope| {
        let running: Vec<_> = rows.iter().map(|row| scope.spawn(|| check(row))).collect();
        let failed = running.into_iter().filter_map(|one| one.join().err()).count();
        assert_eq!(failed, 0, "{failed} of {} failed; see above", rows.len());
    });
}
