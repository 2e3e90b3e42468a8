//! What stands in the repository and is used as it is.

use std::fs;
use std::path::{Path, PathBuf};

use mixaccess_emulator::EmulatorOptions;

use super::Bench;

/// Where the repository is.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Copies a directory with everything below it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The organization that the repository ships, before the first apply.
pub(crate) fn example_organization() -> Bench {
    let seed = fs::read_to_string(repository().join("access/.live/organization.yaml")).unwrap();
    let bench = Bench::empty(&seed, EmulatorOptions::default());
    copy(&repository().join("access"), &bench.path("access"));
    bench
}
