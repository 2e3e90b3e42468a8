//! Rows that cannot be read are unread for whom they are about, and the rest is read.

use super::*;

fn odd(number: Option<u64>, name: Option<&str>) -> OddRow {
    OddRow::from("is odd").about(number, name)
}

/// Each row as list, project, whom it is about and why.
fn told(live: &LiveState) -> Vec<String> {
    let about = |row: &UnreadRow| {
        let whom = row.subject.as_ref().map_or("anybody".to_owned(), |one| one.key().to_string());
        let project = row.project.map_or(String::new(), |id| format!(" of {id}"));
        format!("{}{project}: {whom}: {}", row.list.as_str(), row.why)
    };
    live.unread_rows.iter().map(about).collect()
}

#[test]
fn a_row_of_a_project_is_about_whom_it_names() {
    for (number, name, expected) in [
        (None, Some("B@x"), "B@x: is odd"),
        (Some(2), None, "b@x: is odd"),
        (Some(2), Some("b@x"), "b@x: is odd"),
        (Some(9), None, "anybody: is odd"),
        (None, None, "anybody: is odd"),
        (Some(9), Some("new@x"), "new@x: is odd"),
    ] {
        let fake = Fake {
            members: vec![member(Some(1), "a@x"), member(Some(2), "b@x")],
            rows: BTreeMap::from([(7, vec![row(Some(1), None, "admin")])]),
            odd: BTreeMap::from([("members of 7".to_owned(), vec![odd(number, name)])]),
            ..Fake::default()
        };
        let live = read(&fake, &[7], false).unwrap();
        assert_eq!(roles(&live), ["a@x 7=admin", "b@x "], "nobody is made of a row that is unread");
        assert_eq!(told(&live), [format!("members of 7: {expected}")]);
        assert!(live.projects[0].members_read);
    }
}

#[test]
fn a_number_that_nobody_has_is_a_row_about_anybody() {
    let rows = vec![row(Some(3), None, "admin"), row(Some(1), None, "viewer")];
    let members = vec![member(Some(1), "a@x")];
    let fake = Fake { members, rows: BTreeMap::from([(7, rows)]), ..Fake::default() };
    let live = read(&fake, &[7], false).unwrap();
    assert_eq!(roles(&live), ["a@x 7=consumer"]);
    let expected = "members of 7: anybody: is for member number 3, whom the organization's member \
                    list does not name";
    assert_eq!(told(&live), [expected]);
}

#[test]
fn a_member_without_an_address_may_be_named_by_a_project() {
    let odd = BTreeMap::from([("members".to_owned(), vec![odd(Some(5), None)])]);
    let fake = |email| Fake {
        members: vec![member(Some(1), "a@x")],
        rows: BTreeMap::from([(7, vec![row(Some(5), email, "admin")])]),
        odd: odd.clone(),
        ..Fake::default()
    };
    let live = read(&fake(Some("c@x")), &[7], false).unwrap();
    assert_eq!(roles(&live), ["a@x ", "c@x 7=admin"]);
    assert_eq!(live.members[1].organization_role, None, "which role it has is unknown");
    assert_eq!(told(&live), ["members: c@x: is odd"]);
    let live = read(&fake(None), &[7], false).unwrap();
    assert_eq!(told(&live)[0], "members: anybody: for member number 5 is odd");
    assert_eq!(live.unread_rows.len(), 2);
    assert_eq!(live.active_owners(), 0);
}

#[test]
fn a_second_account_of_an_address_is_one_although_its_row_was_not_read() {
    let fake = |rows| Fake {
        members: vec![member(Some(1), "a@x")],
        rows: BTreeMap::from([(7, rows), (8, vec![row(Some(5), Some("A@x"), "viewer")])]),
        odd: BTreeMap::from([("members".to_owned(), vec![odd(Some(5), None)])]),
        ..Fake::default()
    };
    let live = read(&fake(vec![row(Some(5), Some("a@x"), "admin")]), &[7, 8], false).unwrap();
    assert_eq!(roles(&live), ["a@x ", "a@x 7=admin 8=consumer"], "not what the other one has");
    assert_eq!(
        live.members.iter().map(|one| one.id).collect::<Vec<_>>(),
        [Some(UserId(1)), Some(UserId(5))]
    );
    assert_eq!(told(&live), ["members: a@x: is odd"]);
    // A list that numbers people in its own way does not make them two.
    let mut fake = fake(vec![row(Some(90), Some("a@x"), "admin")]);
    fake.rows.remove(&8);
    let live = read(&fake, &[7], false).unwrap();
    assert_eq!(roles(&live), ["a@x 7=admin"]);
}

#[test]
fn a_row_about_somebody_with_the_number_of_another_tells_both() {
    let fake = Fake {
        members: vec![member(Some(1), "a@x"), member(Some(2), "b@x")],
        rows: BTreeMap::from([(7, vec![row(Some(1), None, "admin")])]),
        odd: BTreeMap::from([("members of 7".to_owned(), vec![odd(Some(2), Some("a@x"))])]),
        ..Fake::default()
    };
    let live = read(&fake, &[7], false).unwrap();
    let subject = Subject::Person { email: Email::new("a@x"), user: Some(UserId(2)) };
    assert_eq!(live.unread_rows[0].subject, Some(subject));
}

#[test]
fn accounts_and_teams_are_unread_one_by_one() {
    let listed = |what: &str, rows: &[OddRow]| (what.to_owned(), rows.to_vec());
    let fake = Fake {
        odd: BTreeMap::from([
            listed("teams", &[odd(Some(4), Some("Growth")), odd(Some(5), None)]),
            listed("accounts", &[odd(None, Some("robot")), odd(Some(9), None)]),
            listed("accounts of 7", &[odd(Some(1), None), odd(Some(9), None)]),
        ]),
        ..with_accounts()
    };
    let live = read_with(&fake, Reads::EVERYTHING).unwrap();
    assert_eq!(live.service_accounts.as_ref().unwrap().len(), 2);
    let unlisted = "is for service account number 9, whom the organization's list does not name";
    assert_eq!(
        told(&live),
        [
            &format!("service accounts of 7: anybody: is odd, and {unlisted}"),
            "service accounts of 7: service account account 1: is odd",
            "service accounts: anybody: for service account number 9 is odd",
            "service accounts: service account robot: is odd",
            "teams: anybody: for team number 5 is odd",
            "teams: team Growth: is odd",
        ]
    );
}

#[test]
fn a_role_in_a_project_that_nobody_lists_is_told() {
    let mut ann = member(Some(1), "a@x");
    let role = ProjectRole::Admin;
    ann.grants = [7, 99]
        .map(|id| Grant {
            project: ProjectId(id),
            role: role.clone(),
            source: GrantSource::Individual,
        })
        .to_vec();
    let rows = BTreeMap::from([(7, vec![]), (8, vec![])]);
    let fake = Fake { members: vec![ann], carries_grants: true, rows, ..Fake::default() };
    let live = read(&fake, &[7], false).unwrap();
    assert_eq!(roles(&live), ["a@x 7=admin"]);
    assert_eq!(told(&live).len(), 1);
    assert!(told(&live)[0].starts_with("members of 99: a@x: gives admin there"));
}
