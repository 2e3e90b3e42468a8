//! Finding people in free text: addresses, known names, and file names made of either.

use std::collections::{BTreeMap, BTreeSet};

/// People who are known, by the words that give them away.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lexicon {
    /// Sequences of words in lower case.
    phrases: BTreeMap<Vec<String>, String>,
    /// How long the sequences with this first word are.
    lengths: BTreeMap<String, BTreeSet<usize>>,
    /// Single words that give somebody away where the text is about them, or in a file name.
    words: BTreeMap<String, String>,
}

/// Words that mean something else in most texts, whatever somebody is called.
const ORDINARY: [&str; 25] = [
    "access",
    "admin",
    "analyst",
    "billing",
    "collaborators",
    "consumer",
    "custom",
    "files",
    "for",
    "group",
    "member",
    "members",
    "none",
    "not",
    "organization",
    "owner",
    "person",
    "policy",
    "profile",
    "project",
    "role",
    "team",
    "the",
    "viewer",
    "yaml",
];
/// A shorter word says too little about who is meant.
const SHORTEST: usize = 3;

impl Lexicon {
    /// Learns a person by the case-folded address and the name.
    pub(crate) fn learn(&mut self, address: &str, name: Option<&str>, pseudonym: &str) {
        let local = address.split('@').next().unwrap_or(address);
        for phrase in [Some(address), name].into_iter().flatten() {
            let phrase: Vec<String> = words(phrase).map(|word| word.text.to_lowercase()).collect();
            let single = phrase.len() == 1;
            if !single {
                // `alexexample.yaml`: both names run together.
                self.words.entry(phrase.concat()).or_insert_with(|| pseudonym.to_owned());
            }
            match phrase.first() {
                Some(first) if !(single && is_ordinary(first)) => {
                    self.lengths.entry(first.clone()).or_default().insert(phrase.len());
                    self.phrases.entry(phrase).or_insert_with(|| pseudonym.to_owned());
                }
                _ => {}
            }
        }
        for word in words(local).chain(words(name.unwrap_or_default())) {
            let word = word.text.to_lowercase();
            if !is_ordinary(&word) {
                self.words.entry(word).or_insert_with(|| pseudonym.to_owned());
            }
        }
    }

    /// Replaces known phrases, and with `narrow` also single words of known people.
    pub(crate) fn replace(&self, text: &str, narrow: bool) -> String {
        let found: Vec<Word<'_>> = words(text).collect();
        let folded: Vec<String> = found.iter().map(|word| word.text.to_lowercase()).collect();
        let mut out = String::with_capacity(text.len());
        let (mut at, mut copied) = (0, 0);
        while let (Some(word), Some(rest)) = (found.get(at), folded.get(at..)) {
            let Some((length, pseudonym)) = self.match_at(rest, narrow) else {
                at += 1;
                continue;
            };
            let end = found.get(at + length - 1).map_or(word.end, |last| last.end);
            out.push_str(text.get(copied..word.start).unwrap_or_default());
            out.push_str(pseudonym);
            copied = end;
            at += length;
        }
        out.push_str(text.get(copied..).unwrap_or_default());
        out
    }

    fn match_at(&self, rest: &[String], narrow: bool) -> Option<(usize, &str)> {
        let first = rest.first()?;
        let phrase = self.lengths.get(first).into_iter().flatten().rev().find_map(|length| {
            let phrase = rest.get(..*length)?;
            self.phrases.get(phrase).map(|pseudonym| (*length, pseudonym.as_str()))
        });
        let word = || self.words.get(first).map(|pseudonym| (1, pseudonym.as_str()));
        phrase.or_else(|| if narrow { word() } else { None })
    }

    /// The pseudonym of somebody whom a part of a path gives away.
    pub(crate) fn in_path(&self, part: &str) -> Option<&str> {
        words(part).find_map(|word| self.words.get(&word.text.to_lowercase())).map(String::as_str)
    }
}

fn is_ordinary(word: &str) -> bool {
    word.chars().count() < SHORTEST
        || ORDINARY.contains(&word)
        || word.chars().all(char::is_numeric)
}

/// A run of letters and digits, with where it stands.
struct Word<'a> {
    text: &'a str,
    start: usize,
    end: usize,
}

fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    text.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty()).map(
        |word| {
            let start = word.as_ptr().addr() - text.as_ptr().addr();
            Word { text: word, start, end: start + word.len() }
        },
    )
}

/// Replaces everything that looks like an address or a handle, known or not.
pub(crate) fn replace_addresses(text: &str, pseudonym: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('@') {
        let from = before
            .char_indices()
            .rev()
            .take_while(|(_, character)| in_local_part(*character))
            .last()
            .map_or(before.len(), |(at, _)| at);
        let domain =
            |character: char| character.is_alphanumeric() || matches!(character, '.' | '-' | '_');
        let end = after.find(|character| !domain(character)).unwrap_or(after.len());
        let host = after.get(..end).unwrap_or_default().trim_end_matches(['.', '-']);
        let local = before.get(from..).unwrap_or_default();
        out.push_str(before.get(..from).unwrap_or_default());
        // `*@agency.example` names a company, nobody in it.
        if host.is_empty() && local.is_empty() || local == "*" {
            out.push_str(local);
            out.push('@');
            out.push_str(host);
        } else {
            out.push_str(&pseudonym(&format!("{local}@{host}")));
        }
        rest = after.get(host.len()..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

fn in_local_part(character: char) -> bool {
    !character.is_whitespace()
        && !matches!(
            character,
            '<' | '>'
                | '('
                | ')'
                | '['
                | ']'
                | '{'
                | '}'
                | ','
                | ';'
                | ':'
                | '"'
                | '`'
                | '\''
                | '/'
                | '\\'
                | '|'
                | '='
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lexicon() -> Lexicon {
        let mut lexicon = Lexicon::default();
        lexicon.learn("alex.example@agency.example", Some("Alex Example"), "person-1");
        lexicon.learn("admin@agency.example", Some("Admin"), "person-2");
        lexicon
    }

    #[test]
    fn names_are_found_whatever_their_case() {
        let text = "ALEX example (alex.example@agency.example) is no admin; Alex asked";
        assert_eq!(lexicon().replace(text, false), "person-1 (person-1) is no admin; Alex asked");
        assert_eq!(
            lexicon().replace(text, true),
            "person-1 (person-1) is no admin; person-1 asked"
        );
    }

    #[test]
    fn file_names_give_people_away() {
        let lexicon = lexicon();
        for part in ["alex.yaml", "alex_example.yaml", "AlexExample.yaml", "example-a.yaml"] {
            assert_eq!(lexicon.in_path(part), Some("person-1"), "{part}");
        }
        assert_eq!(lexicon.in_path("admin.yaml"), None);
        assert_eq!(lexicon.in_path("policy.yaml"), None);
    }

    #[test]
    fn unknown_addresses_and_handles_are_found() {
        let replaced = |text| replace_addresses(text, |found| format!("[{found}]"));
        assert_eq!(
            replaced("ask <bo@x.example>, @jordan or zoë+a@ü.example."),
            "ask <[bo@x.example]>, [@jordan] or [zoë+a@ü.example]."
        );
        assert_eq!(replaced("*@agency.example and 3 @ 4"), "*@agency.example and 3 @ 4");
        assert_eq!(replaced("a@b@c"), "[a@b][@c]");
    }
}
