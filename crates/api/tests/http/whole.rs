//! Answers that cannot be whole: nothing is concluded from any of them.

use mixaccess_api::{AccessRead as _, ApiError, Client, ErrorKind};
use mixaccess_model::{Dialect, ProjectId};
use serde_json::{Value, json};

use crate::server::{Reply, Server};
use crate::{DIALECTS, OWNER, client_of, run};

type Read = fn(&Client) -> Result<usize, ApiError>;
type MakeRow = fn(u64) -> Value;

/// Every list that a client reads: its name, a row by its number, and how it is read.
const LISTS: [(&str, MakeRow, Read); 6] = [
    ("members", person, |client| run(client.members()).map(|rows| rows.len())),
    ("projects", named, |client| run(client.projects()).map(|rows| rows.len())),
    ("members", person, |client| run(client.project_members(ProjectId(7))).map(|rows| rows.len())),
    ("teams", named, |client| run(client.teams()).map(|rows| rows.map_or(99, |rows| rows.len()))),
    ("results", account, |client| {
        run(client.service_accounts()).map(|rows| rows.map_or(99, |rows| rows.len()))
    }),
    ("results", account, |client| {
        run(client.project_service_accounts(ProjectId(7)))
            .map(|rows| rows.map_or(99, |rows| rows.len()))
    }),
];

fn person(id: u64) -> Value {
    json!({ "id": id, "email": format!("p{id}@acme.example"), "role": "owner" })
}

fn named(id: u64) -> Value {
    json!({ "id": id, "name": format!("n{id}"), "projects": [], "members": [] })
}

fn account(id: u64) -> Value {
    json!({ "id": id, "username": format!("a{id}"), "role": "admin" })
}

/// Asks for a list whose first answers are these.
fn ask(dialect: Dialect, read: Read, bodies: Vec<Value>) -> (Result<usize, ApiError>, usize) {
    let mut replies = bodies.into_iter().map(|body| Reply::json(200, &body.to_string()));
    let way = (dialect == Dialect::App).then(|| Reply::json(200, OWNER));
    let server = Server::replies(way.into_iter().chain(replies.by_ref()).collect());
    let client = client_of(&server.url(), dialect);
    if dialect == Dialect::App {
        run(client.members()).unwrap();
    }
    let before = server.lines().len();
    (read(&client), server.lines().len() - before)
}

#[test]
fn a_list_cut_by_any_number_of_rows_is_refused() {
    let told: [fn(usize) -> Value; 24] = [
        |rows| json!({ "total": rows }),
        |rows| json!({ "total": rows.to_string() }),
        |rows| json!({ "count": rows }),
        |rows| json!({ "total_count": rows, "count": 1 }),
        |rows| json!({ "pagination": { "total": rows } }),
        |rows| json!({ "meta": { "totalCount": rows, "page": 1 } }),
        |_| json!({ "more": true }),
        |_| json!({ "total_pages": 2 }),
        |rows| json!({ "total": rows as f64 }),
        |rows| json!({ "TotalCount": format!("{rows}.0") }),
        |rows| json!({ "meta": { "pagination": { "total": rows } } }),
        |rows| json!({ "pagination": { "meta": { "total": rows.to_string() } } }),
        |rows| json!({ "response_metadata": { "page": { "x": { "totalElements": rows } } } }),
        |_| json!({ "hasNextPage": true }),
        |_| json!({ "pageInfo": { "hasNextPage": true, "endCursor": "abc" } }),
        |_| json!({ "_links": { "next": { "href": "https://elsewhere.example/x" } } }),
        |_| json!({ "response_metadata": { "next_token": "abc" } }),
        |_| json!({ "nextToken": "abc" }),
        |_| json!({ "next_offset": 100 }),
        |_| json!({ "meta": { "nextOffset": "100" } }),
        |_| json!({ "continuation": { "key": 7 } }),
        |_| json!({ "continuation_token": "abc" }),
        |_| json!({ "isLast": false }),
        |_| json!({ "truncated": "true" }),
    ];
    for dialect in DIALECTS {
        for (name, row, read) in LISTS {
            for told in told {
                for cut in 1..=3 {
                    let rows: Vec<Value> = (1..=3 - cut).map(row).collect();
                    let mut nested = json!({ "status": "ok", "results": told(3) });
                    let mut flat = told(3);
                    flat[name] = json!(rows);
                    let inner = if name == "results" { "accounts" } else { name };
                    nested["results"][inner] = json!(rows);
                    // Rows under a name of their own are listed two levels deep.
                    let bodies = if name == "results" { vec![flat] } else { vec![flat, nested] };
                    for body in bodies {
                        let (read, asked) = ask(dialect, read, vec![body.clone()]);
                        let error = read.expect_err(&body.to_string());
                        assert_eq!((error.kind, asked), (ErrorKind::Permanent, 1), "{body}");
                        assert!(error.is_unreadable(), "{error}");
                        assert!(error.request.starts_with("GET /"), "{error}");
                        let hint = error.hint.as_deref().unwrap_or_default();
                        assert!(hint.contains("mixaccess doctor"), "{hint}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_row_that_stands_there_twice_is_not_two() {
    for dialect in DIALECTS {
        for (name, row, read) in LISTS {
            for told in [json!({}), json!({ "total": 3 }), json!({ "count": 3, "total_pages": 1 })]
            {
                let mut body = told;
                body[name] = json!([row(1), row(2), row(1)]);
                let error = ask(dialect, read, vec![body.clone()]).0.expect_err(&body.to_string());
                assert!(error.is_unreadable() && error.message.ends_with(" twice"), "{error}");
            }
        }
    }
    let twice = |rows: Value| {
        let body = json!({ "members": rows });
        ask(Dialect::Members, LISTS[0].2, vec![body]).0.map_err(|error| error.message)
    };
    let owner = person(1);
    // Its number tells it apart, whatever else it says, also where the rest cannot be read.
    for (again, expected) in [
        (json!({ "id": 1, "email": "p1@acme.example", "role": "member" }), "(number 1) twice"),
        (json!({ "id": "1", "email": "other@acme.example" }), "(number 1) twice"),
        (json!({ "id": 1 }), "number 1 twice"),
    ] {
        let error = twice(json!([owner, again])).unwrap_err();
        assert!(
            error.contains("unreadable: the list names ") && error.contains(expected),
            "{error}"
        );
    }
    let invited = json!({ "email": "p9@acme.example", "status": "pending" });
    let error = twice(json!([owner, invited, invited])).unwrap_err();
    assert!(error.ends_with("the list names p9@acme.example twice"), "{error}");
    // Another account of the same address.
    assert_eq!(twice(json!([owner, { "id": 2, "email": "p1@acme.example" }])), Ok(2));
}

#[test]
fn somebody_stands_in_a_project_once_for_each_role() {
    let (_, _, read) = LISTS[2];
    let of = |told: Value| {
        let mut row = person(1);
        row.as_object_mut().unwrap().extend(told.as_object().unwrap().clone());
        row
    };
    let team = |name: Value| of(json!({ "grant_type": "team", "team": name }));
    for (rows, expected) in [
        (vec![person(1), team(json!("Growth")), team(json!("Sales"))], Some(3)),
        (vec![person(1), team(json!(3)), team(json!(4))], Some(3)),
        (vec![person(1), of(json!({ "grant_type": "organization" }))], Some(2)),
        // Two teams without a name may be two.
        (vec![team(json!(null)), team(json!(null))], Some(2)),
        (vec![team(json!("Growth")), team(json!("Growth"))], None),
        (vec![person(1), of(json!({ "grant_type": "individual" }))], None),
    ] {
        let body = json!({ "members": rows, "total": rows.len() });
        let (read, _) = ask(Dialect::Members, read, vec![body.clone()]);
        match expected {
            Some(expected) => assert_eq!(read.unwrap(), expected, "{body}"),
            None => assert!(read.unwrap_err().message.contains("p1@acme.example twice"), "{body}"),
        }
    }
}

#[test]
fn a_list_beside_which_something_went_wrong_is_refused() {
    for (name, row, read) in LISTS {
        for mut told in [
            json!({ "status": "partial" }),
            json!({ "status": "ok", "error": "timeout" }),
            json!({ "status": "ok", "errors": ["shard 3"] }),
            json!({ "errors": [{ "code": 7 }] }),
            json!({ "error": { "message": "timeout" }, "status": "success" }),
            json!({ "success": false }),
            json!({ "status": 503 }),
            json!({ "total": { "value": 2, "relation": "gte" } }),
            json!({ "total": "1,007" }),
            json!({ "total": "7 members" }),
            json!({ "count": [7] }),
            json!({ "total": 2.5 }),
            json!({ "meta": { "total_pages": "1 of 2" } }),
        ] {
            told[name] = json!([row(1), row(2)]);
            let (read, asked) = ask(Dialect::Members, read, vec![told.clone()]);
            let error = read.expect_err(&told.to_string());
            assert_eq!((error.kind, asked), (ErrorKind::Permanent, 1), "{told}");
            assert!(error.is_unreadable(), "{told}: {error}");
            assert!(error.hint.unwrap_or_default().contains("mixaccess doctor"), "{told}");
        }
        for mut told in [
            json!({ "status": "OK", "error": null, "errors": [], "success": true }),
            json!({ "status": "success", "error": "", "message": "2 members" }),
            json!({ "status": 200, "errors": {}, "pages": { "next": null }, "total": "unknown" }),
        ] {
            told[name] = json!([row(1), row(2)]);
            let (read, _) = ask(Dialect::Members, read, vec![told.clone()]);
            assert_eq!(read.unwrap(), 2, "{told}");
        }
    }
    let nested = json!({ "status": "ok", "results": { "members": [person(1)], "errors": ["x"] } });
    let error = ask(Dialect::App, LISTS[0].2, vec![nested]).0.unwrap_err();
    assert!(error.message.ends_with("`errors`: `[\"x\"]` beside its list"), "{error}");
}

#[test]
fn a_list_is_answered_with_200() {
    for (name, row, read) in LISTS {
        for status in [201, 202, 203, 205, 206, 207, 226] {
            let body = json!({ name: [row(1)] }).to_string();
            let server = Server::replies(vec![Reply::json(status, &body)]);
            let error = read(&client_of(&server.url(), Dialect::Members)).unwrap_err();
            let expected = format!("unreadable: the service answered {status}");
            assert!(error.message.starts_with(&expected), "{error}");
            assert_eq!((error.kind, server.lines().len()), (ErrorKind::Permanent, 1), "{error}");
        }
    }
}

#[test]
fn figures_that_fit_or_say_less_are_believed() {
    for (name, row, read) in LISTS {
        let rows: Vec<Value> = (1..=3).map(row).collect();
        for mut told in [
            json!({ "total": 3 }),
            json!({ "total": 2 }),
            json!({ "total": 3, "count": 100 }),
            json!({ "count": 3, "total_pages": 1, "has_more": false }),
            json!({ "total": null, "count": "many", "total_pages": 0 }),
            json!({ "total": "3.0", "meta": { "pagination": { "total": 3, "total_pages": 1 } } }),
            json!({ "meta": { "seats": { "total": 100 }, "rate_limit": { "count": 1000 } } }),
            json!({ "has_more": "false", "more": "0", "truncated": 0, "next": {}, "isLast": true }),
            json!({ "next": [], "links": { "next": null }, "_links": { "next": { "href": null } } }),
            json!({ "next": "null", "next_page": 0, "nextCursor": "", "continuation": null }),
            json!({ "next_page": -1, "nextToken": "", "next_offset": -1, "meta": { "next": "" } }),
            json!({ "next_page": "None", "page": 1 }),
            json!({ "page": 1, "next_page": 1 }),
            json!({ "meta": { "current_page": "4", "nextPage": 4, "last_page": 1 } }),
        ] {
            told[name] = json!(rows);
            let (read, _) = ask(Dialect::Members, read, vec![told.clone()]);
            assert_eq!(read.unwrap(), 3, "{told}");
        }
    }
}

#[test]
fn totals_hold_for_all_pages_together() {
    let page = |ids: &[u64], next: Value, told: Value| {
        let mut body = told;
        body["members"] = ids.iter().map(|id| person(*id)).collect();
        body["next"] = next;
        body
    };
    let total = || json!({ "total": 4, "count": 2, "total_pages": 2 });
    let (_, _, read) = LISTS[0];
    let ask = |pages| ask(Dialect::Members, read, pages);
    let whole = vec![page(&[1, 2], json!("?page=2"), total()), page(&[3, 4], json!(null), total())];
    assert_eq!(ask(whole).0.unwrap(), 4);
    for (pages, expected) in [
        (vec![page(&[1, 2], json!(null), total())], "2 of the 4 rows"),
        (
            vec![page(&[1, 2], json!("?p=2"), total()), page(&[3], json!(null), json!({}))],
            "3 of the 4",
        ),
        // The last page alone tells.
        (
            vec![page(&[1, 2], json!("?p=2"), json!({})), page(&[3], json!(null), total())],
            "3 of the 4",
        ),
        // A page that is answered again, whole or in part, stands for nobody else.
        (
            vec![page(&[1, 2], json!("?p=2"), total()), page(&[1, 2], json!(null), total())],
            "repeats",
        ),
        (
            vec![page(&[1, 2], json!("?p=2"), json!({})), page(&[2, 1], json!(null), json!({}))],
            "repeats",
        ),
        (
            vec![page(&[1, 2], json!("?p=2"), total()), page(&[2, 3], json!(null), total())],
            "3 of the 4",
        ),
        // What is said of the next page is ignored by the service.
        (vec![page(&[1, 2], json!("?p=2"), total())], "read already"),
        (
            vec![page(&[1, 2, 3, 4], json!(null), json!({ "total": 4, "total_pages": 2 }))],
            "1 of the 2 pages",
        ),
    ] {
        let error = ask(pages).0.unwrap_err();
        assert!(error.is_unreadable() && error.message.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn every_way_on_that_is_known_is_followed() {
    let (name, row, read) = LISTS[0];
    for (first, expected) in [
        (json!({ "nextPage": 2, "hasNextPage": true }), "page=2"),
        (json!({ "meta": { "pagination": { "next_page": "2" } } }), "page=2"),
        (json!({ "page": 1, "next_page": 2.0 }), "page=2"),
        (json!({ "nextCursor": "abc", "has_more": "true" }), "cursor=abc"),
        (json!({ "nextPageToken": "abc" }), "cursor=abc"),
        (json!({ "pageInfo": { "hasNextPage": true, "nextCursor": 7 } }), "cursor=7"),
        (json!({ "_links": { "next": { "href": "?page=2" } } }), "page=2"),
        (json!({ "links": { "next": { "href": "members?page=2" } }, "next_token": "x" }), "page=2"),
        (json!({ "links": [{ "rel": "next", "href": "?page=2" }], "is_last": false }), "page=2"),
    ] {
        let mut first = first;
        first[name] = json!([row(1), row(2)]);
        let last = json!({ "members": [row(3)], "total": 3, "hasNextPage": false });
        let replies = [&first, &last].map(|body| Reply::json(200, &body.to_string()));
        let server = Server::replies(replies.into());
        assert_eq!(read(&client_of(&server.url(), Dialect::Members)).unwrap(), 3, "{first}");
        let asked = server.lines();
        assert_eq!(asked.len(), 2, "{first}");
        assert!(asked[1].ends_with(expected), "{first}: {asked:?}");
    }
}

#[test]
fn members_without_an_accepted_owner_are_not_believed() {
    let (_, _, read) = LISTS[0];
    for (rows, expected) in [
        (json!([]), "the list of members is empty"),
        (json!([{ "id": 1, "email": "a@acme.example", "role": "admin" }]), "none of the 1 members"),
        (
            json!([{ "id": 1, "email": "a@acme.example", "role": "owner", "status": "pending" }]),
            "none",
        ),
        (
            json!([{ "id": 1, "email": "a@acme.example", "role": "emperor" }]),
            "none of the 1 members",
        ),
    ] {
        for (dialect, path) in DIALECTS.into_iter().zip(["members", "users/"]) {
            let server = Server::replies(vec![Reply::json(200, &rows.to_string())]);
            let error = read(&client_of(&server.url(), dialect)).unwrap_err();
            assert!(error.is_unreadable() && error.message.contains(expected), "{error}");
            assert!(error.request.ends_with(path), "{error}");
        }
    }
}
