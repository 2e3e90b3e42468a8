//! `doctor`: what an organization answers, in whatever combination.

use crate::harness::mixed::{FILES, SEED};
use crate::harness::{Bench, side_by_side, words};

struct Case {
    dialect: &'static str,
    served: &'static str,
    scim: &'static str,
    token: &'static str,
    code: i32,
    shown: &'static [&'static str],
}

const fn case(
    dialect: &'static str,
    served: &'static str,
    code: i32,
    shown: &'static [&'static str],
) -> Case {
    Case { dialect, served, scim: "", token: "", code, shown }
}

const PROVIDER: &str = ", identity_provider: { provider: okta, domains: [acme.example] }";

const CASES: [Case; 15] = [
    case("members", "", 0, &["pass dialect members: the files declare it"]),
    case("app", "", 0, &["pass dialect app: the files declare it"]),
    case("auto", "", 0, &["pass dialect app: GET /api/app/organizations/12345/users/ answers"]),
    case("auto", "prefixes: ['']", 0, &["app: GET /organizations/12345/users/ answers"]),
    case(
        "auto",
        "without: [app]",
        0,
        &[
            "members: neither GET /api/app/organizations/12345/users/ nor GET /organizations/12345/users/ answers",
        ],
    ),
    case("members", "without: [members]", 1, &["fail endpoint members of the organization", "404"]),
    case(
        "app",
        "without: [app]",
        0,
        &["warn dialect app: the files declare it, and it does not answer"],
    ),
    case(
        "app",
        "without: [members]",
        0,
        &["warn endpoint members of the organization", "pass dialect app"],
    ),
    case("members", "without: [projects]", 1, &["fail endpoint projects of the organization"]),
    case("members", "without: [me]", 1, &["fail endpoint who the credentials are", "unreadable"]),
    case(
        "members",
        "without: [audit_log, teams, service_accounts, tokens, scim]",
        0,
        &[
            "warn endpoint audit log",
            "warn endpoint teams of the organization",
            "warn endpoint service accounts of the organization",
            "warn endpoint tokens of a project",
            "warn endpoint log of SCIM",
        ],
    ),
    Case {
        scim: PROVIDER,
        ..case("members", "", 0, &["skip", "scim no token", "MIXPANEL_SCIM_TOKEN"])
    },
    Case {
        scim: PROVIDER,
        token: "a-scim-token-0123456789",
        ..case("auto", "", 0, &["pass scim ServiceProviderConfig: patch yes, filter yes, bulk no"])
    },
    Case { scim: PROVIDER, token: "wrong-token", ..case("members", "", 0, &["warn scim", "401"]) },
    Case {
        scim: PROVIDER,
        token: "a-scim-token-0123456789",
        ..case("members", "without: [scim]", 0, &["warn scim", "404"])
    },
];

#[test]
fn doctor_says_what_an_organization_answers() {
    side_by_side(&CASES, |Case { dialect, served, scim, token, code, shown }| {
        let seed = SEED.replace("projects:\n", &format!(
                "served: {{ {served} }}\nscim: {{ token: a-scim-token-0123456789, claimed_domains: [acme.example] }}\nprojects:\n"
            ));
        let files = FILES.replace("Acme Corp }", &format!("Acme Corp, api: {dialect}{scim} }}"));
        let bench = Bench::new(&seed, &files);
        let mut program = bench.program(&words("doctor --width 200"));
        if !token.is_empty() {
            program = program.variable("MIXPANEL_SCIM_TOKEN", token);
        }
        let mut run = program.run().exits(*code);
        for one in *shown {
            run = run.shows(one);
        }
        run.never_shows("a-scim-token").never_shows("wrong-token");
        assert_eq!(bench.writes(), []);
    });
}

#[test]
fn doctor_says_what_the_credentials_may() {
    let bench = Bench::new(SEED, FILES);
    let weak = bench.program(&words("doctor")).variable("MIXPANEL_SERVICE_ACCOUNT", "weak").run();
    weak.exits(0).shows("warn privilege").shows("organization member");
    let wrong =
        bench.program(&words("doctor")).variable("MIXPANEL_SERVICE_ACCOUNT_SECRET", "another");
    wrong.run().exits(1).shows("401").never_shows("another");
    let none = bench.program(&words("doctor")).without("MIXPANEL_SERVICE_ACCOUNT").run();
    none.exits(1).shows("fail credentials").shows("MIXPANEL_SERVICE_ACCOUNT");
}

#[test]
fn doctor_fails_on_what_other_commands_refuse() {
    let goes_on = |list: &str| {
        let row = r#"{\"id\":501,\"email\":\"priya@acme.example\",\"role\":\"owner\",\"username\":\"a\",\"name\":\"n\",\"members\":[],\"projects\":[]}"#;
        format!(
            r#"GET {list} status=200 times=always body="{{\"results\":[{row}],\"meta\":{{\"hasMore\":\"true\"}}}}""#
        )
    };
    let faults = [
        ("members", "/organizations/*/members", "fail endpoint members of the organization"),
        ("app", "/organizations/*/users", "fail endpoint users of the organization"),
        ("auto", "/organizations/*/users", "fail endpoint users of the organization"),
        ("members", "/organizations/*/projects", "fail endpoint projects of the organization"),
        ("members", "/organizations/*/teams", "fail endpoint teams of the organization"),
        ("app", "/organizations/*/service-accounts", "fail endpoint service accounts of the"),
        ("app", "/projects/*/members", "fail endpoint members of a project"),
        ("members", "/projects/*/tokens", "fail endpoint tokens of a project"),
    ];
    side_by_side(&faults, |(dialect, list, shown)| {
        let files = FILES.replace("Acme Corp }", &format!("Acme Corp, api: {dialect} }}"));
        let bench = Bench::new(SEED, &files);
        bench.fail(&[&goes_on(list)]);
        let run = bench.run("doctor --width 300").exits(1).shows(shown);
        run.shows("unreadable: the list goes on (`hasMore`: `true`)");
        assert_eq!(bench.writes(), []);
    });
    // A dialect that is not used may answer what it likes.
    let files = FILES.replace("Acme Corp }", "Acme Corp, api: members }");
    let bench = Bench::new(SEED, &files);
    bench.fail(&[&goes_on("/organizations/*/users")]);
    bench.run("doctor --width 300").exits(0).shows("warn endpoint users of the organization");
    // What SCIM lists is read too, where there is a token.
    let seed = SEED.replace(
        "projects:\n",
        "scim: { token: a-scim-token-0123456789, claimed_domains: [acme.example] }\nprojects:\n",
    );
    let bench = Bench::new(&seed, FILES);
    bench.fail(&[
        r#"GET /scim/v2/Users status=200 times=always body="{\"totalResults\":\"7\",\"Resources\":[]}""#,
    ]);
    let doctor = bench.program(&words("doctor --width 300"));
    let run = doctor.variable("MIXPANEL_SCIM_TOKEN", "a-scim-token-0123456789").run().exits(1);
    run.shows("fail endpoint people of SCIM").shows("ends after 0 of 7 resources");
}

#[test]
fn doctor_warns_of_rows_without_which_a_plan_goes_on() {
    let owner = r#"{"id":501,"email":"priya@acme.example","role":"owner","username":"mixaccess","name":"n","members":[],"projects":[]}"#;
    let unnamed = r#"{"id":599,"role":"owner"}"#;
    let sideways =
        r#"{"id":505,"email":"granted@agency.example","role":"admin","grant_type":"sideways"}"#;
    side_by_side(
        &[
            (
                "/organizations/*/members",
                unnamed,
                "members of the organization",
                "it has no e-mail",
            ),
            ("/organizations/*/users", unnamed, "users of the organization", "it has no e-mail"),
            (
                "/projects/*/members",
                sideways,
                "members of a project",
                "it, about granted@agency.example,",
            ),
            (
                "/organizations/*/teams",
                "{}",
                "teams of the organization",
                "1 row could not be read",
            ),
            (
                "/organizations/*/service-accounts",
                "{}",
                "service accounts of",
                "1 row could not be",
            ),
            ("/projects/*/service-accounts", "{}", "service accounts of a project", "1 row could"),
        ],
        |(list, odd, purpose, said)| {
            let bench = Bench::new(SEED, FILES);
            let answer = |rows: &[&str]| {
                let body = format!("{{\"results\":[{}]}}", rows.join(",")).replace('"', "\\\"");
                format!("GET {list} status=200 times=always body=\"{body}\"")
            };
            bench.fail(&[&answer(&[owner, odd])]);
            let run = bench.run("doctor --width 400").exits(0);
            run.shows(&format!("warn endpoint {purpose}")).shows(said).shows("Plans go on");
            // Where no row can be read, it is the list that is not understood.
            bench.fail(&[&answer(&[odd])]);
            bench.run("doctor --width 400").shows(&format!("endpoint {purpose}")).shows("row 1 ");
        },
    );
}
