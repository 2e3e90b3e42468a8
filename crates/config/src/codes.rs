//! Every code that this crate gives to a problem, with its severity and what it means.

use mixaccess_model::Severity;

/// What a problem is called, how much it matters, and what it means in one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code {
    /// Stable kebab-case name.
    pub(crate) name: &'static str,
    /// How much it matters.
    pub(crate) severity: Severity,
    /// What it means.
    pub(crate) meaning: &'static str,
}

macro_rules! codes {
    ($($constant:ident = $name:literal, $severity:ident, $meaning:literal;)*) => {
        $(pub(crate) const $constant: Code =
            Code { name: $name, severity: Severity::$severity, meaning: $meaning };)*

        /// Every code of this crate: name, severity, one line.
        pub const CODES: &[(&str, Severity, &str)] =
            &[$(($name, Severity::$severity, $meaning)),*];
    };
}

codes! {
    ADDRESS_ALIAS = "address-alias", Warning, "two declared addresses differ only by a `+alias`";
    ADDRESS_BLANKS = "address-blanks", Warning, "an address has blanks around it";
    ADDRESS_CAPITALS = "address-capitals", Warning, "an address is written with capital letters";
    ADDRESS_INVALID = "address-invalid", Error, "what should be an e-mail address is none";
    ADDRESS_INVISIBLE = "address-invisible", Error, "an address contains characters that cannot be seen";
    ADDRESS_LOOKALIKE = "address-lookalike", Warning, "two declared addresses look alike";
    ADDRESS_MIXED_SCRIPT = "address-mixed-script", Warning, "an address mixes letters of several scripts";
    ALIAS = "alias", Error, "a YAML alias expands to too much, or to itself";
    AMBIGUOUS_KEY = "ambiguous-key", Error, "a project and a project group have the same key";
    BAD_DATE = "bad-date", Error, "a date or time cannot be read";
    BAD_KEY = "bad-key", Error, "a project, group, profile, team or service account has a key that cannot be used";
    BAD_VALUE = "bad-value", Error, "a value is of the right type and still not possible";
    BASE_URL = "base-url", Error, "a file names the address of the service, which only `MIXPANEL_BASE_URL` may";
    CHOOSE_ORGANIZATION = "choose-organization", Error, "several organizations, and none was chosen";
    CUSTOM_ROLES = "custom-roles", Warning, "a project lists more custom roles than the service allows";
    DUPLICATE_ID = "duplicate-id", Error, "two projects have the same id";
    DUPLICATE_KEY = "duplicate-key", Error, "the same key is declared twice";
    DUPLICATE_NAME = "duplicate-name", Error, "two teams, or two service accounts, have the same name";
    EMPTY_GROUP = "empty-group", Warning, "a project group names no project";
    GROUP_CONFLICT = "group-conflict", Error, "two groups give different roles in one project at one level";
    MISSING_KEY = "missing-key", Error, "a key that must be there is missing";
    NO_EFFECT = "no-effect", Warning, "an entry can never take effect";
    NO_ORGANIZATION = "no-organization", Error, "no file declares the organization";
    NOTHING_DECLARED = "nothing-declared", Error, "there is no file, or none of them declares anything";
    NOT_A_FILE = "not-a-file", Error, "something is named like a file of ours and is not a regular file";
    NOT_UTF8 = "not-utf8", Error, "a file is not UTF-8";
    OUTSIDE_TREE = "outside-tree", Error, "a symbolic link leads out of the directory";
    OVERRIDE_EXPIRED = "override-expired", Note, "an override of a guard rail is past its `until`";
    SECRET = "secret", Error, "a key would hold a secret, which no file may";
    SEVERAL_DOCUMENTS = "several-documents", Error, "a file holds more than one YAML document";
    SYNTAX = "syntax", Error, "a file is not valid YAML";
    TEAM_CONFLICT = "team-conflict", Error, "a team names somebody whose own `teams` leave it out";
    TEAM_MEMBER_UNDECLARED = "team-member-undeclared", Warning, "a team names somebody who is no declared collaborator";
    TOO_DEEP = "too-deep", Error, "a file nests deeper than any declaration does";
    TOO_LARGE = "too-large", Error, "a file, or all of them together, is too large to read";
    TOO_MANY = "too-many", Error, "more problems were found than are shown";
    TOO_MANY_GRANTS = "too-many-grants", Error, "people times projects come to more grants than any organization has";
    UNKNOWN_ENVIRONMENT = "unknown-environment", Warning, "a policy names an environment that no project has";
    UNKNOWN_KEY = "unknown-key", Error, "a key has no meaning in its place";
    UNKNOWN_ORGANIZATION = "unknown-organization", Error, "the chosen organization has no directory";
    UNKNOWN_OWNER = "unknown-owner", Error, "the owner of a service account is no declared collaborator";
    UNKNOWN_PROFILE = "unknown-profile", Error, "a profile is used that is not declared";
    UNKNOWN_PROJECT = "unknown-project", Error, "a project or group is named that is not declared";
    UNKNOWN_ROLE = "unknown-role", Error, "a role that does not exist there";
    UNKNOWN_TEAM = "unknown-team", Error, "a team is named that is not declared";
    UNKNOWN_TIME_ZONE = "unknown-time-zone", Error, "a time zone is not in the IANA database";
    UNKNOWN_WORD = "unknown-word", Error, "a word is none of those that are possible in its place";
    UNREADABLE = "unreadable", Error, "a file or directory cannot be read";
    UNTIL_BEFORE_FROM = "until-before-from", Error, "an entry ends before it begins";
    UNUSED_PROFILE = "unused-profile", Note, "no collaborator has this profile";
    WRONG_TYPE = "wrong-type", Error, "a value is of the wrong type";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_by_name_unique_and_kebab_case() {
        assert!(CODES.iter().all(|(name, _, _)| {
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        }));
        let mut names: Vec<_> = CODES.iter().map(|(name, _, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CODES.len());
    }
}
