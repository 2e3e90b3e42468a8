use reqwest::{StatusCode, Url};

use super::*;
use crate::request::Endpoint;

const MINUTE: Duration = Duration::from_secs(60);

fn request(method: Method) -> Request {
    Request {
        version: None,
        endpoint: Endpoint::Revoke,
        method,
        url: Url::parse("https://mixpanel.example/api/app/x?secret=1").unwrap(),
        body: None,
    }
}

fn failure(cause: Cause, status: Option<u16>) -> Failure {
    Failure { cause, status, message: "m".to_owned(), hint: None, retry_after: None }
}

fn tries() -> Tries {
    Tries::new(Duration::from_millis(1), MINUTE)
}

fn kind(verdict: Verdict) -> Option<ErrorKind> {
    match verdict {
        Verdict::Fail(error) => Some(error.kind),
        Verdict::Again(_) | Verdict::AlreadyGone => None,
    }
}

#[test]
fn the_first_failure_decides_by_method_and_cause() {
    use Cause::{NotSent, RateLimited, Refused, Uncertain, Unreadable};
    use ErrorKind::{OutcomeUnknown, Permanent};
    for (method, cause, expected) in [
        (Method::GET, NotSent, None),
        (Method::GET, RateLimited, None),
        (Method::GET, Uncertain, None),
        (Method::GET, Unreadable, Some(Permanent)),
        (Method::GET, Refused, Some(Permanent)),
        (Method::POST, NotSent, None),
        (Method::POST, RateLimited, None),
        (Method::POST, Uncertain, Some(OutcomeUnknown)),
        (Method::POST, Unreadable, Some(OutcomeUnknown)),
        (Method::POST, Refused, Some(Permanent)),
        (Method::PUT, Uncertain, None),
        (Method::PUT, Unreadable, None),
        (Method::PUT, Refused, Some(Permanent)),
        (Method::DELETE, NotSent, None),
        (Method::DELETE, Uncertain, None),
        (Method::DELETE, Refused, Some(Permanent)),
    ] {
        let verdict = tries().judge(&request(method.clone()), failure(cause, None), Duration::ZERO);
        assert_eq!(kind(verdict), expected, "{method} {cause:?}");
    }
}

#[test]
fn after_a_lost_try_nothing_but_success_is_certain() {
    for (method, then, status, expected) in [
        (Method::PUT, Cause::Refused, Some(403), Some(ErrorKind::OutcomeUnknown)),
        (Method::PUT, Cause::Refused, Some(404), Some(ErrorKind::OutcomeUnknown)),
        (Method::DELETE, Cause::Refused, Some(403), Some(ErrorKind::OutcomeUnknown)),
        (Method::GET, Cause::Refused, Some(403), Some(ErrorKind::Permanent)),
    ] {
        let mut tries = tries();
        let request = request(method.clone());
        tries.judge(&request, failure(Cause::Uncertain, None), Duration::ZERO);
        let verdict = tries.judge(&request, failure(then, status), Duration::ZERO);
        assert_eq!(kind(verdict), expected, "{method}");
    }
}

#[test]
fn a_removal_found_done_is_done() {
    let request = request(Method::DELETE);
    let gone = || failure(Cause::Refused, Some(404));
    assert!(matches!(
        tries().judge(&request, gone(), Duration::ZERO),
        Verdict::Fail(ApiError { kind: ErrorKind::Permanent, .. })
    ));
    let mut doubtful = tries();
    doubtful.judge(&request, failure(Cause::Uncertain, Some(502)), Duration::ZERO);
    assert!(matches!(doubtful.judge(&request, gone(), Duration::ZERO), Verdict::AlreadyGone));
    let mut limited = tries();
    limited.judge(&request, failure(Cause::RateLimited, Some(429)), Duration::ZERO);
    assert!(matches!(limited.judge(&request, gone(), Duration::ZERO), Verdict::Fail(_)));
}

#[test]
fn giving_up_tells_what_is_known() {
    for (method, cause, expected) in [
        (Method::GET, Cause::Uncertain, ErrorKind::Transient),
        (Method::PUT, Cause::Uncertain, ErrorKind::OutcomeUnknown),
        (Method::DELETE, Cause::Unreadable, ErrorKind::OutcomeUnknown),
        (Method::POST, Cause::RateLimited, ErrorKind::Transient),
        (Method::DELETE, Cause::NotSent, ErrorKind::Transient),
    ] {
        let (mut tries, request) = (tries(), request(method.clone()));
        let mut count = 0;
        let error = loop {
            match tries.judge(&request, failure(cause, None), Duration::ZERO) {
                Verdict::Again(_) => count += 1,
                Verdict::Fail(error) => break error,
                Verdict::AlreadyGone => panic!("nothing was removed"),
            }
        };
        assert_eq!(error.kind, expected, "{method} {cause:?}");
        assert_eq!(count, if cause == Cause::NotSent { 4 } else { 10 });
        assert_eq!(error.request, format!("{method} /api/app/x"));
    }
}

#[test]
fn asked_waits_are_kept_up_to_the_limit() {
    let request = request(Method::POST);
    let asked = |seconds| Failure {
        retry_after: Some(Duration::from_secs(seconds)),
        ..failure(Cause::RateLimited, Some(429))
    };
    let mut tries = tries();
    for _ in 0..40 {
        match tries.judge(&request, asked(1), Duration::ZERO) {
            Verdict::Again(wait) => assert!(wait >= Duration::from_secs(1)),
            other => panic!("{other:?}"),
        }
    }
    match tries.judge(&request, asked(3600), Duration::ZERO) {
        Verdict::Fail(error) => {
            assert_eq!(error.kind, ErrorKind::Transient);
            assert_eq!(error.retry_after, Some(Duration::from_secs(3600)));
            assert_eq!(error.message, "m; it asks to wait 3600 s");
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(tries.judge(&request, asked(30), Duration::from_secs(31)), Verdict::Fail(_)));
    assert!(matches!(tries.judge(&request, asked(30), Duration::from_secs(20)), Verdict::Again(_)));
    let mut never = Tries::new(Duration::from_millis(1), Duration::ZERO);
    let verdict = never.judge(&request, failure(Cause::NotSent, None), Duration::ZERO);
    assert_eq!(kind(verdict), Some(ErrorKind::Transient));
}

#[test]
fn reads_both_forms_of_retry_after() {
    let now = "Wed, 21 Oct 2026 07:28:00 GMT";
    for (asked, date, expected) in [
        (Some("120"), None, Some(120)),
        (Some(" 0 "), None, Some(0)),
        (Some("1.0"), None, Some(1)),
        (Some("Wed, 21 Oct 2026 07:28:30 GMT"), Some(now), Some(30)),
        (Some("Wed, 21 Oct 2026 07:00:00 GMT"), Some(now), Some(0)),
        (Some("Wednesday, 21-Oct-26 07:29:00 GMT"), Some(now), Some(60)),
        (Some("Wed, 21 Oct 2026 07:28:30 GMT"), None, None),
        (Some("-1"), None, None),
        (Some("NaN"), None, None),
        (Some("1e300"), None, None),
        (Some("soon"), Some(now), None),
        (None, Some(now), None),
    ] {
        let answer = Answer {
            status: StatusCode::TOO_MANY_REQUESTS,
            retry_after: asked.map(str::to_owned),
            date: date.map(str::to_owned),
            body: Vec::new(),
        };
        assert_eq!(retry_after(&answer), expected.map(Duration::from_secs), "{asked:?}");
    }
}
