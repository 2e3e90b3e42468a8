//! The plan: what was reviewed is what is applied.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    AffectedSubject, Change, CustomRole, Dialect, Digest, Email, Finding, GuardCode, ManualChange,
    OrganizationId, OrganizationRole, Override, Place, Policy, ProjectId, ProjectKey, ProjectRef,
    Reason, Risk, Severity, Subject, SubjectKey,
};

/// Version of the plan file that this program writes and reads.
pub const PLAN_FORMAT_VERSION: u32 = 1;

/// A plan as it is stored: the content, which is the same for the same input, and around it when and
/// by what it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`PLAN_FORMAT_VERSION`] of the program that wrote it.
    pub format_version: u32,
    /// Digest over `content`.
    pub digest: Digest,
    /// Digest over the organization's number, the address of the service and `content.changes`, without
    /// the places in the files that ask for them: the same for the same work in the same organization,
    /// whenever it is planned and wherever the lines have moved to.
    pub changes_digest: Digest,
    /// When the plan was made; its age counts from here.
    pub made_at: Timestamp,
    /// Name and version of the program that made it.
    pub made_by: String,
    /// Digest over `digest`, `changes_digest`, `made_at` and `made_by`.
    pub seal: Digest,
    /// What was planned: the same bytes for the same files, live state, policy and instant.
    pub content: PlanContent,
}

/// What was planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanContent {
    /// The organization.
    pub organization: PlanOrganization,
    /// The instant the files were resolved for.
    pub instant: Timestamp,
    /// Whether that instant was asked for with `--at` rather than being now.
    pub instant_given: bool,
    /// The plan that this one undoes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<Digest>,
    /// Who the credentials were.
    pub acting_as: ActingIdentity,
    /// Digest over the files.
    pub files_digest: Digest,
    /// Digest over the part of live state that the plan depends on.
    pub live_digest: Digest,
    /// The guard rails it was checked against, overrides included.
    pub policy: Policy,
    /// Counts that guard rails compare with.
    pub figures: Figures,
    /// Every project that a change or a subject names, sorted by id.
    pub projects: Vec<PlanProject>,
    /// Everybody who is changed: people by address, then teams and service accounts by name.
    pub subjects: Vec<AffectedSubject>,
    /// The changes, in the order in which they may run.
    pub changes: Vec<Change>,
    /// What guard rails say; one that is not overridden blocks the plan.
    pub guards: Vec<GuardVerdict>,
    /// What a human should know; an error blocks the plan, unless it stops its subject alone.
    pub findings: Vec<Finding>,
    /// What a human has to change at the identity provider, sorted by subject.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub manual: Vec<ManualChange>,
    /// Differences that are left alone, and why.
    pub not_planned: Vec<NotPlanned>,
}

/// The organization a plan is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanOrganization {
    /// Its number.
    pub id: OrganizationId,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address of the service.
    pub base_url: String,
    /// The dialect.
    pub api: Dialect,
}

/// Who the credentials were when the plan was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActingIdentity {
    /// The address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// The organization role; absent when unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_role: Option<OrganizationRole>,
    /// Whether the list of members had it; most service accounts are in none.
    #[serde(default, skip_serializing_if = "is_false")]
    pub listed: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// Counts of the state that the plan was made from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// Live members, pending ones included.
    pub members: u64,
    /// Accepted owners.
    pub active_owners: u64,
    /// Individual grants in the projects that were read.
    pub individual_grants: u64,
    /// Grants that people have through teams and that service accounts have, where the files are about
    /// teams or service accounts.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub other_grants: u64,
    /// Declared collaborators.
    pub collaborators: u64,
    /// Declared projects.
    pub projects: u64,
    /// Live members whom the files do not name and the policy does not ignore.
    pub unmanaged: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(value: &u64) -> bool {
    *value == 0
}

/// A project that a plan names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanProject {
    /// Its number.
    pub id: ProjectId,
    /// Its key, or its live name when the files do not declare it.
    pub key: ProjectKey,
    /// Its environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Whether the files declare it.
    pub declared: bool,
    /// The roles it defines itself and what they count as, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub custom_roles: Vec<CustomRole>,
}

/// What one guard rail says about a plan that crosses it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GuardVerdict {
    /// Which guard rail.
    pub guard: GuardCode,
    /// The figures: what the plan does and what is allowed.
    pub message: String,
    /// The exact way past it, or why there is none.
    pub way_past: String,
    /// Who it is about, when it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// Where in the files, when it is about one place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The override that lets it pass; absent is a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overridden_by: Option<Override>,
}

/// A difference that is left alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotPlanned {
    /// Why.
    pub kind: NotPlannedKind,
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// The project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectRef>,
    /// What is left alone, as a fragment.
    pub message: String,
}

/// Why a difference is left alone.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum NotPlannedKind {
    /// Live, not in the files, and the policy says to report.
    Unmanaged,
    /// A live project that the files do not declare.
    UndeclaredProject,
    /// The invitation is not accepted yet.
    Pending,
    /// Protected, and only a sweeping rule would have changed it.
    Protected,
    /// An identity provider manages the person.
    ManagedByScim,
    /// The service would refuse it for the identity we run as.
    ActorPower,
    /// The service did not say enough about the person.
    Unreadable,
    /// A finding stops it for this subject alone.
    Withheld,
}

impl NotPlannedKind {
    /// Whether live access differs from the files by it, though no change of the plan settles it. Otherwise
    /// it is as the policy wants it, or only waits for somebody to accept.
    pub const fn stays_open(self) -> bool {
        match self {
            Self::ManagedByScim | Self::ActorPower | Self::Unreadable | Self::Withheld => true,
            Self::Unmanaged | Self::UndeclaredProject | Self::Pending | Self::Protected => false,
        }
    }
}

impl NotPlanned {
    /// What a finding about one subject stops.
    pub fn withheld(finding: &Finding) -> Self {
        Self {
            kind: NotPlannedKind::Withheld,
            subject: finding.subject.clone(),
            project: None,
            message: finding.message.clone(),
        }
    }
}

/// How many changes there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// People who are changed.
    pub people: usize,
    /// All changes.
    pub changes: usize,
    /// Changes that let somebody do more.
    pub escalations: usize,
    /// Changes that let somebody do less.
    pub reductions: usize,
    /// Changes that cannot be undone because an account goes.
    pub destructive: usize,
    /// Changes that are neither.
    pub neutral: usize,
    /// Guard rails that refuse.
    pub refusals: usize,
    /// Findings that are errors.
    pub errors: usize,
    /// Findings that are warnings.
    pub warnings: usize,
}

/// Why a plan file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PlanFormatError {
    /// The file is no plan.
    #[error("not a plan file: {0}")]
    Json(#[from] serde_json::Error),
    /// The file shows a plan with pseudonyms in place of addresses.
    #[error("the plan is redacted: it can be read, and not be applied")]
    Redacted,
    /// The file comes from a newer program.
    #[error(
        "plan format version {found} is newer than {PLAN_FORMAT_VERSION}, the newest this program reads"
    )]
    Newer {
        /// The version the file names.
        found: u32,
    },
}

/// Which digest of a plan does not fit what it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The content was edited.
    #[error("the plan's content was changed after it was made: its digest does not fit")]
    Content,
    /// The changes digest was edited.
    #[error("the plan's digest over its organization, address and changes does not fit them")]
    Changes,
    /// The time, the program or a digest was edited.
    #[error("the plan's time or origin was changed after it was made: its seal does not fit")]
    Seal,
}

impl Plan {
    /// Seals content into a plan.
    ///
    /// # Errors
    /// When the content cannot be written as JSON, which no valid content causes.
    pub fn seal(
        content: PlanContent,
        made_at: Timestamp,
        made_by: String,
    ) -> Result<Self, serde_json::Error> {
        let digest = Digest::of_json(&content)?;
        let changes_digest = digest_of_work(&content)?;
        let seal = seal_of(digest, changes_digest, made_at, &made_by)?;
        Ok(Self {
            format_version: PLAN_FORMAT_VERSION,
            digest,
            changes_digest,
            made_at,
            made_by,
            seal,
            content,
        })
    }

    /// Reads a plan file. Its digests are not checked yet: see [`Plan::verify`].
    ///
    /// # Errors
    /// When the text is no plan, is redacted, or comes from a newer program.
    pub fn from_json(bytes: &[u8]) -> Result<Self, PlanFormatError> {
        #[derive(Deserialize)]
        struct Header {
            format_version: u32,
            redacted: Option<String>,
        }
        match serde_json::from_slice::<Self>(bytes) {
            Ok(plan) if plan.format_version > PLAN_FORMAT_VERSION => {
                Err(PlanFormatError::Newer { found: plan.format_version })
            }
            Ok(plan) => Ok(plan),
            Err(error) => match serde_json::from_slice::<Header>(bytes) {
                Ok(header) if header.format_version > PLAN_FORMAT_VERSION => {
                    Err(PlanFormatError::Newer { found: header.format_version })
                }
                Ok(Header { redacted: Some(_), .. }) => Err(PlanFormatError::Redacted),
                _ => Err(PlanFormatError::Json(error)),
            },
        }
    }

    /// Checks that nothing was edited since the plan was made.
    ///
    /// # Errors
    /// Names the digest that does not fit.
    pub fn verify(&self) -> Result<(), SealError> {
        if Digest::of_json(&self.content).ok() != Some(self.digest) {
            return Err(SealError::Content);
        }
        if digest_of_work(&self.content).ok() != Some(self.changes_digest) {
            return Err(SealError::Changes);
        }
        let seal = seal_of(self.digest, self.changes_digest, self.made_at, &self.made_by);
        if seal.ok() != Some(self.seal) {
            return Err(SealError::Seal);
        }
        Ok(())
    }
}

/// Digests what is done where, to whom and why; not in which line that stands. What was reviewed for one
/// organization or one host is other work in another.
fn digest_of_work(content: &PlanContent) -> Result<Digest, serde_json::Error> {
    let PlanOrganization { id, name: _, base_url, api: _ } = &content.organization;
    let work: Vec<_> = content
        .changes
        .iter()
        .map(|change| {
            let action = change.action();
            let Change { id, subject, write: _, risk, reason, depends_on, preconditions } = change;
            let Reason { kind, place: _, annotations } = reason;
            (id, subject, action, risk, kind, annotations, depends_on, preconditions)
        })
        .collect();
    Digest::of_json(&(id, base_url, work))
}

fn seal_of(
    digest: Digest,
    changes_digest: Digest,
    made_at: Timestamp,
    made_by: &str,
) -> Result<Digest, serde_json::Error> {
    Digest::of_json(&(digest, changes_digest, made_at, made_by))
}

impl PlanContent {
    /// Whether there is nothing to change.
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Guard rails that refuse the plan.
    pub fn refusals(&self) -> impl Iterator<Item = &GuardVerdict> {
        self.guards.iter().filter(|verdict| verdict.overridden_by.is_none())
    }

    /// Findings that block the plan.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.stops_plan())
    }

    /// Errors that stop what would be given to their subjects, and not the plan.
    pub fn errors_of_subjects(&self) -> impl Iterator<Item = &Finding> {
        let errors = self.findings.iter().filter(|one| one.severity == Severity::Error);
        errors.filter(|one| !one.stops_plan())
    }

    /// The differences that no change of the plan settles, and that are not as the policy wants it.
    pub fn open_differences(&self) -> impl Iterator<Item = &NotPlanned> {
        self.not_planned.iter().filter(|one| one.kind.stays_open())
    }

    /// Whether live access differs from the files: by what would be planned, by what only somebody else or
    /// other credentials can mend or a doubt holds back, and by what somebody has although a rule denies it.
    pub fn differs(&self) -> bool {
        !self.is_empty()
            || !self.manual.is_empty()
            || self.open_differences().next().is_some()
            || self.errors_of_subjects().next().is_some()
    }

    /// Whether the plan may not be applied.
    pub fn is_refused(&self) -> bool {
        self.refusals().next().is_some() || self.errors().next().is_some()
    }

    /// The project with that number, when the plan names it.
    pub fn project(&self, id: ProjectId) -> Option<&PlanProject> {
        let at = self.projects.binary_search_by_key(&id, |project| project.id).ok()?;
        self.projects.get(at)
    }

    /// Somebody whom the plan changes.
    pub fn subject(&self, key: &SubjectKey) -> Option<&AffectedSubject> {
        let at = self.subjects.binary_search_by(|one| one.subject.key().cmp(key)).ok()?;
        self.subjects.get(at)
    }

    /// Counts changes, refusals and findings.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary {
            people: self.subjects.len(),
            changes: self.changes.len(),
            refusals: self.refusals().count(),
            ..Summary::default()
        };
        for change in &self.changes {
            match change.risk {
                Risk::Escalation => summary.escalations += 1,
                Risk::Reduction => summary.reductions += 1,
                Risk::Destructive => summary.destructive += 1,
                Risk::Neutral => summary.neutral += 1,
            }
        }
        for finding in &self.findings {
            match finding.severity {
                Severity::Error => summary.errors += 1,
                Severity::Warning => summary.warnings += 1,
                Severity::Note => {}
            }
        }
        summary
    }
}
