//! The one traversal of a plan: from the value to a small tree of meaning that every format styles.

use mixaccess_model::{
    Digest, Finding, GuardVerdict, NotPlanned, NotPlannedKind, Plan, PlanContent, PlanOrganization,
    Risk, Severity,
};

use crate::closing::{self, Closing};
use crate::effective::{self, Powers};
use crate::manual::{self, ManualGroup};
use crate::row::{ProjectLabels, Target};
use crate::subjects::{self, Block};
use crate::totals::{self, Totals};
use crate::words::Heads;
use crate::{Purpose, RenderOptions, words};

/// Codes of notes whose content has a part of the outline of its own.
const SAID_ELSEWHERE: [&str; 2] = ["irreversible", "pending"];

/// Which sentences a plan is told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// From what is live to what the files say.
    Plan,
    /// From what the files say to what is live.
    Drift,
    /// From what was applied to what was before.
    Undo,
}

/// The meaning of a plan.
#[derive(Debug)]
pub(crate) struct Outline<'a> {
    /// Which sentences it is told in.
    pub(crate) kind: Kind,
    /// The organization.
    pub(crate) organization: &'a PlanOrganization,
    /// The verdict in one line.
    pub(crate) verdict: String,
    /// Whether the plan may not be applied.
    pub(crate) refused: bool,
    /// What changes the meaning of the whole plan, such as another instant than now.
    pub(crate) notices: Vec<String>,
    /// Guard rails that refuse.
    pub(crate) refusals: Vec<&'a GuardVerdict>,
    /// Guard rails that were overridden.
    pub(crate) overridden: Vec<&'a GuardVerdict>,
    /// Findings that block the plan.
    pub(crate) errors: Vec<&'a Finding>,
    /// Findings that are warnings.
    pub(crate) warnings: Vec<&'a Finding>,
    /// Findings that are notes, without those that another part of the outline says.
    pub(crate) notes: Vec<&'a Finding>,
    /// Totals, when the plan is large.
    pub(crate) totals: Option<Totals>,
    /// People, teams and service accounts, of each kind the most urgent first.
    pub(crate) blocks: Vec<Block<'a>>,
    /// What custom roles that the lines name count as, in one sentence each.
    pub(crate) custom_roles: Vec<String>,
    /// What a human has to change at identity providers.
    pub(crate) manual: Vec<ManualGroup<'a>>,
    /// Changes that no undo plan reverses: how many, and why.
    pub(crate) irreversible: Vec<(usize, &'static str)>,
    /// What is left alone, by kind.
    pub(crate) not_planned: Vec<NotPlannedGroup<'a>>,
    /// Digests, dates and what to do next.
    pub(crate) closing: Closing,
    /// The plan itself, for the unified diff.
    pub(crate) plan: &'a Plan,
}

/// Differences that are left alone for the same reason.
#[derive(Debug)]
pub(crate) struct NotPlannedGroup<'a> {
    /// Which kind.
    pub(crate) kind: NotPlannedKind,
    /// What they have in common.
    pub(crate) title: String,
    /// Each of them, sorted.
    pub(crate) items: Vec<&'a NotPlanned>,
}

impl Kind {
    /// Order of the people and lines: what is most urgent to see is 0.
    pub(crate) const fn urgency(self, risk: Risk) -> u8 {
        match (self, risk) {
            // Drift that the files would take away is access that somebody should not have.
            (Self::Plan | Self::Undo, Risk::Escalation) | (Self::Drift, Risk::Destructive) => 0,
            (Self::Plan | Self::Undo, Risk::Destructive) | (Self::Drift, Risk::Reduction) => 1,
            (Self::Plan | Self::Undo, Risk::Reduction) | (Self::Drift, Risk::Escalation) => 2,
            (_, Risk::Neutral) => 3,
        }
    }

    /// The word for a change's risk.
    pub(crate) const fn risk(self, risk: Risk) -> &'static str {
        match (self, risk) {
            (Self::Plan | Self::Undo, risk) => risk.as_str(),
            (Self::Drift, Risk::Escalation) => "less than declared",
            (Self::Drift, Risk::Reduction) => "more than declared",
            (Self::Drift, Risk::Destructive) => "should be gone",
            (Self::Drift, Risk::Neutral) => "other than declared",
        }
    }

    /// Changes of one risk, counted: `2 escalations`.
    pub(crate) fn counted(self, count: usize, risk: Risk) -> String {
        match (self, risk) {
            (Self::Plan | Self::Undo, Risk::Escalation) => {
                words::counted(count, "escalation", "escalations")
            }
            (Self::Plan | Self::Undo, Risk::Reduction) => {
                words::counted(count, "reduction", "reductions")
            }
            (_, risk) => words::counted(count, self.risk(risk), self.risk(risk)),
        }
    }

    /// Changes, counted, in the words of this kind.
    pub(crate) fn changes(self, count: usize) -> String {
        match self {
            Self::Plan | Self::Undo => words::changes(count),
            Self::Drift => words::counted(count, "difference", "differences"),
        }
    }
}

impl<'a> Outline<'a> {
    /// Traverses a plan.
    pub(crate) fn of(
        plan: &'a Plan,
        labels: &'a ProjectLabels<'a>,
        options: &RenderOptions<'a>,
    ) -> Self {
        let content = &plan.content;
        // Every field is named, so that a new one cannot be forgotten here.
        let PlanContent {
            organization,
            undoes: _,
            projects,
            guards,
            findings,
            manual,
            not_planned: left_alone,
            instant: _,
            instant_given: _,
            acting_as: _,
            files_digest: _,
            live_digest: _,
            policy: _,
            figures: _,
            subjects: _,
            changes: _,
        } = content;
        let kind = Kind::of(plan, options.purpose);
        let culprits = match options.purpose {
            Purpose::Drift { culprits } => Some(culprits),
            Purpose::Plan | Purpose::Undo | Purpose::Apply => None,
        };
        let powers = Powers::of(projects);
        let blocks = subjects::blocks(plan, kind, labels, &powers, culprits);
        let manual = manual::groups(manual, labels);
        let somebody = culprits.is_some_and(|culprits| !culprits.is_empty());
        let (overridden, refusals): (Vec<_>, Vec<_>) =
            guards.iter().partition(|verdict| verdict.overridden_by.is_some());
        let of = |severity| findings.iter().filter(move |f| f.severity == severity);
        Self {
            kind,
            organization,
            verdict: verdict(content, kind, &Counted::of(&blocks, &manual, kind), somebody),
            refused: content.is_refused(),
            notices: closing::notices(plan, kind, options),
            refusals,
            overridden,
            errors: of(Severity::Error).collect(),
            warnings: of(Severity::Warning).collect(),
            notes: of(Severity::Note)
                .filter(|note| !SAID_ELSEWHERE.contains(&&*note.code))
                .collect(),
            totals: totals::totals(&blocks, kind),
            irreversible: irreversible(content, kind),
            not_planned: not_planned(left_alone),
            closing: closing::closing(plan, kind, options),
            custom_roles: effective::custom_roles(
                blocks.iter().flat_map(|block| &block.rows),
                projects,
            ),
            manual,
            blocks,
            plan,
        }
    }

    /// How many people, teams and service accounts are listed.
    pub(crate) fn heads(&self) -> Heads {
        heads(self.blocks.iter())
    }

    /// Whether nothing is to be changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }
}

impl Kind {
    /// What both sides of a unified diff are called.
    pub(crate) const fn sides(self) -> (&'static str, &'static str) {
        match self {
            Self::Plan | Self::Undo => ("before", "after"),
            Self::Drift => ("live", "files"),
        }
    }

    /// The kind that a purpose asks for.
    pub(crate) const fn of(plan: &Plan, purpose: Purpose<'_>) -> Self {
        match purpose {
            Purpose::Drift { .. } => Self::Drift,
            Purpose::Undo => Self::Undo,
            Purpose::Plan if plan.content.undoes.is_some() => Self::Undo,
            Purpose::Plan | Purpose::Apply => Self::Plan,
        }
    }
}

/// The organization as output names it: `Acme Corp (12345)`.
fn title(organization: &PlanOrganization) -> String {
    let PlanOrganization { id, name, base_url: _, api: _ } = organization;
    match name {
        Some(name) => format!("{name} ({id})"),
        None => format!("organization {id}"),
    }
}

fn heads<'a>(blocks: impl Iterator<Item = &'a Block<'a>>) -> Heads {
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
struct Counted {
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
    fn of(blocks: &[Block<'_>], manual: &[ManualGroup<'_>], kind: Kind) -> Self {
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

fn verdict(content: &PlanContent, kind: Kind, counted: &Counted, somebody: bool) -> String {
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
    if somebody {
        text.push_str("; somebody changed this by hand");
    }
    text
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
    let first = match kind {
        Kind::Plan => "No changes.",
        Kind::Drift => "No drift.",
        Kind::Undo => return format!("No changes. There is nothing to undo in {title}."),
    };
    let left = content.not_planned.len();
    if left == 0 {
        return format!("{first} Live access in {title} matches the files ({size}).");
    }
    let left = words::counted(left, "difference is", "differences are");
    format!("{first} Live access in {title} matches the files ({size}), but {left} left alone.")
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

fn irreversible(content: &PlanContent, kind: Kind) -> Vec<(usize, &'static str)> {
    let mut reasons: Vec<(usize, &'static str)> = Vec::new();
    if kind == Kind::Drift {
        return reasons;
    }
    for why in content.changes.iter().filter_map(|change| change.action.irreversible()) {
        match reasons.iter_mut().find(|(_, one)| *one == why) {
            Some((count, _)) => *count += 1,
            None => reasons.push((1, why)),
        }
    }
    reasons.sort_unstable_by_key(|(_, why)| *why);
    reasons
}

fn not_planned(all: &[NotPlanned]) -> Vec<NotPlannedGroup<'_>> {
    let mut groups: Vec<NotPlannedGroup<'_>> = Vec::new();
    let mut sorted: Vec<&NotPlanned> = all.iter().collect();
    sorted.sort();
    for item in sorted {
        match groups.last_mut() {
            Some(group) if group.kind == item.kind => group.items.push(item),
            _ => {
                let (kind, title) = (item.kind, String::new());
                groups.push(NotPlannedGroup { kind, title, items: vec![item] });
            }
        }
    }
    for group in &mut groups {
        group.title = title_of(group.kind, &group.items);
    }
    groups
}

fn title_of(kind: NotPlannedKind, items: &[&NotPlanned]) -> String {
    let count = items.len();
    let mut heads = Heads::default();
    for item in items {
        match &item.subject {
            Some(subject) => heads.add(subject, 1),
            None => heads.people += 1,
        }
    }
    let differences = words::counted(count, "difference", "differences");
    match kind {
        NotPlannedKind::Unmanaged => format!("{heads} unmanaged: live and not in the files"),
        NotPlannedKind::UndeclaredProject => {
            let projects = words::counted(count, "project", "projects");
            format!("{projects} undeclared: live and not in the files")
        }
        NotPlannedKind::Pending => {
            format!("{differences} waiting for an invitation to be accepted")
        }
        NotPlannedKind::Protected => format!("{heads} protected by the policy"),
        NotPlannedKind::ManagedByScim => {
            format!("{differences} for the identity provider to settle")
        }
        NotPlannedKind::ActorPower => {
            format!("{differences} beyond the power of the identity we run as")
        }
        NotPlannedKind::Unreadable => {
            format!("{differences} that the service does not describe well enough")
        }
    }
}

/// The first digits of a digest, as output shows it beside others.
pub(crate) fn short(digest: &Digest) -> String {
    format!("sha256:{}", digest.short(12))
}
