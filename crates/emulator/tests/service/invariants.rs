//! What holds after any sequence of requests.

use mixaccess_emulator::{Emulator, EmulatorOptions, Fault, OrganizationRole, Seed, Shape, seed};
use proptest::prelude::*;

use crate::client::{seed, send_as, start};

const ACCOUNTS: [&str; 4] = ["ci:demo-secret", "jordan:demo-secret-jordan", "silent:s", "lead:s"];

fn requests() -> impl Strategy<Value = Vec<(usize, String, String)>> {
    let role = prop::sample::select(vec![
        "owner",
        "admin",
        "billing_admin",
        "member",
        "analyst",
        "viewer",
        "consumer",
        "Messenger",
        "x",
    ]);
    let email = prop::sample::select(vec![
        "priya@acme.example",
        "jordan@acme.example",
        "sam@agency.example",
        "new@agency.example",
        "Sam@agency.example",
        "zoe@partner.example",
        "nobody",
    ]);
    let user = prop_oneof![9 => 501..508_u64, 1 => Just(9)];
    let project = prop_oneof![9 => 11..13_u64, 1 => Just(9)];
    let request =
        (0..7_usize, role, email, user, project).prop_map(|(verb, role, email, user, project)| {
            match verb {
                0 => (
                    format!("POST /organizations/12345/members/{user}"),
                    format!(r#"{{"role":"{role}"}}"#),
                ),
                1 => (
                    "POST /organizations/12345/members".to_owned(),
                    format!(r#"{{"email":"{email}","role":"{role}"}}"#),
                ),
                2 => (format!("DELETE /organizations/12345/members/{user}"), String::new()),
                3 => (
                    format!("POST /projects/{project}/members"),
                    format!(r#"{{"email":"{email}","role":"{role}"}}"#),
                ),
                4 => (
                    format!("PUT /projects/{project}/members/{user}"),
                    format!(r#"{{"role":"{role}"}}"#),
                ),
                5 => (format!("DELETE /projects/{project}/members/{user}"), String::new()),
                _ => ("POST /__emulator/accept".to_owned(), format!(r#"{{"email":"{email}"}}"#)),
            }
        });
    let request = (0..ACCOUNTS.len(), request).prop_map(|(who, (line, body))| (who, line, body));
    prop::collection::vec(request, 1..40)
}

fn has_an_owner(state: &Seed) -> bool {
    let is_owner = |member: &seed::Member| {
        member.role == OrganizationRole::Owner && member.status == seed::Status::Active
    };
    state.members.iter().any(is_owner)
}

/// The state without when the accounts were last used, which reading and being refused change as well.
fn without_uses(mut state: Seed) -> Seed {
    for account in &mut state.service_accounts {
        account.last_used = None;
    }
    state
}

/// Sends the requests and checks after each what must hold.
fn check(emulator: &Emulator, requests: &[(usize, String, String)]) -> Result<(), TestCaseError> {
    emulator.replace(&seed()).unwrap();
    for (who, line, body) in requests {
        let before = (without_uses(emulator.state()), emulator.audit().len());
        let answer = send_as(emulator, ACCOUNTS[*who], line, body);
        let after = (without_uses(emulator.state()), emulator.audit().len());
        prop_assert!(answer.status < 500, "{line} {body}: {}", answer.body);
        prop_assert!(has_an_owner(&after.0), "no owner after {line} {body}");
        prop_assert_eq!(before.1 == after.1, before.0.members == after.0.members);
        if answer.status != 200 {
            prop_assert_eq!(&before, &after);
        }
        // Of the four accounts only the owner makes or unmakes owners.
        let owners = |state: &Seed| {
            let owners = state.members.iter().filter(|m| m.role == OrganizationRole::Owner);
            owners.map(|member| member.email.clone()).collect::<Vec<_>>()
        };
        if *who != 0 {
            prop_assert_eq!(owners(&before.0), owners(&after.0));
        }
    }
    // What can be dumped can be continued from.
    let state = emulator.state();
    prop_assert_eq!(Seed::from_yaml(&state.to_yaml().unwrap()).unwrap(), state);
    Ok(())
}

#[test]
fn an_owner_remains_and_refusals_change_nothing() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let options = EmulatorOptions { invitations_per_hour: None, ..EmulatorOptions::default() };
    let emulator = runtime.block_on(start(options));
    proptest!(ProptestConfig::with_cases(48), |(requests in requests())| {
        check(&emulator, &requests)?;
    });
    runtime.block_on(emulator.stop());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_makes_a_parser_panic(text in "\\PC{0,30}|[A-Z/* =a-z0-9:\"\\\\,-]{0,40}", seed in "(organization|members|id|role|email|[-:{}\\[\\],\n &*!|>0-9]){0,40}") {
        let _ = text.parse::<Fault>();
        let _ = text.parse::<Shape>();
        let _ = Seed::from_yaml(&seed);
        let _ = Seed::from_json(&text);
    }

    #[test]
    fn what_a_fault_says_is_read_back(fault in faults()) {
        let read: Fault = fault.parse().unwrap();
        prop_assert_eq!(read.to_string().parse::<Fault>().unwrap(), read);
    }
}

/// Faults with any words the grammar has.
fn faults() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec!["GET /me", "* **", "PUT,POST /projects/*/members/**"]);
    let kind = prop_oneof![
        (200..600_u16, "[ -~]{0,12}").prop_map(|(code, body)| {
            let body = body.replace('\\', "\\\\").replace('"', "\\\"");
            format!("status={code} retry-after=date:{code} body=\"{body}\" after")
        }),
        prop::sample::select(vec![
            "reset",
            "hang",
            "hang=3s after",
            "html=404",
            "truncate=7 before"
        ])
        .prop_map(str::to_owned),
        prop::sample::select(vec!["slow=20ms", "stale=4", "lie"]).prop_map(str::to_owned),
    ];
    let turns = prop::sample::select(vec!["", "times=always", "nth=3 times=2 account=ci"]);
    (line, kind, turns).prop_map(|(line, kind, turns)| format!("{line} {kind} {turns}"))
}
