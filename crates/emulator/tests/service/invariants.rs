//! What holds after any sequence of requests.

use mixaccess_emulator::{Emulator, EmulatorOptions, Fault, OrganizationRole, Seed, Shape, seed};
use proptest::prelude::*;

use crate::client::{send_as, start};
use crate::random::{ACCOUNTS, SCIM, requests, seed};

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

/// The state without what is written down of how it came to be.
fn without_log(state: &Seed) -> Seed {
    Seed { events: Vec::new(), scim_log: Vec::new(), ..state.clone() }
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
        if !(200..300).contains(&answer.status) {
            prop_assert_eq!(&before, &after);
        }
        // The identity provider and the passing of time have their own rules.
        if *who == SCIM || line.contains("/__emulator/advance") {
            continue;
        }
        let is_same = without_log(&before.0) == without_log(&after.0);
        // An invitation that is sent again within the same instant is an event and no change.
        if !line.ends_with("resend-invite") {
            prop_assert_eq!(before.1 == after.1, is_same, "{} {}", line, body);
        }
        // Of the accounts only the owner makes or unmakes owners.
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
    let read = Seed::from_yaml(&state.to_yaml().unwrap()).unwrap();
    emulator.replace(&read).unwrap();
    prop_assert_eq!(emulator.state(), state);
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
