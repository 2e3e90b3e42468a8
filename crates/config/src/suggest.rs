//! "Did you mean": the nearest of the words that are possible.

/// Longer words are not compared: nobody misspells them, and comparing is quadratic.
const MAX_COMPARED: usize = 80;

/// The possible word nearest to what was written, when it is near enough to be meant.
pub fn nearest<'a>(written: &str, possible: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = written.chars().count();
    if length == 0 || length > MAX_COMPARED {
        return None;
    }
    let folded = written.to_lowercase().replace('_', "-");
    let allowed = (length / 3).max(1);
    possible
        .into_iter()
        // Words whose length alone is too far away are most of them, and cheap to leave out.
        .filter(|word| word.len() <= MAX_COMPARED * 2 && *word != written)
        .filter(|word| word.chars().count().abs_diff(length) <= allowed)
        .map(|word| {
            let other = word.to_lowercase().replace('_', "-");
            (strsim::damerau_levenshtein(&folded, &other), word)
        })
        .filter(|(distance, word)| *distance <= allowed && *distance < word.chars().count())
        .min()
        .map(|(_, word)| word)
}

/// A sentence that names the nearest word, or lists those that are possible.
pub(crate) fn did_you_mean<'a>(
    written: &str,
    possible: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    if let Some(word) = nearest(written, possible.clone()) {
        return Some(format!("Did you mean `{}`?", mixaccess_model::printable(word)));
    }
    list(possible).map(|words| format!("Possible here: {words}."))
}

/// The first words of a list, quoted, with how many more there are.
pub(crate) fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> Option<String> {
    const SHOWN: usize = 12;
    let mut all = words.into_iter();
    let shown: Vec<String> = all
        .by_ref()
        .take(SHOWN)
        .map(|word| format!("`{}`", mixaccess_model::printable(word)))
        .collect();
    if shown.is_empty() {
        return None;
    }
    let more = all.count();
    let mut text = shown.join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant_and_nothing_far_away() {
        let roles = ["owner", "admin", "analyst", "consumer", "none"];
        assert_eq!(nearest("anaylst", roles), Some("analyst"));
        assert_eq!(nearest("Admin", roles), Some("admin"));
        assert_eq!(nearest("web", roles), None);
        assert_eq!(nearest("", roles), None);
        assert_eq!(nearest(&"x".repeat(1000), roles), None);
        assert_eq!(
            nearest("organisation_role", ["organization_role", "projects"]),
            Some("organization_role")
        );
    }

    #[test]
    fn lists_are_bounded() {
        let words: Vec<String> = (0..40).map(|number| format!("p{number}")).collect();
        let text = list(words.iter().map(String::as_str)).unwrap();
        assert!(text.ends_with("and 28 more"), "{text}");
        assert_eq!(list([]), None);
    }
}
