//! Answers that cannot be whole: nobody is invited, removed or called gone because of one.

use mixaccess_emulator::{EmulatorOptions, Shape};

use crate::harness::mixed::{FILES, INVITED, SEED};
use crate::harness::{Bench, side_by_side};

/// A bench whose lists say how long they are.
fn telling() -> Bench {
    let shape = Shape { total: true, ..Shape::default() };
    Bench::with(SEED, FILES, EmulatorOptions { shape, ..EmulatorOptions::default() })
}

const COMMANDS: [&str; 8] = [
    "plan --out plan.json",
    "drift",
    "explain priya@acme.example",
    "snapshot --out live.json",
    "init --config new --organization-id 12345",
    "adopt --all",
    "apply --auto-approve",
    "doctor",
];

#[test]
fn a_list_of_members_that_is_cut_or_empty_stops_every_command() {
    let faults = [
        ("members", "empty", "ends after 0 of the 7 rows"),
        ("members", "cut=2", "ends after 5 of the 7 rows"),
        ("projects", "cut", "ends after 2 of the 3 rows"),
    ];
    side_by_side(&faults, |(list, fault, figures)| {
        let bench = telling();
        // Where the dialect is looked for, people are listed as users.
        let other = if *list == "members" { "users" } else { list };
        let faults =
            [*list, other].map(|list| format!("GET /organizations/*/{list} {fault} times=always"));
        for command in COMMANDS {
            bench.fail(&faults.each_ref().map(String::as_str));
            let run = bench.run(command).exits(1);
            let told = format!("{}{}", run.stdout, run.stderr);
            let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(
                told.contains("unreadable: ") && told.contains(figures),
                "{list} {fault}: {run}"
            );
            assert!(told.contains("GET /api/app/organizations/12345/"), "{list} {fault}: {run}");
        }
        assert!(!bench.path("plan.json").exists() && !bench.path("live.json").exists());
        assert!(!bench.path("new").exists());
        assert_eq!(bench.writes(), []);
    });
}

#[test]
fn members_without_an_accepted_owner_stop_every_command() {
    let whole = Bench::new(SEED, FILES);
    let mut snapshot: serde_json::Value = {
        whole.run("snapshot --out live.json").exits(0);
        serde_json::from_str(&whole.read("live.json")).unwrap()
    };
    for member in snapshot["members"].as_array_mut().unwrap() {
        member["organization_role"] = "admin".into();
    }
    whole.write("ownerless.json", snapshot.to_string());
    for command in ["plan", "drift", "explain priya@acme.example", "adopt --all"] {
        let run = whole.run(&format!("{command} --live ownerless.json")).exits(1);
        run.says("unreadable: ").says("none of the 7 members").says("ownerless.json");
    }
    // The dialect that is asked does not matter.
    for api in ["members", "app", "auto"] {
        let files = FILES.replace("id: 12345 }", &format!("id: 12345, api: {api} }}"));
        let bench = Bench::new(SEED, &files);
        bench.fail(&[
            "GET /organizations/*/members empty times=always",
            "GET /organizations/*/users empty times=always",
        ]);
        bench.run("plan --out plan.json").exits(1).says("unreadable: the list of members is empty");
        assert!(!bench.path("plan.json").exists());
    }
}

#[test]
fn nobody_is_called_gone_by_half_a_list() {
    let bench = telling();
    bench.run("plan --out plan.json").exits(0);
    // Found out before the first write.
    bench.fail(&["GET /organizations/*/members cut times=always"]);
    bench.run("apply plan.json").exits(1).says("unreadable: ");
    assert_eq!(bench.writes(), []);
    // The removal is accepted and not carried out, its answer is lost, and every later list is cut.
    bench.fail(&[
        "DELETE /organizations/*/members/507 reset times=always",
        "GET /organizations/*/members cut nth=2 times=always",
    ]);
    let run = bench.run("apply plan.json --max-wait 0").exits(4);
    assert!(run.stdout.contains("unreadable"), "{run}");
    run.never_shows("verified:");
    bench.fail(&["GET /organizations/*/members cut times=always"]);
    bench.run("apply plan.json --resume --max-wait 0").exits(1).says("unreadable: ");
    bench.fail(&[]);
    bench.run("apply plan.json --resume").exits(0).shows("verified");
    bench.agrees();
    assert_eq!(bench.invited(), INVITED);
}

#[test]
fn whoever_was_in_the_list_before_is_missed() {
    // The identity is a member, as somebody is who runs this with an account of their own.
    let bench = Bench::new(&SEED.replace("ci@acme.example", "marisol@acme.example"), FILES);
    bench.run("plan --out plan.json").exits(0);
    let without = "GET /organizations/*/LIST status=200 times=always body=\"{\\\"results\\\":[{\\\"id\\\":501,\\\"email\\\":\\\"priya@acme.example\\\",\\\"role\\\":\\\"owner\\\"}]}\"";
    // Where the dialect is looked for, people are listed as users.
    let without = ["members", "users"].map(|list| without.replace("LIST", list));
    let without = without.each_ref().map(String::as_str);
    bench.fail(&without);
    bench.run("apply plan.json").exits(1).says("lacks marisol@acme.example");
    assert_eq!(bench.writes(), []);
    bench.fail(&[]);
    bench.run("apply --auto-approve").exits(0);
    bench.fail(&without);
    std::fs::remove_file(bench.path("plan.json")).unwrap();
    for command in COMMANDS {
        let run = bench.run(&format!("{command} --width 500")).exits(1);
        let told = format!("{}{}", run.stdout, run.stderr);
        assert!(
            told.contains("lacks marisol@acme.example") && told.contains("in it before"),
            "{run}"
        );
    }
    assert!(!bench.path("plan.json").exists() && !bench.path("live.json").exists());
    assert!(!bench.path("new").exists());
    // A snapshot that was taken elsewhere, of whoever is remembered here.
    bench.run("snapshot --out live.json --state-dir elsewhere").exits(0);
    for command in ["plan", "explain priya@acme.example", "adopt --all", "init --config new"] {
        let run = bench.run(&format!("{command} --live live.json")).exits(1);
        run.says("lacks marisol@acme.example").says("in it before");
    }
    // That a service account is in no list of members proves nothing.
    let bench = Bench::new(SEED, FILES);
    bench.run("apply --auto-approve").exits(0);
    bench.agrees();
}

#[test]
fn credentials_of_another_organization_are_told() {
    let bench = Bench::new(SEED, FILES);
    let me = |organizations: &str| {
        let body =
            format!(r#"{{\"results\":{{\"user_id\":9,\"organizations\":{organizations}}}}}"#);
        format!("GET /me status=200 times=always body=\"{body}\"")
    };
    let whole = |body: &str| format!("GET /me status=200 times=always body=\"{body}\"");
    for (answer, expected) in [
        (me(r#"{\"8\":{\"id\":8,\"role\":\"owner\"}}"#), "it lists 1 organization, and not 12345"),
        (me("null"), "its `organizations` are no list, and organization 12345 is expected"),
        (me(r#"{\"12345\":null}"#), "it says nothing of organization 12345"),
        (whole(r#"{\"results\":{}}"#), "it names no organizations, and organization 12345"),
        (whole("[]"), "it does not say who the credentials are, and organization 12345"),
        (
            "GET /me status=404 times=always".to_owned(),
            "it is not known whether the credentials are of organization 12345: the service answered 404",
        ),
    ] {
        bench.fail(&[&answer]);
        for command in COMMANDS
            .into_iter()
            .chain(["tokens list", "tokens rotate web web-1 --confirm-name x --secret-file secret"])
        {
            let run = bench.run(command).exits(1);
            let told = format!("{}{}", run.stdout, run.stderr);
            let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(told.contains(&format!("unreadable: {expected}")), "{command}: {run}");
            assert!(told.contains("GET /api/app/me") && told.contains("organization.id"), "{run}");
        }
    }
    assert_eq!(bench.writes(), []);
    // A role that is not told is worth a note.
    bench.fail(&[&me(r#"{\"12345\":{\"id\":12345}}"#)]);
    bench.run("plan --out plan.json").exits(0);
    assert!(bench.findings("plan.json").iter().any(|one| one.starts_with("actor-unknown")));
}

/// A fault that answers with these rows instead.
fn rows_instead(list: &str, rows: &[String]) -> String {
    let body = format!("{{\"results\":[{}]}}", rows.join(","));
    format!("GET {list} status=200 times=always body=\"{}\"", body.replace('"', "\\\""))
}

#[test]
fn a_row_that_nobody_can_read_stops_one_person() {
    let files = FILES.replace("  invited@agency.example: { projects: { android: analyst } }\n", "");
    let bench = Bench::new(SEED, &files);
    let odd =
        r#"{"id":505,"email":"granted@agency.example","role":"admin","grant_type":"sideways"}"#;
    let sound =
        r#"{"id":501,"email":"priya@acme.example","role":"owner","grant_type":"organization"}"#;
    bench.fail(&[&rows_instead("/projects/13/members", &[sound.to_owned(), odd.to_owned()])]);
    let run = bench.run("plan --out plan.json --detailed-exitcode").exits(2);
    run.shows("member-unreadable").shows("`sideways`");
    let planned = bench.planned("plan.json");
    assert_eq!(planned.len(), 5, "{planned:?}");
    assert!(!planned.iter().any(|one| one.contains("granted@")), "{planned:?}");
    for format in ["markdown", "json", "sarif", "junit"] {
        bench.run(&format!("show plan.json --format {format}")).exits(0).shows("member-unreadable");
    }
    bench.run("explain granted@agency.example").exits(0).shows("`sideways`");
    bench.run("snapshot --out live.json").exits(0).says("could not be read");
    bench.run("apply plan.json").exits(0).shows("verified");
    bench.run("drift").exits(2).shows("granted@agency.example");
    // It was somebody's access after all: what was withheld comes with the next plan.
    bench.fail(&[]);
    bench.run("plan --out next.json").exits(0);
    assert_eq!(bench.planned("next.json"), ["granted@agency.example grant"]);
    // Where no row can be read, it is the list that is not understood.
    bench.fail(&[&rows_instead("/projects/13/members", &[odd.to_owned()])]);
    bench.run("plan").exits(1).says("unknown grant type `sideways`");
}

#[test]
fn a_member_without_an_address_keeps_everybody_new_out() {
    let roles = ["owner", "owner", "member", "member", "member", "admin", "member"];
    let names = [
        "priya@acme",
        "marisol@acme",
        "raised@agency",
        "revoked@agency",
        "granted@agency",
        "lowered@acme",
        "removed@agency",
    ];
    let people = (501..).zip(names).zip(roles).map(|((id, name), role)| {
        format!(r#"{{"id":{id},"email":"{name}.example","role":"{role}"}}"#)
    });
    for odd in [r#"{"id":599,"role":"owner"}"#, r#"{"id":599,"email":17,"role":"owner"}"#, "null"] {
        let rows: Vec<String> = people.clone().chain([odd.to_owned()]).collect();
        for api in ["members", "app"] {
            let files = FILES.replace("Acme Corp }", &format!("Acme Corp, api: {api} }}"));
            let bench = Bench::new(SEED, &files);
            bench.fail(&[
                &rows_instead("/organizations/*/members", &rows),
                &rows_instead("/organizations/*/users", &rows),
            ]);
            bench.run("plan --out plan.json").exits(0).shows("member-unreadable");
            let planned = bench.planned("plan.json");
            assert_eq!(planned.len(), 5, "{planned:?}");
            assert!(!planned.iter().any(|one| one.ends_with("invite")), "{planned:?}");
            bench.run("drift").exits(2);
            bench.run("doctor --width 400").exits(0).shows("1 row could not be read: it ");
            // Nobody is written into new files as if that person were not there.
            let init = bench.run("init --config new --organization-id 12345").exits(0);
            init.says("could not be read");
        }
    }
}
