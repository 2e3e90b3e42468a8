//! Nothing that identifies a person remains.

use crate::sample;
use crate::{Culprit, Culprits, Format, Purpose, Redaction, RenderOptions, plan};
use mixaccess_model::{
    Email, Finding, NotPlanned, NotPlannedKind, OrganizationId, Pattern, Plan, ProjectKey, Severity,
};

const TELLING: [&str; 12] = [
    "alex",
    "kim",
    "jordan",
    "robin",
    "pat@",
    "sam@",
    "guest",
    "mixaccess.ci@",
    "zoe",
    "@agency",
    "@acme",
    " example",
];

fn telling() -> Plan {
    let mut sample = sample::refused();
    let content = &mut sample.content;
    content.policy.protected = ["zoe@acme.example", "zoe*", "*@corp.test"].map(Pattern::new).into();
    content.findings.push(Finding::new(
        Severity::Note,
        "look-alike",
        "Kim Example is Kim@agency.example in access/kim.example/KimExample.yaml, says @zoe",
    ));
    content.not_planned.push(NotPlanned {
        kind: NotPlannedKind::Protected,
        subject: None,
        project: None,
        message: "mailto:zoe.q@acme.example is protected".to_owned(),
    });
    content.changes[0].reason.annotations.reason = Some("Alex moves on; ask zoe@x.example".into());
    content.changes[0].id = mixaccess_model::ChangeId("revoke:alex@agency.example:1".into());
    content.projects[3].key = ProjectKey::new("Kim Example's sandbox");
    content.organization.name = Some("Alex Example Limited".to_owned());
    sample.seal()
}

#[test]
fn no_format_gives_anybody_away() {
    let made = telling();
    let redaction = Redaction::new(OrganizationId(12345));
    let culprits = Culprits::from([(
        made.content.changes[0].id.clone(),
        Culprit { who: "jordan@acme.example".to_owned(), at: None },
    )]);
    for purpose in [Purpose::Plan, Purpose::Drift { culprits: &culprits }] {
        for format in Format::ALL {
            let text = plan(
                &made,
                format,
                &RenderOptions {
                    redact: Some(&redaction),
                    purpose,
                    diff: true,
                    plan_file: Some("out/alex.yaml"),
                    ..Default::default()
                },
            )
            .unwrap();
            for word in TELLING {
                let found = text.to_lowercase().find(&word.to_lowercase());
                let around = found.and_then(|at| text.get(at.saturating_sub(60)..at + 20));
                assert_eq!((found, around), (None, None), "{format} gives away {word}");
            }
            if matches!(format, Format::Json | Format::Human) {
                let alex = redaction.pseudonymize(&Email::new("ALEX@agency.example"));
                assert!(text.contains(&alex), "{format}");
            }
        }
    }
}

#[test]
fn a_redacted_plan_cannot_be_applied() {
    let redaction = Redaction::new(OrganizationId(12345));
    let options = RenderOptions { redact: Some(&redaction), ..Default::default() };
    let text = plan(&telling(), Format::Json, &options).unwrap();
    assert!(text.contains("\"redacted\": \"Everything that identifies a person is a pseudonym."));
    assert!(!text.contains("\"user\""), "numbers of members identify them too");
    assert!(Plan::from_json(text.as_bytes()).is_err());
    let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
    value.as_object_mut().unwrap().remove("redacted");
    let bare = Plan::from_json(value.to_string().as_bytes()).unwrap();
    assert!(bare.verify().is_err());
    assert!(bare.content.policy.protected.contains(&Pattern::new("*@corp.test")));
}

#[test]
fn pseudonyms_are_stable_and_differ_by_organization() {
    let alex = Email::new("alex@agency.example");
    let one = Redaction::new(OrganizationId(1));
    assert_eq!(one.pseudonymize(&alex), one.pseudonymize(&Email::new("Alex@Agency.example")));
    assert_ne!(one.pseudonymize(&alex), Redaction::new(OrganizationId(2)).pseudonymize(&alex));
    assert_eq!(one.pseudonymize(&alex).len(), "person-12345678".len());
}
