//! Values that try to break a rendering.

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::sample::{self, Sample, whole};
use crate::{Format, Redaction, RenderOptions, plan};
use mixaccess_model::{
    EffectRole, Email, Finding, GuardCode, GuardVerdict, ManualChange, ManualEffect, ManualTask,
    OrganizationRole, ProjectId, ProjectKey, ProjectRef, ProjectRole, Risk, Severity, Through,
    Write,
};

/// Text made of what Markdown, HTML, XML, GitHub and terminals react to, and of anything else.
fn hostile() -> impl Strategy<Value = String> {
    let nasty = prop::sample::select(vec![
        "|",
        "`",
        "```",
        "\\",
        "\\|",
        "<",
        "</details>",
        "<!--",
        "-->",
        "@octocat",
        "#12",
        "[a](b)",
        "https://evil.example",
        "www.evil.example",
        "\n",
        "\r\n",
        "\n\n# x",
        "*",
        "_",
        "~~",
        "&amp;",
        ":tada:",
        "\u{202e}",
        "\u{1b}[31m",
        "\u{0}",
        "\u{200b}",
        "]]>",
        "1. ",
        "- ",
        "a",
        "中",
        " ",
    ]);
    prop::collection::vec(prop_oneof![3 => nasty.prop_map(str::to_owned), 1 => "\\PC{0,8}"], 0..12)
        .prop_map(|parts| parts.concat())
}

fn sample_of(words: &[String]) -> Sample {
    let word = |at: usize| words[at % words.len()].as_str();
    let mut sample = Sample::empty();
    sample.content.organization.name = Some(word(0).to_owned());
    word(12).clone_into(&mut sample.content.organization.base_url);
    for number in 0..words.len() {
        let email = format!("{number}{}", word(number));
        sample
            .person(
                &email,
                Some(word(number + 1)),
                sample::access(OrganizationRole::Member, &[(7, word(2))]),
                sample::access(OrganizationRole::Member, &[(7, word(3))]),
            )
            .change(
                &email,
                Risk::Escalation,
                Write::set_project_role(
                    ProjectRef { id: ProjectId(7), key: ProjectKey::new(word(4)) },
                    ProjectRole::parse(word(2)),
                    ProjectRole::parse(word(3)),
                ),
                sample::because(word(5), u32::try_from(number).unwrap()),
            );
        sample.content.changes[number].reason.annotations.reason = Some(word(number + 2).into());
    }
    others(&mut sample, words);
    sample.content.guards.push(GuardVerdict {
        guard: GuardCode::Rule,
        message: word(6).to_owned(),
        way_past: word(7).to_owned(),
        subject: Some(sample::person(word(8))),
        place: Some(sample::place(word(9), 1)),
        overridden_by: None,
    });
    sample.content.findings.push(
        Finding::new(Severity::Warning, "code", word(10))
            .with_hint(word(11))
            .about(&Email::new(word(1))),
    );
    sample
}

/// A team, a service account and a manual change, with names that nobody would give them.
fn others(sample: &mut Sample, words: &[String]) {
    let word = |at: usize| words[at % words.len()].as_str();
    let asked = |at| sample::because(word(at), 1);
    let (team, account) = (whole::team(word(3)), whole::service_account(word(4)));
    sample
        .subject(team.clone(), None, None, None)
        .change_of(
            team.clone(),
            Risk::Escalation,
            Write::add_team_member(Email::new(word(5)), Through::Scim),
            asked(6),
        )
        .change_of(
            team,
            Risk::Destructive,
            Write::delete_team(vec![Email::new(word(7))], Vec::new()),
            asked(8),
        )
        .subject(account.clone(), None, None, None)
        .change_of(
            account.clone(),
            Risk::Destructive,
            Write::delete_service_account(Vec::new()),
            asked(9),
        );
    sample.content.findings.push(
        Finding::new(Severity::Warning, "about-others", word(2)).about_subject(account.clone()),
    );
    for subject in [account, sample::person(word(1))] {
        sample.content.manual.push(ManualChange {
            subject,
            provider: None,
            task: ManualTask::ChangeGroups {
                join: vec![word(2).into()],
                leave: vec![word(3).into(), word(4).into()],
            },
            effects: vec![ManualEffect {
                project: Some(sample::project(7, word(5))),
                before: None,
                after: Some(EffectRole::Project(ProjectRole::parse(word(6)))),
                reason: sample::because(word(7), 2),
            }],
            steps: vec![word(8).to_owned(), word(9).to_owned()],
        });
    }
}

fn markdown_is_ours_alone(text: &str, rows: usize) {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_GFM;
    let (mut cells, mut table_rows, mut in_code) = (0, 0, false);
    for event in Parser::new_ext(text, options) {
        match event {
            Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::Strikethrough) => {
                panic!("a link, picture or deletion: {text}")
            }
            Event::Start(Tag::Heading { level, .. }) => {
                assert_eq!(level, pulldown_cmark::HeadingLevel::H3);
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                let ours = ["<!-- mixaccess plan: 12345 -->", "<details>", "</details>", "<br>"];
                assert!(ours.iter().any(|one| html.trim().starts_with(one)), "{html}");
            }
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Start(Tag::TableRow) => (cells, table_rows) = (0, table_rows + 1),
            Event::End(TagEnd::TableCell) => cells += 1,
            Event::End(TagEnd::TableRow) => assert_eq!(cells, 7),
            Event::Text(text) if !in_code => {
                let mentions = text.split('@').skip(1).any(|rest| !rest.starts_with('\u{200b}'));
                // An entity ends its text event, so that what follows is a text of its own.
                assert!(!mentions || text.ends_with('@'), "{text}");
                assert!(!text.contains("www.") && !text.contains("://"), "{text}");
            }
            _ => {}
        }
    }
    assert_eq!(table_rows, rows);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..Default::default() })]

    #[test]
    fn markdown_is_never_anybody_elses(words in prop::collection::vec(hostile(), 1..12)) {
        let sample = sample_of(&words);
        let changes: std::collections::BTreeSet<_> =
            sample.content.changes.iter().map(|change| change.id.clone()).collect();
        let made = sample.seal();
        let text = plan(&made, Format::Markdown, &RenderOptions::default()).unwrap();
        let rows = text.lines().filter(|line| line.starts_with("| `")).count();
        prop_assert_eq!(rows, changes.len());
        markdown_is_ours_alone(&text, rows);
        let with_diff = RenderOptions { diff: true, ..Default::default() };
        markdown_is_ours_alone(&plan(&made, Format::Markdown, &with_diff).unwrap(), rows);
    }

    #[test]
    fn nothing_steers_a_terminal(words in prop::collection::vec(hostile(), 1..12)) {
        let made = sample_of(&words).seal();
        let redaction = Redaction::new(made.content.organization.id);
        for redact in [None, Some(&redaction)] {
            let options = RenderOptions { diff: true, redact, ..Default::default() };
            for format in Format::ALL {
                let text = plan(&made, format, &options).unwrap();
                for line in text.lines() {
                    prop_assert!(
                        matches!(mixaccess_model::printable(line), std::borrow::Cow::Borrowed(_)),
                        "{} {:?}", format, line
                    );
                }
            }
        }
    }

    #[test]
    fn comments_stay_below_the_limit(
        word in hostile(), times in 1_usize..40, people in 1_usize..60, diff: bool,
    ) {
        let long = word.repeat(times);
        let mut words = vec![long; 12];
        words.extend((0..people).map(|number| number.to_string()));
        let mut sample = sample_of(&words);
        let guard = sample.content.guards[0].clone();
        sample.content.guards.extend(std::iter::repeat_n(guard, people));
        let finding = sample.content.findings[0].clone();
        sample.content.findings.extend(std::iter::repeat_n(finding, people));
        let options = RenderOptions { diff, ..Default::default() };
        let text = plan(&sample.seal(), Format::Markdown, &options).unwrap();
        prop_assert!(text.chars().count() < 65_536, "{}", text.chars().count());
    }
}
