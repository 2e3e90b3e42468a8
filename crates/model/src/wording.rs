//! Counts and lists in sentences.

/// A count with its noun: `1 person`, `2 people`.
pub fn counted(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// At most so many names, and how many more there are.
pub fn listed(names: impl IntoIterator<Item = String>, most: usize) -> String {
    let names: Vec<String> = names.into_iter().collect();
    let shown = names.iter().take(most).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_lists() {
        assert_eq!([counted(0, "a", "as"), counted(1, "a", "as")], ["0 as", "1 a"]);
        let names = |count: u32| listed((0..count).map(|number| number.to_string()), 3);
        assert_eq!([names(0), names(3), names(5)], ["", "0, 1, 2", "0, 1, 2 and 2 more"]);
    }
}
