//! Words that depend on a number.

/// `1 collaborator`, `2 collaborators`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
