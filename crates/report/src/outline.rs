//! The one traversal of a plan: from the value to a small tree of meaning that every format styles.

use mixaccess_model::{
    Change, Finding, GuardVerdict, NotPlanned, NotPlannedKind, Plan, PlanContent, PlanOrganization,
    Severity,
};

use crate::closing::{self, Closing};
use crate::effective::{self, Powers};
use crate::gain::ByPower;
use crate::governing::Governing;
use crate::kind::Kind;
use crate::manual::{self, ManualGroup, ManualItem};
use crate::project_labels::ProjectLabels;
use crate::row::Around;
use crate::subjects::{self, Block};
use crate::totals::{self, Totals};
use crate::verdict::{self, Counted};
use crate::words::Heads;
use crate::{Purpose, RenderOptions, words};

/// Codes of notes whose content has a part of the outline of its own.
const SAID_ELSEWHERE: [&str; 2] = ["irreversible", "pending"];

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
    /// Who comes to govern, and what everybody gains.
    pub(crate) governing: Governing<'a>,
    /// Totals, when the plan is large.
    pub(crate) totals: Option<Totals>,
    /// People, teams and service accounts, those who gain most power first.
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
            subjects,
            changes: _,
        } = content;
        let kind = Kind::of(plan, options.purpose);
        let culprits = match options.purpose {
            Purpose::Drift { culprits } => Some(culprits),
            Purpose::Plan | Purpose::Undo | Purpose::Apply => None,
        };
        let powers = Powers::of(projects);
        let around = Around { labels, culprits, seen_at: plan.made_at };
        let mut governing = Governing::default();
        let blocks = subjects::blocks(plan, kind, &powers, &around, &mut governing);
        governing.note_manual(manual, subjects, kind, &powers, labels);
        let manual =
            manual::groups(governing.powers.first(manual, |one| Some(&one.subject)), labels);
        let somebody = culprits.is_some_and(|culprits| !culprits.is_empty());
        let told = Told { guards, findings, powers: &governing.powers };
        let counted = Counted::of(&blocks, &manual, kind);
        Self {
            kind,
            organization,
            verdict: verdict::verdict(content, kind, &counted, somebody),
            refused: content.is_refused(),
            notices: closing::notices(plan, kind, options),
            refusals: told.guards(false),
            overridden: told.guards(true),
            errors: told.findings(Severity::Error),
            warnings: told.findings(Severity::Warning),
            notes: told.findings(Severity::Note),
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
            governing,
            plan,
        }
    }

    /// The address of the service that the plan is for, which every format names: what is reviewed for
    /// one host must not pass for another's.
    pub(crate) fn address(&self) -> &'a str {
        &self.organization.base_url
    }

    /// How many people, teams and service accounts are listed.
    pub(crate) fn heads(&self) -> Heads {
        verdict::heads(self.blocks.iter())
    }

    /// Whether those who come to govern are named apart: where the changes that name them are many, or
    /// come after something else.
    pub(crate) fn names_governing_apart(&self) -> bool {
        let precedes = self.refusals.len() + self.overridden.len() + self.errors.len() > 0;
        let late = precedes || self.totals.is_some() || self.governing.is_by_hand();
        self.governing.count() > 0 && late
    }

    /// What differs though no change here settles it.
    pub(crate) fn open_differences(&self) -> impl Iterator<Item = &'a NotPlanned> {
        let open = self.not_planned.iter().filter(|group| group.kind.stays_open());
        open.flat_map(|group| group.items.iter().copied())
    }

    /// What a human has to change, with the provider: in drift those first by which somebody governs.
    pub(crate) fn manual_items(
        &self,
        first: bool,
    ) -> impl Iterator<Item = (&'static str, &ManualItem<'a>)> {
        let is_first = move |item: &ManualItem<'_>| {
            self.kind == Kind::Drift && self.governing.includes(item.subject)
        };
        let items = self.manual.iter().flat_map(|group| {
            group.recipes.iter().flat_map(|recipe| &recipe.items).map(|item| (group.provider, item))
        });
        items.filter(move |(_, item)| is_first(item) == first)
    }

    /// Whether nothing is to be changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }
}

/// What a plan says of itself, those first who gain most power.
struct Told<'a, 'p> {
    guards: &'a [GuardVerdict],
    findings: &'a [Finding],
    powers: &'p ByPower,
}

impl<'a> Told<'a, '_> {
    fn guards(&self, overridden: bool) -> Vec<&'a GuardVerdict> {
        let these = self.guards.iter().filter(|one| one.overridden_by.is_some() == overridden);
        self.powers.first(these, |verdict| verdict.subject.as_ref())
    }

    /// Findings, without notes that another part of the outline says.
    fn findings(&self, severity: Severity) -> Vec<&'a Finding> {
        let elsewhere =
            |one: &Finding| severity == Severity::Note && SAID_ELSEWHERE.contains(&&*one.code);
        let these = self.findings.iter().filter(|one| one.severity == severity && !elsewhere(one));
        self.powers.first(these, |finding| finding.subject.as_ref())
    }
}

fn irreversible(content: &PlanContent, kind: Kind) -> Vec<(usize, &'static str)> {
    let mut reasons: Vec<(usize, &'static str)> = Vec::new();
    if kind == Kind::Drift {
        return reasons;
    }
    for why in content.changes.iter().filter_map(Change::irreversible) {
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
        NotPlannedKind::Withheld => format!("{heads} withheld, until what is doubtful is clear"),
    }
}
