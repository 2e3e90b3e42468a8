use super::*;

fn fault(text: &str) -> Fault {
    text.parse().unwrap()
}

#[test]
fn faults_are_written_as_they_are_read() {
    for (text, whole) in [
        (
            "put,delete /projects/*/members/* status=503 times=2 retry-after=1",
            "PUT,DELETE /projects/*/members/* status=503 retry-after=1 before nth=1 times=2",
        ),
        (
            r#"* ** status=429 retry-after=date:5 body="a \"b\" \\c" times=always"#,
            r#"* ** status=429 retry-after=date:5 body="a \"b\" \\c" before nth=1 times=always"#,
        ),
        ("GET /me reset after nth=3", "GET /me reset after nth=3 times=1"),
        ("GET /me hang", "GET /me hang before nth=1 times=1"),
        ("GET /me hang=2s after", "GET /me hang=2000ms after nth=1 times=1"),
        ("GET /me slow=1m", "GET /me slow=60000ms nth=1 times=1"),
        ("GET /me truncate", "GET /me truncate=10 after nth=1 times=1"),
        ("GET /me html=502 account=ci", "GET /me html=502 before account=\"ci\" nth=1 times=1"),
        ("GET /me stale=3", "GET /me stale=3 nth=1 times=1"),
        ("PUT /** lie", "PUT /** lie nth=1 times=1"),
        ("GET /** cut", "GET /** cut=1 nth=1 times=1"),
        ("GET /** empty times=always", "GET /** empty nth=1 times=always"),
    ] {
        assert_eq!(fault(text).to_string(), whole);
        assert_eq!(fault(whole), fault(text));
    }
}

#[test]
fn what_is_not_understood_is_named() {
    for (text, reason) in [
        ("", "empty; begin with a method and a path"),
        ("GET", "no path; write one such as /projects/*/members/*"),
        ("GET me reset", "path \"me\" does not begin with `/`; `/**` matches every path"),
        (
            "GET /projects/1*/members reset",
            "`*` stands for a whole segment of a path, not for a part of \"1*\"",
        ),
        ("GRAB /me reset", "unknown method \"GRAB\"; use GET, POST, PUT, DELETE or `*`"),
        ("GET /me reset lie", "more than one thing goes wrong; write one fault for each"),
        ("GET /me status=99", "status 99 is not between 200 and 599"),
        ("GET /me status=x", "\"x\" is no whole number that fits"),
        ("GET /me status", "status needs a value, such as status=1"),
        ("GET /me explode", "unknown word \"explode\""),
        ("GET /me reset=1", "unknown word \"reset=1\""),
        ("GET /me slow=5h", "\"5h\" is no duration; write 250ms, 2s or 1m"),
        ("GET /me reset retry-after=1", "retry-after=, body= and location= go with status= only"),
        (
            "GET /me lie after",
            "`before` and `after` mean nothing for slow=, stale=, lie, cut and empty",
        ),
        ("GET /me reset nth=1 nth=2", "\"nth=2\" says again what an earlier word said"),
        ("GET /me reset body=\"x", "a double quote is not closed"),
    ] {
        let error = text.parse::<Fault>().unwrap_err().to_string();
        assert_eq!(error, reason, "{text}");
    }
    assert!(
        "GET /me times=2".parse::<Fault>().unwrap_err().to_string().contains("nothing goes wrong")
    );
}

#[test]
fn paths_match_by_segment() {
    for (pattern, path, matches) in [
        ("/me", "/api/app/me", true),
        ("/me/", "/api/app/me", true),
        ("/api/app/me", "/api/app/me", true),
        ("/projects/*/members", "/api/app/projects/11/members", true),
        ("/projects/*/members", "/api/app/projects/11/members/7", false),
        ("/projects/*", "/api/app/projects/11/members", false),
        ("/projects/**", "/api/app/projects/11/members", true),
        ("/**/members/*", "/api/app/projects/11/members/7", true),
        ("/**/members/**", "/api/app/projects/11/members", true),
        ("**", "/", true),
    ] {
        assert_eq!(
            fault(&format!("* {pattern} reset")).path_matches(path),
            matches,
            "{pattern} {path}"
        );
    }
}

#[test]
fn a_fault_counts_only_what_it_can_happen_to() {
    let mut faults = Faults::new(vec![fault("* /me lie"), fault("* /me nth=2 reset")]);
    assert_eq!(faults.meet(&Method::GET, "/me", None), None);
    let met = faults.meet(&Method::PUT, "/me", None).unwrap();
    assert_eq!(met.kind, FaultKind::Lie);
    assert_eq!(faults.meet(&Method::PUT, "/me", None), None);
}

#[test]
fn hostile_patterns_are_quick() {
    let pattern = "/**/a".repeat(200);
    let path = "/a".repeat(2000);
    assert!(!fault(&format!("* {pattern}/b reset")).path_matches(&path));
}
