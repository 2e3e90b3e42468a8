//! Lists in every shape.

use mixaccess_emulator::{EmulatorOptions, Shape};
use serde_json::{Value, json};

use crate::client::{Response, send, start};

async fn list(shape: &str, path: &str) -> Response {
    let shape = shape.parse().unwrap();
    let emulator = start(EmulatorOptions { shape, ..EmulatorOptions::default() }).await;
    send(&emulator, path, "")
}

const PROJECTS: &str = "GET /organizations/12345/projects";

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_wrapped() {
    for (shape, expected) in [
        (
            "bare",
            json!([{"id":11,"name":"Web","custom_roles":["Messenger"]},{"id":12,"name":"Mobile","custom_roles":[]}]),
        ),
        (
            "members",
            json!({"projects":[{"id":11,"name":"Web","custom_roles":["Messenger"]},{"id":12,"name":"Mobile","custom_roles":[]}]}),
        ),
        (
            "nested,string-ids",
            json!({"status":"ok","results":{"projects":[{"id":"11","name":"Web","custom_roles":["Messenger"]},{"id":"12","name":"Mobile","custom_roles":[]}]}}),
        ),
        (
            "map",
            json!({"status":"ok","results":{"11":{"id":11,"name":"Web","custom_roles":["Messenger"]},"12":{"id":12,"name":"Mobile","custom_roles":[]}}}),
        ),
        (
            "keyed-map",
            json!({"status":"ok","results":{"11":{"name":"Web","custom_roles":["Messenger"]},"12":{"name":"Mobile","custom_roles":[]}}}),
        ),
    ] {
        assert_eq!(list(shape, PROJECTS).await.json(), expected, "{shape}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_list_has_every_shape() {
    let organization = "/organizations/12345";
    let emulator = |shape| start(EmulatorOptions { shape, ..EmulatorOptions::default() });
    let lists = [
        (format!("{organization}/teams"), "teams", 1),
        (format!("{organization}/users"), "users", 5),
        (format!("{organization}/service-accounts"), "service_accounts", 4),
        ("/projects/11/service-accounts".to_owned(), "service_accounts", 4),
        ("/projects/12/tokens".to_owned(), "tokens", 0),
        (format!("{organization}/scim/logs"), "logs", 0),
    ];
    for shape in Shape::every() {
        let emulator = emulator(shape).await;
        for (path, name, count) in &lists {
            let body = send(&emulator, &format!("GET {path}"), "").json();
            let results = body.get("results").unwrap_or(&body);
            let rows = results.get(name).unwrap_or(results);
            let rows: Vec<&Value> = match rows {
                Value::Array(rows) => rows.iter().collect(),
                rows => rows.as_object().unwrap().values().collect(),
            };
            assert_eq!(rows.len(), *count, "{shape} {path}");
            let ids = rows.iter().filter_map(|row| row.get("id"));
            assert!(ids.map(Value::is_string).all(|is_text| is_text == shape.string_ids));
        }
    }
    let emulator = emulator("results,string-ids,page=1:number".parse().unwrap()).await;
    let users = send(&emulator, &format!("GET {organization}/users?page=3"), "").json();
    assert_eq!(users["next_page"], 4);
    assert_eq!(users["results"][0]["projects"][0]["id"], "11");
}

#[tokio::test(flavor = "multi_thread")]
async fn maps_lose_no_row_and_words_vary() {
    let rows = list("keyed-map,all_users,consumer", "GET /projects/12/members").await.results();
    assert_eq!(rows.as_object().unwrap().len(), 7);
    assert_eq!(
        rows["501-2"],
        json!({ "id": 501, "email": "priya@acme.example", "role": "consumer", "grant_type": "all_users" })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_followed_to_the_end() {
    for form in ["url", "path", "cursor", "number"] {
        let shape: Shape = format!("results,page=2:{form}").parse().unwrap();
        let emulator = start(EmulatorOptions { shape, ..EmulatorOptions::default() }).await;
        let first = "/organizations/12345/members?x=1";
        let mut path = first.to_owned();
        let mut sizes = Vec::new();
        loop {
            let page = send(&emulator, &format!("GET {path}"), "").json();
            sizes.push(page["results"].as_array().unwrap().len());
            let next = if form == "number" { &page["next_page"] } else { &page["next"] };
            path = match next {
                Value::Null => break,
                Value::Number(number) => format!("{first}&page={number}"),
                Value::String(cursor) if form == "cursor" => format!("{first}&cursor={cursor}"),
                Value::String(next) => {
                    let path = next.trim_start_matches(emulator.base_url().as_str());
                    assert!(path.contains("?x=1&page="), "{next}");
                    path.trim_start_matches("/api/app").to_owned()
                }
                other => panic!("{other}"),
            };
        }
        assert_eq!(sizes, [2, 2, 1], "{form}");
        assert_eq!(send(&emulator, &format!("GET {first}&page=0"), "").status, 400);
        assert_eq!(send(&emulator, &format!("GET {first}&cursor=x"), "").status, 400);
    }
}

#[test]
fn shapes_are_written_as_they_are_read() {
    for shape in Shape::every() {
        assert_eq!(shape.to_string().parse::<Shape>().unwrap(), shape);
    }
    for text in ["results,all_users,consumer,page=3:cursor", "map,string-ids,page=1:number"] {
        assert_eq!(text.parse::<Shape>().unwrap().to_string(), text);
    }
    for text in ["", "array", "page=0", "page=x", "bare,page=5", "page=5:link"] {
        assert!(text.parse::<Shape>().is_err(), "{text}");
    }
}
