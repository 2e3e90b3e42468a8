//! Files that are to be written.

/// Files that are to be written below one directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// The files, sorted by path.
    pub files: Vec<TreeFile>,
    /// What the files do not say, and why.
    pub left_out: Vec<LeftOut>,
    /// What the files declare.
    pub counts: Counts,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeFile {
    /// Its path below the directory, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// Something that is live and not declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// What it is.
    pub what: String,
    /// Why it is not declared: a lowercase fragment.
    pub why: String,
}

/// How much is declared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Projects.
    pub projects: usize,
    /// Profiles.
    pub profiles: usize,
    /// Collaborators.
    pub collaborators: usize,
    /// Teams.
    pub teams: usize,
    /// Service accounts.
    pub service_accounts: usize,
}
