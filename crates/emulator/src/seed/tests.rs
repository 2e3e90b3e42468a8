use super::*;
use crate::state::State;

const OWNER: &str = "{ id: 1, email: a@acme.example, role: owner }";

fn refusal(yaml: &str) -> String {
    Seed::from_yaml(yaml).unwrap_err().to_string()
}

fn seed(projects: &str, teams: &str, members: &str) -> String {
    format!(
        "organization: {{ id: 1, name: Acme }}\nprojects: [{projects}]\nteams: [{teams}]\nmembers: [{members}]\n"
    )
}

#[test]
fn ids_are_given_in_the_order_of_the_list() {
    let members = format!(
        "{{ email: x@acme.example, role: member }}, {OWNER}, {{ id: 7, email: y@acme.example, role: member }}, \
         {{ email: z@acme.example, role: member }}"
    );
    let state = State::from_seed(&Seed::from_yaml(&seed("", "", &members)).unwrap()).unwrap();
    let ids: Vec<_> =
        state.members.iter().map(|(id, member)| (*id, member.email.as_str())).collect();
    assert_eq!(
        ids,
        [
            (1, "a@acme.example"),
            (7, "y@acme.example"),
            (8, "x@acme.example"),
            (9, "z@acme.example")
        ]
    );
}

#[test]
fn impossible_organizations_are_refused_with_the_place() {
    let web = "{ id: 11, name: Web }";
    for (projects, teams, members, expected) in [
        (web, "", "", "members: nobody is an active owner; an organization has at least one"),
        (
            web,
            "",
            "{ email: a@acme.example, role: owner, status: pending }",
            "members: nobody is an active owner; an organization has at least one",
        ),
        ("{ id: 11, name: A }, { id: 11, name: B }", "", OWNER, "projects[1]: a second project 11"),
        (
            "{ id: 11, name: A, all_users: boss }",
            "",
            OWNER,
            "projects[0].all_users: unknown role \"boss\"; use owner, admin, analyst, consumer or one of \
             the project's custom_roles",
        ),
        (
            "{ id: 11, name: A, custom_roles: [a, b, c, d, e, f] }",
            "",
            OWNER,
            "projects[0].custom_roles: 6 custom roles; at most 5",
        ),
        (
            "{ id: 11, name: A, custom_roles: [viewer] }",
            "",
            OWNER,
            "projects[0].custom_roles: viewer is a standard role; a custom one has another name",
        ),
        (
            web,
            "{ name: T, members: [b@acme.example] }",
            OWNER,
            "teams[0].members: b@acme.example is no member",
        ),
        (web, "{ name: T }, { name: T }", OWNER, "teams[1]: a second team named \"T\""),
        (
            web,
            "{ name: T, projects: { 12: admin } }",
            OWNER,
            "teams[0].projects.12: no such project in `projects`",
        ),
        (web, "", "{ email: nobody, role: owner }", "members[0]: \"nobody\" is no e-mail address"),
        (
            web,
            "",
            "{ id: 1, email: a@acme.example, role: owner }, { id: 1, email: b@acme.example, role: owner }",
            "members[1]: a second one with the id 1",
        ),
        (
            web,
            "",
            "{ email: a@acme.example, role: owner }, { email: a@acme.example, role: owner }",
            "members[1]: a second member a@acme.example",
        ),
    ] {
        assert_eq!(refusal(&seed(projects, teams, members)), expected);
    }
}

#[test]
fn text_that_is_no_seed_is_refused_with_the_line() {
    let start = "organization: { id: 1, name: Acme }\n";
    for (rest, expected) in [
        ("colour: red\n", "unknown field `colour`"),
        ("members:\n  - { email: a@acme.example, role: boss }\n", "unknown variant `boss`"),
        (
            "members:\n  - { email: a@acme.example, role: owner, projects: { 1: a, 1: b } }\n",
            "project 1 is named twice",
        ),
        ("members: [{ role: owner, role: owner }]\n", "duplicate field `role`"),
        (
            "members:\n  - { email: a@acme.example, role: owner, invited_at: soon }\n",
            "\"soon\" is no instant; write 2026-01-31T00:00:00Z, `4 days ago` or `in 30 days`",
        ),
        ("members: [\n", "line"),
    ] {
        let refusal = refusal(&format!("{start}{rest}"));
        assert!(refusal.starts_with("not a seed: "), "{refusal}");
        assert!(refusal.contains(expected) && refusal.contains("line"), "{refusal}");
    }
    assert!(Seed::from_json("{").unwrap_err().to_string().contains("line 1"));
}

#[test]
fn accounts_are_checked_and_their_secrets_not_shown() {
    let accounts =
        |accounts: &str| format!("{}service_accounts: [{accounts}]\n", seed("", "", OWNER));
    let ci = "{ username: ci, secret: hush, email: ci@acme.example }";
    assert_eq!(
        refusal(&accounts(&format!("{ci}, {ci}"))),
        "service_accounts[1]: a second account ci"
    );
    assert_eq!(
        refusal(&accounts(&ci.replace("ci,", "'a:b',"))),
        "service_accounts[0]: a username is not empty and has no colon"
    );
    let seed = Seed::from_yaml(&accounts(ci)).unwrap();
    assert!(!format!("{seed:?}").contains("hush"));
    assert!(seed.to_yaml().unwrap().contains("hush"));
}
