//! The verdict on a plan, in one line.

use std::collections::BTreeMap;

use mixaccess_model::{PlanContent, PlanOrganization, Risk, Subject, SubjectKey};

use crate::kind::Kind;
use crate::manual::{self, ManualGroup};
use crate::row::Target;
use crate::subjects::Block;
use crate::words::{self, Heads};

/// The organization as output names it: `Acme Corp (12345)`.
fn title(organization: &PlanOrganization) -> String {
    let PlanOrganization { id, name, base_url: _, api: _ } = organization;
    match name {
        Some(name) => format!("{name} ({id})"),
        None => format!("organization {id}"),
    }
}

/// How many people, teams and service accounts blocks are about.
pub(crate) fn heads<'a>(blocks: impl Iterator<Item = &'a Block<'a>>) -> Heads {
    let mut all = Heads::default();
    for block in blocks {
        let Heads { people, teams, service_accounts } = block.heads();
        all.people += people;
        all.teams += teams;
        all.service_accounts += service_accounts;
    }
    all
}

/// What the verdict counts.
pub(crate) struct Counted {
    /// Changes, a role that is replaced in two steps counted once in drift.
    changes: usize,
    /// Changes by what they do, in words, the most urgent first.
    risks: Vec<String>,
    /// Who is changed.
    heads: Heads,
    /// People whose access changes with that of a team alone.
    through_teams: usize,
    /// What is to be changed at identity providers, in words.
    manual: String,
}

impl Counted {
    /// Counts blocks and manual changes.
    pub(crate) fn of(blocks: &[Block<'_>], manual: &[ManualGroup<'_>], kind: Kind) -> Self {
        let (changed, through): (Vec<&Block<'_>>, Vec<&Block<'_>>) =
            blocks.iter().partition(|block| block.changes_each() > 0);
        Self {
            changes: blocks.iter().map(|block| block.who.len() * block.changes_each()).sum(),
            risks: risks(blocks, kind),
            heads: heads(changed.into_iter()),
            through_teams: heads(through.into_iter()).all(),
            manual: manual::counted(manual),
        }
    }
}

/// The verdict in one line. `somebody` is whether the audit log knows who changed something by hand.
pub(crate) fn verdict(
    content: &PlanContent,
    kind: Kind,
    counted: &Counted,
    somebody: bool,
) -> String {
    let title = title(&content.organization);
    let refused = content.is_refused() && kind != Kind::Drift;
    let Counted { changes, risks, heads, through_teams, manual } = counted;
    if content.is_empty() && !refused && manual.is_empty() {
        return nothing(content, kind, &title);
    }
    let subject = match (kind, refused) {
        (Kind::Plan, false) => "Plan for",
        (Kind::Plan, true) => "Refused plan for",
        (Kind::Drift, _) => "Drift in",
        (Kind::Undo, false) => "Undo plan for",
        (Kind::Undo, true) => "Refused undo plan for",
    };
    let mut text = format!("{subject} {title}: ");
    if content.is_empty() {
        text.push_str(if manual.is_empty() { "no changes" } else { "nothing to write" });
    } else {
        text.push_str(&format!("{} for {heads}", kind.changes(*changes)));
        if !risks.is_empty() {
            text.push_str(" - ");
            text.push_str(&risks.join(", "));
        }
    }
    if *through_teams > 0 {
        text.push_str(&format!("; {} through teams only", words::people(*through_teams)));
    }
    if !manual.is_empty() {
        text.push_str(&format!("; {manual}"));
    }
    if let Some(denied) = denied(content) {
        text.push_str(&format!("; {denied}"));
    }
    if somebody {
        text.push_str("; somebody changed this by hand");
    }
    text
}

/// Who has what a rule denies, in words.
fn denied(content: &PlanContent) -> Option<String> {
    let subjects = content.errors_of_subjects().filter_map(|error| error.subject.as_ref());
    let subjects: BTreeMap<SubjectKey, &Subject> =
        subjects.map(|subject| (subject.key(), subject)).collect();
    let mut heads = Heads::default();
    for subject in subjects.values() {
        heads.add(subject, 1);
    }
    let verb = if heads.all() == 1 { "has" } else { "have" };
    (heads.all() > 0).then(|| format!("{heads} {verb} what is denied"))
}

fn nothing(content: &PlanContent, kind: Kind, title: &str) -> String {
    let figures = &content.figures;
    let grants = figures.individual_grants.saturating_add(figures.other_grants);
    let count = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    let size = format!(
        "{}, {}, {}",
        words::people(count(figures.members)),
        words::counted(count(grants), "grant", "grants"),
        words::counted(count(figures.projects), "project", "projects"),
    );
    if kind == Kind::Undo {
        return format!("No changes. There is nothing to undo in {title}.");
    }
    let denied = denied(content);
    let open = content.open_differences().count();
    let first = match (kind, open, &denied) {
        (Kind::Plan | Kind::Undo, ..) => "No changes.",
        (Kind::Drift, 1.., _) => "Drift.",
        (Kind::Drift, 0, Some(_)) => "Denied access stands.",
        (Kind::Drift, 0, None) if content.is_refused() => "The files are refused.",
        (Kind::Drift, 0, None) => "No drift.",
    };
    let left = content.not_planned.len() - open;
    let left = (left > 0).then(|| {
        format!("{} left alone", words::counted(left, "difference is", "differences are"))
    });
    let more: Vec<String> = denied.into_iter().chain(left).collect();
    let more = more.join(", and ");
    let live = format!("{first} Live access in {title}");
    if open > 0 {
        let open = words::counted(open, "difference", "differences");
        let more = if more.is_empty() { more } else { format!(", and {more}") };
        return format!(
            "{live} differs from the files ({size}): {open} that no change here settles{more}."
        );
    }
    let but = if more.is_empty() { more } else { format!(", but {more}") };
    format!("{live} matches the files ({size}){but}.")
}

fn risks(blocks: &[Block<'_>], kind: Kind) -> Vec<String> {
    let (mut removed, mut withdrawn, mut deleted) = (0, 0, 0);
    let mut of = [(Risk::Escalation, 0), (Risk::Reduction, 0), (Risk::Neutral, 0)];
    for block in blocks {
        let heads = block.who.len();
        for row in &block.rows {
            match (row.risk, &row.target) {
                (None, _) => {}
                (Some(Risk::Destructive), Target::Invitation) => withdrawn += heads,
                (Some(Risk::Destructive), Target::OrganizationRole) => removed += heads,
                (Some(Risk::Destructive), _) => deleted += heads,
                (Some(risk), _) => {
                    if let Some((_, count)) = of.iter_mut().find(|(one, _)| *one == risk) {
                        *count += heads;
                    }
                }
            }
        }
    }
    let [(_, escalations), (_, reductions), (_, neutral)] = of;
    let told = |count: usize, risk: Risk| (count > 0).then(|| kind.counted(count, risk));
    let gone = |count: usize, one, many| (count > 0).then(|| words::counted(count, one, many));
    let list = if kind == Kind::Drift {
        [
            told(removed + withdrawn + deleted, Risk::Destructive),
            told(reductions, Risk::Reduction),
            told(escalations, Risk::Escalation),
            None,
            None,
            told(neutral, Risk::Neutral),
        ]
    } else {
        [
            told(escalations, Risk::Escalation),
            told(reductions, Risk::Reduction),
            gone(removed, "removal", "removals"),
            gone(deleted, "deletion", "deletions"),
            gone(withdrawn, "withdrawn invitation", "withdrawn invitations"),
            told(neutral, Risk::Neutral),
        ]
    };
    list.into_iter().flatten().collect()
}
