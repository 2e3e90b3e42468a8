//! The codes of the planner's findings.

use mixaccess_model::Severity;

macro_rules! codes {
    ($($constant:ident = $name:literal, $severity:ident, $meaning:literal;)*) => {
        $(pub(crate) const $constant: &str = $name;)*

        /// Every code of a finding that the planner makes, with its severity and one line of meaning.
        pub const CODES: &[(&str, Severity, &str)] =
            &[$(($name, Severity::$severity, $meaning)),*];
    };
}

codes! {
    ACTOR_POWER = "actor-power", Error, "the service would refuse the change for the identity we run as";
    ACTOR_UNKNOWN = "actor-unknown", Note, "the service did not say who the identity we run as is, or what it may do";
    CUSTOM_ROLE_DELETED = "custom-role-deleted", Error, "a declared custom role is gone from the live project, and whoever held it became consumer";
    CUSTOM_ROLE_UNDECLARED = "custom-role-undeclared", Note, "somebody holds a custom role that the files do not list for the project";
    DECLARED_TWICE = "declared-twice", Error, "one address is declared twice";
    DUPLICATE_MEMBER = "duplicate-member", Warning, "two live accounts cannot be told apart, so that nothing is given to them, and what is taken is taken from one a plan";
    DUPLICATE_SERVICE_ACCOUNT = "duplicate-service-account", Warning, "several live service accounts have one name, so that nothing is done about them";
    DUPLICATE_TEAM = "duplicate-team", Warning, "several live teams have one name, so that nothing is done about them and nothing given to their people";
    EFFECTIVE_ABOVE_DECLARED = "effective-above-declared", Warning, "somebody effectively has more than is declared; an error where the policy says so";
    FEW_OWNERS = "few-owners", Warning, "the organization has fewer owners than is prudent";
    FOLLOW_UP_TOKENS = "follow-up-tokens", Note, "somebody gains or loses project admin: tokens and service accounts are to be reviewed";
    GRANT_CHANGES_NOTHING = "grant-changes-nothing", Note, "an individual grant gives nothing that another source does not give";
    GRANT_UNCHANGED = "grant-unchanged", Note, "a declared role is already given by something other than an individual grant";
    INVITATION_EXPIRED = "invitation-expired", Warning, "an invitation can no longer be accepted, and a new one is sent";
    INVITATION_LIMIT = "invitation-limit", Warning, "a plan holds more invitations for an e-mail domain than the service sends in an hour";
    INVITATION_WAITING = "invitation-waiting", Note, "an invitation waits for 72 hours or longer";
    IRREVERSIBLE = "irreversible", Note, "the plan holds changes that cannot be undone";
    LOOK_ALIKE_MEMBER = "look-alike-member", Warning, "an address closely resembles a live account: perhaps two accounts for one person; nobody is invited beside it";
    LOOK_ALIKE_TEAM = "look-alike-team", Warning, "a team is created although one of nearly that name is live";
    MAY_HAVE_EXPIRED = "may-have-expired", Warning, "an invitation is 7 to 14 days old, and may have expired";
    MEMBER_UNREADABLE = "member-unreadable", Warning, "a row of a list of members could not be read, so that nothing is given to whom it is about or may be about";
    NONE_NOT_REACHABLE = "none-not-reachable", Warning, "no access is declared, and something else than an individual grant gives it; an error where the policy says so";
    NOT_UNDONE = "not-undone", Warning, "an undo plan does not take back something that was applied";
    PROJECT_NOT_LIVE = "project-not-live", Error, "a declared project is not in the live organization";
    PROJECT_NOT_READ = "project-not-read", Error, "the members of a project that the plan is about were not read";
    READING_CREDENTIALS = "reading-credentials", Warning, "the credentials can plan, and cannot apply all of it";
    REINVITED = "reinvited", Warning, "a changed role of a pending person takes a new invitation";
    RULE = "rule", Error, "somebody has already what a rule denies, and is given nothing more before it is gone; the plan goes on without that, and `drift` exits 2";
    SCIM_DOMAIN = "scim-domain", Warning, "somebody is marked as managed by SCIM, and their domain is not claimed";
    SCIM_HAND_MADE = "scim-hand-made", Warning, "somebody whom an identity provider manages holds an individual grant, which is reverted where SCIM reaches the domain";
    SCIM_REMOVED_STILL_ACCESS = "scim-removed-still-access", Warning, "somebody was removed at the identity provider and is still in the organization";
    SCIM_REVERTED = "scim-reverted", Warning, "what SCIM last set differs from the files";
    SCIM_UNDECLARED = "scim-undeclared", Warning, "an identity provider manages somebody, and the files do not say so";
    SCIM_UNREADABLE = "scim-unreadable", Warning, "membership should be written through SCIM, and its groups were not read";
    SERVICE_ACCOUNT_ADMIN_WITHOUT_PURPOSE = "service-account-admin-without-purpose", Warning, "a service account administers something and nobody says what it is for";
    SERVICE_ACCOUNT_EXPIRED = "service-account-expired", Warning, "the credentials of a service account have expired";
    SERVICE_ACCOUNT_EXPIRES_DIFFERS = "service-account-expires-differs", Warning, "a service account expires at another time than declared, and the service cannot change that";
    SERVICE_ACCOUNT_EXPIRING = "service-account-expiring", Warning, "the credentials of a service account expire within 30 days";
    SERVICE_ACCOUNT_LEFT_BEHIND = "service-account-left-behind", Warning, "somebody who goes has created or owns service accounts";
    SERVICE_ACCOUNT_NEVER_USED = "service-account-never-used", Warning, "a service account was never used";
    SERVICE_ACCOUNT_NO_EXPIRY = "service-account-no-expiry", Note, "the credentials of a service account never expire";
    SERVICE_ACCOUNT_OWNER_GONE = "service-account-owner-gone", Warning, "whoever answers for a service account is gone or suspended";
    SERVICE_ACCOUNT_SECRET_UNSETTLED = "service-account-secret-unsettled", Warning, "an apply created a service account, and nobody may have its secret";
    SERVICE_ACCOUNT_UNREADABLE = "service-account-unreadable", Warning, "service accounts are declared and were not read, so that nothing is done about them";
    SERVICE_ACCOUNT_UNUSED = "service-account-unused", Warning, "a service account was not used for 30 days";
    SPELLING = "spelling", Warning, "the live address is spelled differently";
    STILL_HAS_ACCESS = "still-has-access", Warning, "somebody keeps access through something other than an individual grant";
    TEAM_DELETED = "team-deleted", Warning, "a team is deleted, and who loses what by it";
    TEAM_MEMBER_ABSENT = "team-member-absent", Warning, "a team names somebody who is not in the organization and not declared";
    TEAMS_UNREADABLE = "teams-unreadable", Warning, "teams are declared and were not read, so that nothing is done about them and nothing given to their people";
    UNDECLARED_PROJECT_UNREAD = "undeclared-project-unread", Warning, "what somebody has in an undeclared project counts, and is unknown";
    UNKNOWN_CUSTOM_ROLE = "unknown-custom-role", Error, "a grant names a custom role that the live project does not have";
    UNKNOWN_ORGANIZATION_ROLE = "unknown-organization-role", Warning, "the service names an organization role that we do not know";
    UNKNOWN_VERB = "unknown-verb", Error, "the dialect has no way to make a change";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_kebab_case() {
        assert!(CODES.is_sorted_by(|a, b| a.0 < b.0));
        for (code, _, meaning) in CODES {
            assert!(code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{code}");
            assert!(!meaning.ends_with('.'), "{meaning}");
        }
    }
}
