//! Lists as they are exported, and as people make them.

use jiff::Timestamp;
use mixaccess_model::{LiveState, OrganizationId, ProjectId};
use proptest::prelude::*;

use super::{Listing, ListingKind, combine, offline, read_listing};
use crate::tests::{config, text_of};
use crate::{Arrangement, InitOptions, init};

fn shown(listing: &Listing) -> String {
    let mut lines = vec![format!("{:?}", listing.kind)];
    for one in &listing.people {
        let grants: Vec<String> =
            one.grants.iter().map(|grant| format!("{}={}", grant.project, grant.role)).collect();
        let role = one.organization_role.map_or("?", |role| role.as_str());
        let name = one.name.as_deref().unwrap_or("-");
        lines.push(format!(
            "{} {} {name} {role} {:?} {}",
            one.place,
            one.email,
            one.standing,
            grants.join(",")
        ));
    }
    lines.extend(listing.notes.iter().map(|note| format!("{}: {}", note.place, note.message)));
    lines.join("\n")
}

fn read(text: &str) -> String {
    match read_listing("m.csv", text.as_bytes()) {
        Ok(listing) => shown(&listing),
        Err(errors) => {
            let lines: Vec<String> = errors.iter().map(|one| format!("error {one}")).collect();
            lines.join("\n")
        }
    }
}

#[test]
fn a_member_list_is_read_whatever_wrote_it() {
    let text = "\u{feff}Name;E-Mail;Organization Role;Projects;Last Active;Status;Seat\r\n\
        \"Doe; John\";john@acme.example;Org Admin;\"Web (Analyst), iOS Production (Project Admin)\";2026-11-01;Active;full\r\n\
        \r\n\
        ;kim@agency.example;Member;Web: Viewer | QA: No Access;;Pending;\r\n";
    insta::assert_snapshot!(read(text), @r"
    Members
    m.csv:2 john@acme.example Doe; John admin Active Web=analyst,iOS Production=admin
    m.csv:4 kim@agency.example - member Pending Web=consumer
    m.csv:1: the column `Seat` is not read
    ");
}

#[test]
fn invitations_are_one_row_a_grant_or_an_address_alone() {
    insta::assert_snapshot!(read("Email,Project,Role\na@x.example,Web,Analyst\na@x.example,2891235,Reviewer\n\nb@x.example,,\n"), @r"
    Invitations
    m.csv:2 a@x.example - ? Active Web=analyst,2891235=Reviewer
    m.csv:5 b@x.example - ? Active 
    m.csv:3: `Reviewer` in `2891235` is taken for a custom role
    ");
    insta::assert_snapshot!(read("a@x.example\nb@x.example,admin\nc@x.example,member,Web,consumer\n"), @r"
    Invitations
    m.csv:1 a@x.example - ? Active 
    m.csv:2 b@x.example - admin Active 
    m.csv:3 c@x.example - member Active Web=consumer
    ");
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    insta::assert_snapshot!(read("Email,Org Role,Project,Project Role\nnobody,member,,\na@x.example,boss,Web,analist\n\n\"b@x.example\",member,Web,\nc@x.example,member,Web,admin,extra\na@x.example,owner,,\na@x.example,admin,,\n"), @r"
    error m.csv:2: `nobody` is not an e-mail address
    error m.csv:3: there is no organization role `boss`
    error m.csv:3: there is no role `analist`; did you mean analyst?
    error m.csv:5: no role is given in `Web`
    error m.csv:6: 5 fields, and 4 are expected
    error m.csv:8: a@x.example is admin here, and owner on line 3
    ");
    insta::assert_snapshot!(read("Who,Role\nAnna,admin\n"), @"error m.csv:1: no column holds e-mail addresses");
    insta::assert_snapshot!(read(""), @"error m.csv:1: nobody is listed");
    let errors = read_listing("m.csv", b"Email\na@x.example\n\xff@x.example\n").unwrap_err();
    assert_eq!(errors[0].to_string(), "m.csv:3: the text is not UTF-8");
}

fn organization() -> LiveState {
    offline(
        OrganizationId(12345),
        Some("Acme Corp".to_owned()),
        vec![
            ("Web Production".to_owned(), ProjectId(1)),
            ("iOS".to_owned(), ProjectId(2)),
            ("ios".to_owned(), ProjectId(3)),
        ],
        Timestamp::UNIX_EPOCH,
    )
}

#[test]
fn a_list_becomes_the_same_tree() {
    let listing = read_listing(
        "invite.csv",
        b"email,project,role\na@x.example,web production,analyst\nb@x.example,2,admin\n",
    )
    .unwrap();
    let combined = combine(&listing, organization(), false).unwrap();
    let options = InitOptions {
        arrangement: Arrangement::OneFile,
        remarks: combined.remarks,
        ..InitOptions::default()
    };
    let text = text_of(&init(&combined.live, &options));
    let (_, people) = text.split_once("collaborators:").unwrap();
    insta::assert_snapshot!(people, @r"

    # to be invited, from invite.csv:2
    a@x.example:
      projects:
        web-production: analyst

    # to be invited, from invite.csv:3
    b@x.example:
      projects:
        ios-2: admin
    ");
}

#[test]
fn projects_are_found_by_name_and_number_or_told() {
    let listing = read_listing("i.csv", b"a@x.example,member,Web Productoin,admin\nb@x.example,member,iOS,admin\nc@x.example,member,Zzz,admin\nd@x.example,member,iOS [3],admin\n").unwrap();
    let errors = combine(&listing, organization(), false).unwrap_err();
    let lines: Vec<String> = errors.iter().map(|one| format!("{one}: {}", one.hint)).collect();
    insta::assert_snapshot!(lines.join("\n"), @r##"
    i.csv:1: there is no project `Web Productoin`: Did you mean `Web Production`?
    i.csv:2: 2 projects are named `iOS`: Write the number instead: 2 or 3.
    i.csv:3: there is no project `Zzz`: Name its number with --project "Zzz=NUMBER".
    "##);
}

#[test]
fn what_is_live_counts() {
    let mut live = combine(
        &read_listing("i.csv", b"a@x.example,member,Web Production,admin\n").unwrap(),
        organization(),
        false,
    )
    .unwrap()
    .live;
    live.members[0].id = Some(mixaccess_model::UserId(1));
    let list = b"email,org role,project,role\na@x.example,owner,Web Production,analyst\na@x.example,,2,consumer\nnew@x.example,,,\n";
    for (kind, expected) in [(ListingKind::Invitations, 2), (ListingKind::Members, 1)] {
        let listing = Listing { kind, ..read_listing("i.csv", list).unwrap() };
        let combined = combine(&listing, live.clone(), true).unwrap();
        assert_eq!(combined.live.members.len(), expected);
        let grants = combined.live.members[0].grants.len();
        assert_eq!(grants, expected, "invitations add projects, a member list adds nothing");
        let notes: Vec<&str> = combined.notes.iter().map(|note| note.message.as_str()).collect();
        assert!(
            notes[0].ends_with("live as member, and listed as owner; member is taken"),
            "{notes:?}"
        );
        assert!(
            notes[1].contains("is live as admin in project 1, and listed as analyst"),
            "{notes:?}"
        );
    }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn no_bytes_make_it_fail(bytes in any::<Vec<u8>>(), text in "[a@,;\"\n\r\t :()x.e|-]{0,60}") {
        drop(read_listing("m.csv", &bytes));
        if let Ok(listing) = read_listing("m.csv", text.as_bytes()) {
            drop(combine(&listing, organization(), false));
        }
    }
}
