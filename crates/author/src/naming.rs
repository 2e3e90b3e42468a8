//! Keys and file names from the names of a live organization.
//!
//! A key depends on the name it is made of and on who else has that name, never on the order of an
//! answer, so that the same organization gets the same keys every time.

use std::collections::{BTreeMap, BTreeSet};

/// Longest key that is made, in bytes; the files allow 128.
const MAX_KEY: usize = 80;
/// Longest file name that is made, in bytes; file systems allow 255.
const MAX_FILE_NAME: usize = 200;

/// A name in lower case, its words joined by `-`. Letters of every script stay; nothing is left of a
/// name without letters and digits.
pub(crate) fn slug(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    for one in name.chars() {
        if one.is_alphanumeric() {
            // What lower case decomposes into is no part of a key.
            slug.extend(one.to_lowercase().filter(|lower| lower.is_alphanumeric()));
        } else if !is_mark(one) && !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= MAX_KEY {
            break;
        }
    }
    let mut end = slug.len().min(MAX_KEY);
    while !slug.is_char_boundary(end) {
        end -= 1;
    }
    slug.truncate(end);
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

/// Combining accents belong to the letter before them.
const fn is_mark(one: char) -> bool {
    matches!(one, '\u{300}'..='\u{36f}' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\'' | '’')
}

/// Keys for things that have a name and a number: the slug, with the number behind it where several
/// share it, and `kind-number` where the name has no letters.
pub(crate) fn keys<'a>(
    things: impl Iterator<Item = (&'a str, u64)>,
    kind: &str,
    taken: &mut BTreeSet<String>,
) -> Vec<String> {
    let slugs: Vec<(String, u64)> = things
        .map(|(name, number)| {
            let slug = slug(name);
            (if slug.is_empty() { format!("{kind}-{number}") } else { slug }, number)
        })
        .collect();
    let mut seen = BTreeSet::new();
    let shared: BTreeSet<&str> = slugs
        .iter()
        .filter(|(slug, _)| !seen.insert(slug))
        .map(|(slug, _)| slug.as_str())
        .collect();
    // Names that are alone keep their slug, whatever the others become.
    let alone = |slug: &str| !shared.contains(slug) && !taken.contains(slug);
    let keeps: Vec<bool> = slugs.iter().map(|(slug, _)| alone(slug)).collect();
    taken.extend(
        slugs.iter().zip(&keeps).filter(|(_, keeps)| **keeps).map(|((slug, _), _)| slug.clone()),
    );
    let mut keys = Vec::with_capacity(slugs.len());
    for ((slug, number), keeps) in slugs.iter().zip(&keeps) {
        let mut key = slug.clone();
        if !keeps {
            key = format!("{key}-{number}");
            while !taken.insert(key.clone()) {
                key.push_str("-x");
            }
        }
        keys.push(key);
    }
    keys
}

/// A word that is not taken yet: itself, or with the first free number behind it.
pub(crate) fn free(word: &str, taken: &mut BTreeSet<String>) -> String {
    let found = free_among(word, taken);
    taken.insert(found.clone());
    found
}

/// Words that are taken, where many ask for the same one.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    words: BTreeSet<String>,
    /// For a word that was asked for, the number below which nothing is free any more.
    from: BTreeMap<String, u64>,
}

impl Taken {
    /// A word that is not taken yet: itself, or with the first free number behind it.
    pub(crate) fn free(&mut self, word: &str) -> String {
        let from = self.from.entry(word.to_owned()).or_insert(1);
        loop {
            let candidate = if *from == 1 { word.to_owned() } else { format!("{word}-{from}") };
            *from += 1;
            if self.words.insert(candidate.clone()) {
                break candidate;
            }
        }
    }
}

/// The same, and it stays free.
pub(crate) fn free_among(word: &str, taken: &BTreeSet<String>) -> String {
    let numbered = (2_u64..).map(|number| format!("{word}-{number}"));
    let mut candidates = std::iter::once(word.to_owned()).chain(numbered);
    candidates.find(|candidate| !taken.contains(candidate)).unwrap_or_default()
}

/// The name of somebody's file, without its ending.
pub(crate) fn file_name(folded_address: &str, taken: &mut Taken) -> String {
    taken.free(&file_stem(folded_address))
}

/// An address as far as every file system takes it.
pub(crate) fn file_stem(folded_address: &str) -> String {
    let mut name: String = folded_address
        .chars()
        .map(|one| {
            let is_safe = one.is_alphanumeric() || matches!(one, '.' | '_' | '@' | '+' | '-');
            if is_safe { one } else { '_' }
        })
        .collect();
    if name.starts_with(['.', '-']) {
        name.insert(0, '_');
    }
    let mut end = name.len().min(MAX_FILE_NAME);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    name
}

/// The words of a name in lower case: what stands between other characters, and what capital letters
/// begin.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_is_lower = false;
    for one in name.chars() {
        let begins = !one.is_alphanumeric() || (one.is_uppercase() && before_is_lower);
        if begins {
            words.push(String::new());
        }
        if one.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(one.to_lowercase());
        }
        before_is_lower = one.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys_of(names: &[(&str, u64)]) -> Vec<String> {
        keys(names.iter().copied(), "project", &mut BTreeSet::new())
    }

    #[test]
    fn keys_are_what_a_person_would_write() {
        assert_eq!(
            keys_of(&[
                ("MyApp Web – Production", 1),
                ("東京アプリ", 2),
                ("Prüfung (iOS)", 3),
                ("Cafe\u{301}", 4),
                ("🚀", 5),
                ("", 6),
                ("Jane's app", 7),
                ("../../etc", 8),
            ]),
            [
                "myapp-web-production",
                "東京アプリ",
                "prüfung-ios",
                "cafe",
                "project-5",
                "project-6",
                "janes-app",
                "etc"
            ]
        );
    }

    #[test]
    fn names_that_meet_get_their_number_in_any_order() {
        let names = [("Web", 5), ("web!", 6), ("web 5", 7), ("iOS", 8)];
        assert_eq!(keys_of(&names), ["web-5-x", "web-6", "web-5", "ios"]);
        let mut backwards = names;
        backwards.reverse();
        let mut keys = keys_of(&backwards);
        keys.reverse();
        assert_eq!(keys, keys_of(&names));
    }

    #[test]
    fn file_names_stay_in_their_directory_and_are_read() {
        let mut taken = Taken::default();
        assert_eq!(file_name("alex@agency.example", &mut taken), "alex@agency.example");
        assert_eq!(file_name("../x/y@z.example", &mut taken), "_.._x_y@z.example");
        assert_eq!(file_name(".x@z.example", &mut taken), "_.x@z.example");
        assert_eq!(file_name(".x@z.example", &mut taken), "_.x@z.example-2");
        assert!(file_name(&"ü".repeat(300), &mut taken).len() <= MAX_FILE_NAME);
    }

    #[test]
    fn the_first_free_number_is_taken_whoever_asked_before() {
        let (mut taken, mut plain) = (Taken::default(), BTreeSet::new());
        for word in ["a", "a-3", "a", "a", "a", "a-3", "a-2", "b", "a"] {
            assert_eq!(taken.free(word), free(word, &mut plain));
        }
        assert_eq!(taken.words, plain);
    }

    #[test]
    fn words_end_where_capitals_begin() {
        assert_eq!(words("MyApp-Web_Production 2"), ["my", "app", "web", "production", "2"]);
        assert_eq!(words("iOS QA"), ["i", "os", "qa"]);
        assert!(words(" – ").is_empty());
    }
}
