//! What git says of files: whether what is to be overwritten can be had back.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::Failure;

/// What git says of some paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Committed {
    /// All of them are committed as they are, or do not exist.
    All,
    /// These are not.
    Not(Vec<String>),
    /// They are in no repository, or there is no git.
    NoRepository,
}

/// Asks git whether paths are committed as they are. What is ignored is not committed.
///
/// # Errors
/// When git runs and cannot answer.
pub(crate) fn committed(directory: &Path, paths: &[PathBuf]) -> Result<Committed, Failure> {
    let existing: Vec<&PathBuf> = paths.iter().filter(|path| path.exists()).collect();
    if existing.is_empty() {
        return Ok(Committed::All);
    }
    let within = existing_directory(directory);
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        // A repository's own settings must not make a question run programs.
        command.args(["-c", "core.fsmonitor=false", "-C"]).arg(&within).args(arguments);
        command.stdin(Stdio::null()).stderr(Stdio::null());
        command
    };
    let inside = git(&["rev-parse", "--is-inside-work-tree"]).output();
    if !inside.is_ok_and(|answer| answer.status.success()) {
        return Ok(Committed::NoRepository);
    }
    let mut not = Vec::new();
    // A command line holds only so much.
    for some in existing.chunks(200) {
        let absolute: Vec<PathBuf> = some
            .iter()
            .map(|path| std::path::absolute(path).unwrap_or_else(|_| (*path).clone()))
            .collect();
        let answer = git(&[
            "--literal-pathspecs",
            "status",
            "--porcelain",
            "-z",
            "--ignored",
            "--untracked-files=all",
            "--",
        ])
        .args(&absolute)
        .output()
        .map_err(|error| Failure::new(format!("cannot run git: {error}")))?;
        if !answer.status.success() {
            return Err(Failure::new("git cannot say whether the files are committed")
                .hint("Run `git status` there and see what it says."));
        }
        let text = String::from_utf8_lossy(&answer.stdout).into_owned();
        not.extend(text.split('\0').filter_map(|row| row.get(3..)).map(str::to_owned));
    }
    Ok(if not.is_empty() { Committed::All } else { Committed::Not(not) })
}

/// The nearest directory that exists.
fn existing_directory(path: &Path) -> PathBuf {
    let found = path.ancestors().find(|one| one.is_dir() && !one.as_os_str().is_empty());
    found.map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(directory: &Path, arguments: &[&str]) {
        let settings =
            ["-c", "user.name=t", "-c", "user.email=t@x.example", "-c", "commit.gpgsign=false"];
        let status = Command::new("git")
            .arg("-C")
            .arg(directory)
            .args(settings)
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(status.unwrap().success());
    }

    #[test]
    fn git_says_what_can_be_had_back() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let file = root.join("a b.yaml");
        let ask = || committed(root, std::slice::from_ref(&file)).unwrap();
        assert_eq!(ask(), Committed::All, "nothing is there");
        std::fs::write(&file, "one").unwrap();
        assert_eq!(ask(), Committed::NoRepository);
        git(root, &["init", "-q"]);
        assert_eq!(ask(), Committed::Not(vec!["a b.yaml".to_owned()]));
        git(root, &["add", "."]);
        git(root, &["commit", "-q", "-m", "x"]);
        assert_eq!(ask(), Committed::All);
        std::fs::write(&file, "two").unwrap();
        assert_eq!(ask(), Committed::Not(vec!["a b.yaml".to_owned()]));
        std::fs::write(root.join(".gitignore"), "*.txt\n").unwrap();
        let ignored = root.join("c.txt");
        std::fs::write(&ignored, "x").unwrap();
        assert_eq!(committed(root, &[ignored]).unwrap(), Committed::Not(vec!["c.txt".to_owned()]));
    }
}
