//! The human format.

use crate::sample::{self, Sample};
use crate::{Culprit, Culprits, Format, Purpose, RenderOptions, Verbosity, plan};
use mixaccess_model::Plan;
use unicode_width::UnicodeWidthStr as _;

fn now() -> jiff::Timestamp {
    "2026-11-22T05:10:00Z".parse().unwrap()
}

fn options(width: usize) -> RenderOptions<'static> {
    RenderOptions { width, now: Some(now()), plan_file: Some("plan.json"), ..Default::default() }
}

fn human(made: &Plan, options: &RenderOptions<'_>) -> String {
    plan(made, Format::Human, options).unwrap()
}

/// The blocks of a text whose first line begins so.
fn block(text: &str, begins: &str) -> String {
    let blocks = text.split("\n\n").filter(|block| block.starts_with(begins));
    blocks.collect::<Vec<_>>().join("\n\n")
}

/// The digest of the whole plan is another one for every new field of the plan.
fn without_digest(made: &Plan, options: &RenderOptions<'_>) -> String {
    human(made, options).replace(&made.digest.short(12), "<plan>")
}

#[test]
fn a_plan_in_80_columns() {
    insta::assert_snapshot!(without_digest(&sample::usual().seal(), &options(80)), @r#"
    Plan for Acme Corp (12345): 7 changes for 4 people - 3 escalations, 3
      reductions, 1 removal
    Address: https://mixpanel.com

    alex@agency.example (Alex Example)
      IAM-2847: Q4 instrumentation, requested by pat@acme.example, approved by
        sam@acme.example
      ~ web-production     analyst -> admin     escalation
          access/collaborators/alex.yaml:7
      + ios-production     none    -> analyst   escalation
          access/collaborators/alex.yaml:8
      - web-staging        admin   -> none      reduction
          access/collaborators/alex.yaml:9

    robin@agency.example - new, gets an invitation
      + invitation         none    -> member    escalation
          access/collaborators/robin.yaml:2
      + sandbox (qa)       none    -> consumer

    jordan@acme.example (Jordan Example) - leaves the organization
      ! organization role  admin   -> removed   destructive
          removed by access/collaborators/jordan.yaml:4
      - web-production     owner   -> none

    kim@agency.example (Kim Example)
      ~ organization role  admin   -> member    reduction
          access/collaborators/kim.yaml:3
      ~ web-production     admin   -> consumer  reduction
          not mentioned in access/collaborators/kim.yaml:2

    Cannot be undone
      1 change: a removed member comes back only by a new invitation
      1 change: an invitation that was sent cannot be unsent

    Not planned
      9 people unmanaged: live and not in the files
        guest1@client.example: organization member, 2 projects
        guest2@client.example: organization member, 2 projects
        guest3@client.example: organization member, 2 projects
        guest4@client.example: organization member, 2 projects
        guest5@client.example: organization member, 2 projects
        and 4 more; -v shows all
      1 project undeclared: live and not in the files
        Old mobile app #2900000: not declared, so nobody's access in it is touched

    Warnings
      spelling: the live address is Kim@agency.example (kim@agency.example)
        access/collaborators/kim.yaml:1:7
        Write it in the files as the identity provider sends it.

    Notes
      already-met: the declared role is already given by team Growth

    made          2026-11-22 05:00 UTC, 9 minutes ago, by mixaccess 0.1.0
    resolved for  2026-11-22 05:00 UTC
    acting as     mixaccess.ci@acme.example, organization admin
    plan          sha256:<plan>
    changes       sha256:35a1a37775f7d5be3ec22ac29e49922ccf13918df1381cf602881d8489c2e098

    To apply exactly these changes, either of:
      mixaccess apply plan.json
      mixaccess apply --expect sha256:35a1a37775f7d5be3ec22ac29e49922ccf13918df1381cf602881d8489c2e098
    "#);
}

#[test]
fn a_refused_plan_in_160_columns() {
    insta::assert_snapshot!(without_digest(&sample::refused().seal(), &options(160)), @r#"
    Refused plan for Acme Corp (12345): 7 changes for 4 people - 3 escalations, 3 reductions, 1 removal
    Address: https://mixpanel.com

    Gains owner or admin: 1 person
      project admin in web-production: alex@agency.example

    Refused by 1 guard rail
      removals: 12 of 40 people would lose everything; at most 10 are allowed
        access/policy.yaml:3
        way past: mixaccess plan --allow removals=12 --because "…", or an entry in policy.overrides

    Errors
      actor-power: an admin cannot remove an admin (jordan@acme.example)
        Run with the credentials of an organization owner.

    Allowed by an override
      ticket: a change for production has no ticket - kim@agency.example
        allowed by access/policy.yaml:12, until 2026-12-01 00:00 UTC, IAM-1, because: emergency

    alex@agency.example (Alex Example)
      IAM-2847: Q4 instrumentation, requested by pat@acme.example, approved by sam@acme.example
      ~ web-production     analyst -> admin     escalation   access/collaborators/alex.yaml:7
      + ios-production     none    -> analyst   escalation   access/collaborators/alex.yaml:8
      - web-staging        admin   -> none      reduction    access/collaborators/alex.yaml:9

    robin@agency.example - new, gets an invitation
      + invitation         none    -> member    escalation   access/collaborators/robin.yaml:2
      + sandbox (qa)       none    -> consumer

    jordan@acme.example (Jordan Example) - leaves the organization
      ! organization role  admin   -> removed   destructive  removed by access/collaborators/jordan.yaml:4
      - web-production     owner   -> none

    kim@agency.example (Kim Example)
      ~ organization role  admin   -> member    reduction    access/collaborators/kim.yaml:3
      ~ web-production     admin   -> consumer  reduction    not mentioned in access/collaborators/kim.yaml:2

    Cannot be undone
      1 change: a removed member comes back only by a new invitation
      1 change: an invitation that was sent cannot be unsent

    Not planned
      9 people unmanaged: live and not in the files
        guest1@client.example: organization member, 2 projects
        guest2@client.example: organization member, 2 projects
        guest3@client.example: organization member, 2 projects
        guest4@client.example: organization member, 2 projects
        guest5@client.example: organization member, 2 projects
        and 4 more; -v shows all
      1 project undeclared: live and not in the files
        Old mobile app #2900000: not declared, so nobody's access in it is touched

    Warnings
      spelling: the live address is Kim@agency.example (kim@agency.example)
        access/collaborators/kim.yaml:1:7
        Write it in the files as the identity provider sends it.

    Notes
      already-met: the declared role is already given by team Growth

    made          2026-11-22 05:00 UTC, 9 minutes ago, by mixaccess 0.1.0
    resolved for  2026-11-22 05:00 UTC
    acting as     mixaccess.ci@acme.example, organization admin
    plan          sha256:<plan>
    changes       sha256:35a1a37775f7d5be3ec22ac29e49922ccf13918df1381cf602881d8489c2e098

    This plan cannot be applied. Resolve what refuses it, or take the way past it that is named above, and plan again.
    "#);
}

#[test]
fn drift_names_who_did_it() {
    let made = sample::usual().seal();
    let culprits = Culprits::from([(
        made.content.changes[1].id.clone(),
        Culprit {
            who: "jordan@acme.example".to_owned(),
            at: Some("2026-11-20T14:05:00Z".parse().unwrap()),
        },
    )]);
    let purpose = Purpose::Drift { culprits: &culprits };
    let text = human(&made, &RenderOptions { purpose, ..options(80) });
    let blocks: Vec<&str> = text.split("\n\n").take(3).collect();
    insta::assert_snapshot!(blocks.join("\n\n"), @r#"
    Drift in Acme Corp (12345): 7 differences for 4 people - 1 should be gone, 3
      more than declared, 3 less than declared; somebody changed this by hand
    Address: https://mixpanel.com

    jordan@acme.example (Jordan Example) - a member, declared removed
      ! organization role  live admin   files removed   should be gone
          removed by access/collaborators/jordan.yaml:4
      - web-production     live owner   files none

    kim@agency.example (Kim Example)
      ~ organization role  live admin   files member    more than declared
          access/collaborators/kim.yaml:3
      ~ web-production     live admin   files consumer  more than declared
          not mentioned in access/collaborators/kim.yaml:2
    "#);
}

#[test]
fn nothing_to_do_says_how_much_was_compared() {
    let text = human(&Sample::empty().seal(), &options(120));
    insta::assert_snapshot!(text, @"
    No changes. Live access in Acme Corp (12345) matches the files (312 people, 1,204 grants, 14 projects).
    Address: https://mixpanel.com
    ");
    let mut sample = Sample::empty();
    sample.content.not_planned = sample::usual().content.not_planned;
    let text = human(&sample.seal(), &options(200));
    assert!(text.contains("but 10 differences are left alone."), "{text}");
    assert!(text.contains("and 4 more; -v shows all"), "{text}");
}

#[test]
fn a_plan_for_another_instant_and_an_old_plan_say_so() {
    let mut sample = sample::usual();
    sample.content.instant = "2027-01-01T00:00:00Z".parse().unwrap();
    sample.content.instant_given = true;
    let now = Some("2026-11-25T05:10:00Z".parse().unwrap());
    let text = human(&sample.seal(), &RenderOptions { now, ..options(80) });
    let head: Vec<&str> = text.lines().take(6).collect();
    insta::assert_snapshot!(head.join("\n"), @r#"
    Plan for Acme Corp (12345): 7 changes for 4 people - 3 escalations, 3
      reductions, 1 removal
    Address: https://mixpanel.com
    ! Resolved for another instant than now: 2027-01-01 00:00 UTC (in 36 days).
    ! Made 3 days ago, and the policy lets a plan be applied for 24 hours only: plan
      again.
    "#);
}

#[test]
fn a_thousand_people_begin_with_totals_and_hide_nothing() {
    let made = sample::large(1_000).seal();
    let text = human(&made, &options(80));
    let (head, names) = text.split_once("\n\nGains owner or admin: 400 people\n").unwrap();
    let (names, rest) = names.split_once("\n\n").unwrap();
    assert_eq!(names.matches("@agency.example").count(), 400);
    let head: Vec<&str> = std::iter::once(head).chain(rest.split("\n\n").take(3)).collect();
    insta::assert_snapshot!(head.join("\n\n"), @r#"
    Plan for Acme Corp (12345): 1,800 changes for 1,000 people - 400 escalations,
      1,400 reductions
    Address: https://mixpanel.com

    By risk
      escalation  400 changes    400 people
      reduction   1,400 changes  1,000 people

    By project
      web-staging              - 1,000
      web-production    ~ 800

    By role
      project role  admin -> none     1,000
      project role  admin -> analyst  400
      project role  analyst -> admin  400
    "#);
    for subject in &made.content.subjects {
        // Once in the overview or the group, and once with its lines unless grouped.
        assert!(text.contains(&subject.subject.to_string()));
    }
    let signs = text.lines().filter(|line| line.starts_with("  ~ ") || line.starts_with("  - "));
    // 800 people with two lines each, and one line for 200 people alike.
    assert_eq!(signs.count(), 1_601);
    assert!(text.contains("200 people, the same for each"));
}

#[test]
fn quiet_and_verbose_never_touch_changes() {
    let made = sample::refused().seal();
    for verbosity in [Verbosity::Quiet, Verbosity::Normal, Verbosity::Verbose] {
        let text = human(&made, &RenderOptions { verbosity, ..options(80) });
        assert_eq!(text.matches("access/collaborators/alex.yaml").count(), 3);
        assert!(text.contains("removals: 12 of 40") && text.contains("actor-power"));
        assert_eq!(text.contains("guest9@client.example"), verbosity == Verbosity::Verbose);
        assert_eq!(text.contains("already-met"), verbosity != Verbosity::Quiet);
    }
}

#[test]
fn lines_keep_to_the_width_unless_one_word_is_longer() {
    for made in [sample::usual(), sample::refused(), sample::large(200)].map(Sample::seal) {
        for width in [60, 80, 100, 160] {
            for line in human(&made, &options(width)).lines() {
                let fits = line.width() <= width;
                let one_word = line.split_whitespace().count() == 1;
                let command = line.starts_with("  mixaccess ");
                let fact = line.starts_with("changes ");
                assert!(fits || one_word || command || fact, "{width}: {line}");
            }
        }
    }
}

#[test]
fn long_and_wide_names_keep_to_the_width() {
    use mixaccess_model::{ProjectId, ProjectKey, ProjectRef, ReasonKind, Risk, Write};
    let mut sample = Sample::empty();
    let key = ["project"; 9].join(" ");
    for (email, before) in [("中村@例え.example", "a role of some length"), ("b@x.example", "none")]
    {
        let after = ["reviewer of everything"; 5].join(" ");
        sample.person(email, Some("中村 花子"), None, None).change(
            email,
            Risk::Neutral,
            Write::set_project_role(
                ProjectRef { id: ProjectId(7), key: ProjectKey::new(key.as_str()) },
                sample::role(before),
                sample::role(&after),
            ),
            sample::asked(ReasonKind::Declared, "access/中村.yaml", 3),
        );
    }
    let text = human(&sample.seal(), &options(60));
    let blocks: Vec<&str> = text.split("\n\n").skip(1).take(1).collect();
    insta::assert_snapshot!(blocks.join("\n\n"), @r#"
    b@x.example (中村 花子)
      ~ project project project project project project project
          project project #7
          none -> reviewer of everything reviewer of everything
          reviewer of everything reviewer of everything reviewer
          of everything neutral
          access/中村.yaml:3
    "#);
    assert!(text.lines().take(20).all(|line| line.width() <= 60), "{text}");
}

#[test]
fn colour_adds_nothing_but_colour() {
    let made = sample::refused().seal();
    let plain = human(&made, &RenderOptions { diff: true, ..options(80) });
    let colored = human(&made, &RenderOptions { diff: true, color: true, ..options(80) });
    assert!(colored.contains("\u{1b}["));
    let mut stripped = String::new();
    let mut rest = colored.as_str();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        stripped.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    stripped.push_str(rest);
    assert_eq!(stripped, plain);
}

#[test]
fn the_unified_diff_shows_access_before_and_after() {
    let made = sample::usual().seal();
    let text = crate::diff(&made, &RenderOptions::default()).unwrap();
    insta::assert_snapshot!(text, @r#"
    --- alex@agency.example (before)
    +++ alex@agency.example (after)
    @@ -1,4 +1,4 @@
     organization_role: member
     projects:
    -  web-production: analyst
    -  web-staging: admin
    +  ios-production: analyst
    +  web-production: admin
    --- robin@agency.example (absent, before)
    +++ robin@agency.example (after)
    @@ -0,0 +1,3 @@
    +organization_role: member
    +projects:
    +  sandbox (qa): consumer
    --- jordan@acme.example (before)
    +++ jordan@acme.example (absent, after)
    @@ -1,3 +0,0 @@
    -organization_role: admin
    -projects:
    -  web-production: owner
    --- kim@agency.example (before)
    +++ kim@agency.example (after)
    @@ -1,3 +1,3 @@
    -organization_role: admin
    +organization_role: member
     projects:
    -  web-production: admin
    +  web-production: consumer
    "#);
    let within = human(&made, &RenderOptions { diff: true, ..options(80) });
    assert!(within.contains(&text));
}

#[test]
fn an_undo_plan_is_applied_from_its_file_only() {
    let mut sample = sample::usual();
    sample.content.undoes = Some(mixaccess_model::Digest::of_bytes(b"plan"));
    let text = human(&sample.seal(), &options(80));
    assert!(text.starts_with("Undo plan for Acme Corp (12345): 7 changes for 4 people"));
    assert!(text.contains("mixaccess apply plan.json") && !text.contains("--expect"));
    assert!(!block(&text, "! ").contains("Reverses") && text.contains("Reverses the plan sha256:"));
}
