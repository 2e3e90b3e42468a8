use mixaccess_model::{
    Email, GrantSource, Invitation, LiveMember, LiveProject, MemberStatus, OrganizationRole,
    ProjectId, ProjectRole, UserId,
};
use proptest::prelude::*;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::*;
use crate::ProjectMember;
use crate::audit::AuditEvent;

fn page<R: Row>(body: &str) -> Result<Page<R>, DecodeError> {
    decode_page(&Answer {
        status: StatusCode::OK,
        retry_after: None,
        date: None,
        body: body.as_bytes().to_vec(),
    })
}

fn rows<R: Row>(body: &str) -> Vec<R> {
    page(body).unwrap_or_else(|error| panic!("{body}: {error:?}")).rows
}

fn problem<R: Row + std::fmt::Debug>(body: &str) -> String {
    match page::<R>(body).unwrap_err() {
        DecodeError::Unreadable(text)
        | DecodeError::Truncated(text)
        | DecodeError::Refused(text) => text,
        DecodeError::NotWhole { problem, .. } => problem,
    }
}

#[test]
fn every_shape_of_a_list_is_read() {
    let row = r#"{"id":5,"email":"a@acme.example","role":"admin","x":{"members":[1]}}"#;
    for body in [
        format!("[{row}]"),
        format!(r#"{{"members":[{row}]}}"#),
        format!(r#"{{"users":[{row}],"total":1}}"#),
        format!(r#"{{"status":"ok","results":[{row}]}}"#),
        format!(r#"{{"results":{{"members":[{row}],"count":1}},"status":"ok"}}"#),
        format!(r#"{{"status":"ok","results":{{"5":{row}}}}}"#),
        format!(r#"{{"results":{{"members":{{"5":{row}}}}}}}"#),
        format!(r#"{{"5":{row}}}"#),
        r#"{"results":{"5":{"email":"a@acme.example","role":"admin"}}}"#.to_owned(),
        r#"{"results":{"5-2":{"id":5,"email":"a@acme.example","role":"admin"}}}"#.to_owned(),
        r#"{"results":{"a@acme.example":{"id":5,"role":"admin"}}}"#.to_owned(),
        r#"[{"id":"5","email":" a@acme.example ","role":"Admin"}]"#.to_owned(),
        r#"[{"user_id":5,"id":99,"user_email":"a@acme.example","role":{"id":2,"name":"admin"}}]"#
            .to_owned(),
    ] {
        let members: Vec<LiveMember> = rows(&body);
        assert_eq!(members.len(), 1, "{body}");
        assert_eq!(members[0].id, Some(UserId(5)), "{body}");
        assert_eq!(members[0].email.as_str(), "a@acme.example");
        assert_eq!(members[0].organization_role, Some(OrganizationRole::Admin), "{body}");
        let rows: Vec<ProjectMember> = rows(&body);
        assert_eq!(rows[0].role, ProjectRole::Admin, "{body}");
    }
    for body in ["[]", r#"{"results":{}}"#, r#"{"members":[]}"#, r#"{"results":{"members":[]}}"#] {
        assert!(rows::<LiveMember>(body).is_empty(), "{body}");
    }
}

#[test]
fn what_is_no_list_is_never_an_empty_one() {
    for (body, expected) in [
        ("{}", "holds no list"),
        (r#"{"status":"ok"}"#, "holds no list"),
        (r#"{"results":null}"#, "holds no list"),
        (r#"{"results":{"total":0}}"#, "holds no list"),
        (r#"{"members":25}"#, "holds no list"),
        (r#"{"projects":[]}"#, "holds no list"),
        ("null", "holds no list"),
        ("\"ok\"", "holds no list"),
        (r#"{"status":"error","error":"nope","results":[]}"#, "nope"),
        (r#"{"results":[],"error":"nope"}"#, "nope"),
        (r#"{"results":[],"members":[]}"#, "two lists"),
        (r#"{"results":{"members":[],"5":{"email":"a@x"}}}"#, "two lists"),
        (r#"{"results":{"5":{"email":"a@x"},"abc":{"email":"b@x"}}}"#, "`abc` is none"),
        (r#"{"results":{"abc":{"email":"b@x"}}}"#, "holds no list"),
        (r#"[{"email":"a@x"}] trailing"#, "not JSON"),
        (r#"[{"email":"a@x"},{"id":3}]"#, "row 2 has no e-mail address"),
        ("[3]", "not of the expected form"),
        (r#"[{"email":"a@x""#, "stops after 15 bytes"),
        ("", "it is empty"),
        ("<html>", "HTML page"),
        (r#"[{"email":"a","email":"b"}]"#, "duplicate field"),
    ] {
        let text = problem::<LiveMember>(body);
        assert!(text.contains(expected), "{body}: {text}");
    }
    assert!(problem::<LiveProject>(r#"[{"id":"x","name":"n"}]"#).contains("row 1 has no number"));
    let deep = "[".repeat(100_000);
    assert!(page::<LiveMember>(&deep).is_err());
    let deep = format!("[{{\"email\":{}", "{\"name\":".repeat(100_000));
    assert!(page::<LiveMember>(&deep).is_err());
}

#[test]
fn members_are_pending_by_word_or_flag() {
    for (fields, expected) in [
        ("", MemberStatus::Active),
        (r#""status":"pending""#, MemberStatus::Pending),
        (r#""status":"Invited""#, MemberStatus::Pending),
        (r#""status":"expired""#, MemberStatus::Pending),
        (r#""status":"active""#, MemberStatus::Active),
        (r#""status":"accepted","is_pending":true"#, MemberStatus::Active),
        (r#""status":null,"is_pending":true"#, MemberStatus::Pending),
        (r#""pending":true"#, MemberStatus::Pending),
        (r#""invited":true"#, MemberStatus::Pending),
        (r#""invited":false"#, MemberStatus::Active),
        (r#""accepted":false"#, MemberStatus::Pending),
        (r#""status":7"#, MemberStatus::Active),
    ] {
        let comma = if fields.is_empty() { "" } else { "," };
        let body = format!(r#"[{{"email":"a@acme.example"{comma}{fields}}}]"#);
        assert_eq!(rows::<LiveMember>(&body)[0].status, expected, "{body}");
    }
}

#[test]
fn organization_roles_that_are_unknown_stay_unknown() {
    for (role, expected) in [
        (json!("owner"), Some(OrganizationRole::Owner)),
        (json!("Billing Admin"), Some(OrganizationRole::BillingAdmin)),
        (json!("billing_admin"), Some(OrganizationRole::BillingAdmin)),
        (json!("emperor"), None),
        (json!(null), None),
        (json!(3), None),
    ] {
        let body = json!([{ "email": "a@acme.example", "role": role }]).to_string();
        assert_eq!(rows::<LiveMember>(&body)[0].organization_role, expected, "{body}");
    }
}

#[test]
fn grants_say_where_they_come_from() {
    let team = |name: &str| GrantSource::Team(name.into());
    for (fields, expected) in [
        (json!({}), GrantSource::Individual),
        (json!({ "team": null }), GrantSource::Individual),
        (json!({ "grant_type": "individual" }), GrantSource::Individual),
        (json!({ "grant_type": "team", "team": "Growth" }), team("Growth")),
        (json!({ "grant_type": "team", "team": { "id": 3, "name": "Growth" } }), team("Growth")),
        (json!({ "grant_type": "team", "team": 3 }), team("3")),
        (json!({ "team": "Growth" }), team("Growth")),
        (json!({ "grant_type": "team" }), team("(unnamed)")),
        (json!({ "grant_type": "organization" }), GrantSource::Organization),
        (json!({ "grant_type": "all-users" }), GrantSource::AllUsers),
        (json!({ "grant_type": "all_users" }), GrantSource::AllUsers),
    ] {
        let mut row = json!({ "id": 5, "email": "a@acme.example", "role": "viewer" });
        row.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let found: Vec<ProjectMember> = rows(&json!([row]).to_string());
        assert_eq!(found[0].source, expected, "{row}");
        assert_eq!(found[0].role, ProjectRole::Consumer);
    }
    let unknown = r#"[{"email":"a@x","role":"admin","grant_type":"sideways"}]"#;
    assert!(problem::<ProjectMember>(unknown).contains("unknown grant type `sideways`"));
}

#[test]
fn rows_without_a_person() {
    let read = |row: Value| rows::<ProjectMember>(&json!([row]).to_string());
    assert!(read(json!({ "id": 9, "team": "Growth", "role": "analyst" })).is_empty());
    assert!(read(json!({ "grant_type": "organization", "role": "owner" })).is_empty());
    let everybody = read(json!({ "grant_type": "all-users", "role": "consumer" }));
    assert_eq!((everybody[0].user, &everybody[0].email), (None, &None));
    let numbered = read(json!({ "id": 5, "role": "analyst" }));
    assert_eq!((numbered[0].user, &numbered[0].email), (Some(UserId(5)), &None));
    let text = problem::<ProjectMember>(r#"[{"role":"analyst"}]"#);
    assert!(text.contains("neither an e-mail address nor a number"), "{text}");
    assert!(problem::<ProjectMember>(r#"[{"email":"a@x"}]"#).contains("row 1 has no role"));
    assert!(read(json!({ "email": "a@x", "role": "No Access" })).is_empty());
}

#[test]
fn custom_roles_keep_their_spelling_and_are_held_once() {
    let body = r#"[{"email":"a@x","role":"Messenger"},{"email":"b@x","role":"Messenger"}]"#;
    let found: Vec<ProjectMember> = rows(body);
    assert_eq!(found[0].role, ProjectRole::parse("Messenger"));
    assert!(std::ptr::eq(found[0].role.as_str(), found[1].role.as_str()));
}

#[test]
fn projects_and_events() {
    let body = r#"{"results":{"projects":[{"id":"7","name":"Web"},{"id":8}]}}"#;
    let projects: Vec<LiveProject> = rows(body);
    assert_eq!(
        projects[0],
        LiveProject {
            id: ProjectId(7),
            name: "Web".into(),
            members_read: false,
            service_accounts_read: false,
            custom_roles: None
        }
    );
    assert_eq!(projects[1].name, "8");
    let body = r#"{"results":[{"event":"user.role_changed","user_email":"a@x.example","actor_email":"j@x.example","timestamp":"2026-01-05T09:00:00Z","project_id":"7","team":"Growth","from":"analyst","to":"admin"},{"id":3}]}"#;
    let events: Vec<AuditEvent> = rows(body);
    assert_eq!(
        events,
        [AuditEvent {
            event: "user.role_changed".into(),
            actor: Some("j@x.example".into()),
            at: Some("2026-01-05T09:00:00Z".parse().unwrap()),
            email: Some(Email::new("a@x.example")),
            project: Some(ProjectId(7)),
            team: Some("Growth".into()),
            before: Some("analyst".into()),
            after: Some("admin".into()),
        }]
    );
}

#[test]
fn what_is_said_about_further_pages_is_found_everywhere() {
    use NextKey::{Cursor, Elsewhere, Here, Last, More, Next, NextPage};
    let found = |body: &str| -> Vec<(NextKey, Value)> {
        let page = page::<LiveMember>(body).unwrap();
        page.next.into_iter().map(|one| (one.way, one.value)).collect()
    };
    for (body, expected) in [
        (r#"{"results":[],"next":"x"}"#, vec![(Next, json!("x"))]),
        (r#"{"results":{"members":[],"next_page":2}}"#, vec![(NextPage, json!(2))]),
        (r#"{"results":[],"links":{"self":"a","next":"b"}}"#, vec![(Next, json!("b"))]),
        (r#"{"meta":{"has_more":true},"results":[]}"#, vec![(More, json!(true))]),
        (
            r#"{"results":[],"_links":{"next":{"href":"/x"}}}"#,
            vec![(Next, json!({ "href": "/x" }))],
        ),
        (
            r#"{"results":[],"links":[{"rel":"self","href":"/y"},{"rel":"next","href":"/x"}]}"#,
            vec![(Next, json!({ "rel": "next", "href": "/x" }))],
        ),
        (r#"{"results":[],"page":{"number":1,"page":3}}"#, vec![(Here, json!(3))]),
        (
            r#"{"results":[],"meta":{"a":{"b":{"next":"c","d":{"next":"deeper"}}}}}"#,
            vec![(Next, json!("c"))],
        ),
        ("[]", vec![]),
    ] {
        assert_eq!(found(body), expected, "{body}");
    }
    for (way, keys) in [
        (Next, &["next", "nextUrl", "NEXT_PAGE_URL", "next-link", "@odata.nextLink"][..]),
        (NextPage, &["next_page", "nextPage", "Next-Page"]),
        (Cursor, &["next_cursor", "nextCursor", "next_page_token", "nextPageToken"]),
        (
            Elsewhere,
            &["next_token", "nextToken", "NextToken", "next_offset", "nextOffset", "continuation"],
        ),
        (Elsewhere, &["continuation_token", "continuationToken", "NextContinuationToken"]),
        (More, &["more", "has_more", "hasMore", "hasNextPage", "has_next", "isTruncated"]),
        (Last, &["is_last", "isLastPage", "last_page"]),
        (Here, &["page", "current_page", "pageNumber"]),
    ] {
        for key in keys {
            for about in ["", "pagination", "paging", "page_info", "pageInfo", "links", "_links"]
                .into_iter()
                .chain(["meta", "metadata", "response_metadata", "responseMetadata", "cursors"])
            {
                let mut body = json!({ "results": [] });
                match about {
                    "" => body[key] = json!("x"),
                    about => body[about] = json!({ *key: "x" }),
                }
                assert_eq!(found(&body.to_string()), [(way, json!("x"))], "{body}");
            }
        }
    }
}

/// A member as the service may write it, and the shape of the list around it.
fn wrap(shape: usize, list: &[Value]) -> String {
    let by_id = || -> Value {
        let pairs = list.iter().map(|row| {
            let id = row["id"]
                .as_u64()
                .map_or_else(|| row["id"].as_str().unwrap().to_owned(), |id| id.to_string());
            (id, row.clone())
        });
        Value::Object(pairs.collect())
    };
    match shape {
        0 => json!(list),
        1 => json!({ "members": list }),
        2 => json!({ "status": "ok", "results": list }),
        3 => json!({ "status": "ok", "results": { "members": list } }),
        4 => json!({ "results": by_id() }),
        _ => by_id(),
    }
    .to_string()
}

proptest! {
    #[test]
    fn all_shapes_mean_the_same(
        people in prop::collection::btree_map(1_u64..1000, (0_usize..5, any::<bool>(), any::<bool>()), 1..20),
        shape in 0_usize..6,
        text_ids in any::<bool>(),
    ) {
        let roles = ["owner", "admin", "billing_admin", "member", "other"];
        let list = |text_ids: bool| -> Vec<Value> {
            people
                .iter()
                .map(|(id, (role, pending, named))| {
                    let mut row = json!({ "email": format!("p{id}@acme.example"), "role": roles[*role] });
                    row["id"] = if text_ids { json!(id.to_string()) } else { json!(id) };
                    if *pending { row["status"] = json!("pending"); }
                    if *named { row["name"] = json!(format!("Person {id}")); row["unknown"] = json!([{}]); }
                    row
                })
                .collect()
        };
        let plain: Vec<LiveMember> = rows(&wrap(0, &list(false)));
        let mut found: Vec<LiveMember> = rows(&wrap(shape, &list(text_ids)));
        found.sort_by_key(|member| member.id);
        prop_assert_eq!(plain.len(), people.len());
        prop_assert_eq!(found, plain);
    }

    #[test]
    fn no_bytes_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let answer = Answer { status: StatusCode::OK, retry_after: None, date: None, body };
        let _ = decode_page::<ProjectMember>(&answer);
    }

    #[test]
    fn half_an_answer_is_never_a_shorter_list(cut in 0_usize..200, shape in 0_usize..6) {
        let list = vec![
            json!({ "id": 1, "email": "a@acme.example", "role": "owner" }),
            json!({ "id": 2, "email": "b@acme.example", "role": "member" }),
        ];
        let body = wrap(shape, &list);
        let cut = cut % body.len();
        prop_assert!(page::<LiveMember>(body.get(..cut).unwrap()).is_err());
    }
}

#[test]
fn rows_say_what_became_of_an_invitation_and_who_manages_the_account() {
    let row = |fields: &str| {
        let body = format!(r#"[{{"email":"a@acme.example",{fields}}}]"#);
        rows::<LiveMember>(&body).remove(0)
    };
    let instant = |text: &str| Some(text.parse().unwrap());
    let (sent_at, expires_at) = (instant("2026-01-02T09:00:00Z"), instant("2026-01-09T09:00:00Z"));
    for (fields, expected) in [
        (r#""status":"pending""#, None),
        (r#""status":"active","invited_at":"2026-01-02T09:00:00Z""#, None),
        (
            r#""status":"pending","invited_at":"2026-01-02T09:00:00Z","invite_expires_at":"2026-01-09T09:00:00Z""#,
            Some(Invitation { sent_at, expires_at, expired: false }),
        ),
        (
            r#""is_pending":true,"invitation_sent_at":"2026-01-02T09:00:00Z""#,
            Some(Invitation { sent_at, ..Invitation::default() }),
        ),
        (r#""status":"Expired""#, Some(Invitation { expired: true, ..Invitation::default() })),
        (r#""is_expired":true"#, Some(Invitation { expired: true, ..Invitation::default() })),
    ] {
        assert_eq!(row(fields).invitation, expected, "{fields}");
    }
    for (fields, scim) in [
        (r#""managed_by":"scim""#, true),
        (r#""provisioned_by":"SCIM""#, true),
        (r#""is_scim_managed":true"#, true),
        (r#""is_scim_managed":false,"managed_by":"mixpanel""#, false),
        (r#""managed_by":null"#, false),
    ] {
        assert_eq!(!row(fields).managed_by.is_mixpanel(), scim, "{fields}");
    }
}

#[test]
fn custom_roles_are_known_whole_or_not_at_all() {
    for (fields, expected) in [
        ("", None),
        (r#","custom_roles":null"#, None),
        (r#","custom_roles":3"#, None),
        (r#","custom_roles":["Reviewer",7]"#, None),
        (r#","custom_roles":[]"#, Some(vec![])),
        (r#","custom_roles":["b","a","b"]"#, Some(vec!["a", "b"])),
        (r#","custom_roles":[{"id":1,"name":"Reviewer"}]"#, Some(vec!["Reviewer"])),
        (r#","custom_roles":{"1":{"name":"Reviewer"}}"#, Some(vec!["Reviewer"])),
    ] {
        let project = rows::<LiveProject>(&format!(r#"[{{"id":7{fields}}}]"#)).remove(0);
        let names = project.custom_roles.as_ref();
        let names: Option<Vec<&str>> =
            names.map(|names| names.iter().map(|name| &**name).collect());
        assert_eq!(names, expected, "{fields}");
    }
}

#[test]
fn what_can_be_read_is_read_beside_an_odd_row() {
    fn readable<R: Row>(body: &str) -> Page<R> {
        let body = body.as_bytes().to_vec();
        let answer = Answer { status: StatusCode::OK, retry_after: None, date: None, body };
        decode_readable(&answer).unwrap()
    }
    for (row, number) in [
        (r#"{"id":3}"#, Some(3)),
        (r#"{"id":3,"email":null}"#, Some(3)),
        (r#"{"id":3,"email":17}"#, Some(3)),
        (r#"{"user_id":3,"email":{"name":"Ann"}}"#, Some(3)),
        (r#"{"id":"3","email":"Ann"}"#, Some(3)),
        (r#"{"email":" "}"#, None),
        ("null", None),
        ("[7]", None),
        (r#""a@x""#, None),
    ] {
        let page = readable::<LiveMember>(&format!(r#"[{row},{{"id":1,"email":"a@x"}}]"#));
        assert_eq!((page.rows.len(), page.received), (1, 2), "{row}");
        let [(1, odd)] = page.unread.as_slice() else { panic!("{row}: {:?}", page.unread) };
        assert_eq!((odd.number, odd.name.as_deref()), (number, None), "{row}");
    }
    for (row, number, name) in [
        (r#"{"id":3,"email":"b@x","role":"admin","grant_type":"sideways"}"#, Some(3), Some("b@x")),
        (r#"{"id":3,"email":"b@x","role":"admin","grant_type":7}"#, Some(3), Some("b@x")),
        (r#"{"email":"b@x","role":null}"#, None, Some("b@x")),
        (r#"{"id":3,"grant_type":"individual"}"#, Some(3), None),
        // Numbered as whatever it is.
        (r#"{"id":3,"role":"admin","grant_type":"sideways"}"#, None, None),
        (r#"{"user_id":3,"id":8,"role":"admin","grant_type":"sideways"}"#, Some(3), None),
        (r#"{"role":"admin"}"#, None, None),
    ] {
        let sound = r#"{"id":1,"email":"a@x","role":"admin"}"#;
        let page = readable::<ProjectMember>(&format!(r#"{{"members":[{sound},{row}]}}"#));
        assert_eq!(page.rows.len(), 1, "{row}");
        let [(2, odd)] = page.unread.as_slice() else { panic!("{row}: {:?}", page.unread) };
        assert_eq!((odd.number, odd.name.as_deref()), (number, name), "{row}");
    }
    let robot = r#"[{"id":1,"email":"ci.a1b2c3.mp-service-account","role":"admin"}]"#;
    assert_eq!(readable::<LiveMember>(robot).rows.len(), 1);
}
