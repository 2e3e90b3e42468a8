//! Environments, told from the names of projects.

use crate::naming::words;

/// Words that name an environment, in the order the environments are written.
const ENVIRONMENTS: [(&str, &[&str]); 4] = [
    ("production", &["production", "prod", "prd", "live"]),
    ("staging", &["staging", "stage", "stg", "preprod", "preproduction", "preview"]),
    ("qa", &["qa", "test", "testing", "tests", "uat"]),
    ("development", &["development", "dev", "develop", "sandbox"]),
];

/// What the name of a project says about its environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Nothing.
    Nothing,
    /// One environment.
    One(&'static str),
    /// Several, so that a person must decide.
    Several(Vec<&'static str>),
}

/// Tells the environment from a name.
pub(crate) fn told(name: &str) -> Told {
    let mut words = words(name);
    // "Pre-Prod" is staging, and "Non-Prod" says only what it is not.
    for at in 1..words.len() {
        let before = words.get(at - 1).map(String::as_str);
        let prefix = match before {
            Some("pre") => "pre",
            Some("non") => "non",
            _ => continue,
        };
        if let Some(word) = words.get_mut(at) {
            *word = format!("{prefix}{word}");
        }
    }
    let found: Vec<&'static str> = ENVIRONMENTS
        .iter()
        .filter(|(_, names)| words.iter().any(|word| names.contains(&word.as_str())))
        .map(|(environment, _)| *environment)
        .collect();
    match found.as_slice() {
        [] => Told::Nothing,
        [one] => Told::One(one),
        _ => Told::Several(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_their_environment() {
        for (name, environment) in [
            ("MyApp-Web-Production", "production"),
            ("Shop (LIVE)", "production"),
            ("webProd", "production"),
            ("ios_stg", "staging"),
            ("Pre-Prod", "staging"),
            ("UAT", "qa"),
            ("my sandbox", "development"),
        ] {
            assert_eq!(told(name), Told::One(environment), "{name}");
        }
        for name in ["Web", "Livestream", "Productions", "Contest", "Non-Prod", ""] {
            assert_eq!(told(name), Told::Nothing, "{name}");
        }
        assert_eq!(told("Live test"), Told::Several(vec!["production", "qa"]));
    }
}
