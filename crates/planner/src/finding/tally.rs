//! What somebody has beside what their declaration asks for: one finding of each kind a person, however
//! many projects it is about.

use mixaccess_model::{
    EffectiveAboveDeclared, Finding, GrantSource, LiveMember, ProjectRef, ProjectRole, Severity,
};

use crate::codes::{
    EFFECTIVE_ABOVE_DECLARED, GRANT_CHANGES_NOTHING, GRANT_UNCHANGED, NONE_NOT_REACHABLE,
    STILL_HAS_ACCESS,
};

/// One project in which something else than an individual grant gives a role.
#[derive(Debug)]
pub(crate) struct Example {
    pub(crate) project: ProjectRef,
    /// The declared role, where it matters.
    pub(crate) declared: Option<ProjectRole>,
    pub(crate) role: ProjectRole,
    pub(crate) source: GrantSource,
}

/// The first project, and how many there are.
pub(crate) type Counted = Option<(Example, usize)>;

#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// A declared role is met by what gives exactly it.
    pub(crate) met: Counted,
    /// Something gives more than is declared.
    pub(crate) above: Counted,
    /// `none` is declared and something gives access.
    pub(crate) unreachable: Counted,
    /// Something gives as much as the individual grant.
    pub(crate) idle: Counted,
}

pub(crate) fn note(slot: &mut Counted, example: impl FnOnce() -> Example) {
    match slot {
        Some((_, projects)) => *projects += 1,
        None => *slot = Some((example(), 1)),
    }
}

impl Tally {
    pub(crate) fn into_findings(
        self,
        member: &LiveMember,
        policy: EffectiveAboveDeclared,
    ) -> impl Iterator<Item = Finding> {
        let above = match policy {
            EffectiveAboveDeclared::Report => Severity::Warning,
            EffectiveAboveDeclared::Refuse => Severity::Error,
        };
        let finding = |severity, code, counted: Counted, message: fn(&Example) -> String| {
            let (example, projects) = counted?;
            let message = format!("{}{}", message(&example), more(projects));
            let finding = Finding::new(severity, code, message)
                .about(&member.email)
                .in_project(&example.project.key);
            Some((finding, example.source))
        };
        let note = Severity::Note;
        let plain = [
            finding(note, GRANT_UNCHANGED, self.met, met),
            finding(note, GRANT_CHANGES_NOTHING, self.idle, changes_nothing),
        ];
        let mended = [
            finding(above, EFFECTIVE_ABOVE_DECLARED, self.above, exceeds),
            finding(above, NONE_NOT_REACHABLE, self.unreachable, not_reachable),
        ];
        let plain = plain.into_iter().flatten().map(|(finding, _)| finding);
        let mended = mended.into_iter().flatten();
        plain.chain(mended.map(|(finding, source)| finding.with_hint(way_out(&source))))
    }
}

fn more(projects: usize) -> String {
    match projects.saturating_sub(1) {
        0 => String::new(),
        1 => " (and 1 more project alike)".to_owned(),
        count => format!(" (and {count} more projects alike)"),
    }
}

fn met(example: &Example) -> String {
    let Example { project, role, source, .. } = example;
    format!(
        "{role} in {} is already given through {}, so nothing is added",
        project.key,
        through(source)
    )
}

fn changes_nothing(example: &Example) -> String {
    let Example { project, declared, role, source } = example;
    let declared = word(declared.as_ref());
    format!(
        "the individual grant of {declared} in {} changes nothing: {role} is given through {}",
        project.key,
        through(source)
    )
}

fn exceeds(example: &Example) -> String {
    let Example { project, declared, role, source } = example;
    let declared = word(declared.as_ref());
    format!(
        "declared {declared} in {}, effectively {role} through {}",
        project.key,
        through(source)
    )
}

fn not_reachable(example: &Example) -> String {
    let Example { project, role, source, .. } = example;
    format!("none in {} cannot be reached: {role} through {}", project.key, through(source))
}

fn word(role: Option<&ProjectRole>) -> &str {
    role.map_or("none", ProjectRole::as_str)
}

pub(crate) fn still_has_access(
    member: &LiveMember,
    project: &ProjectRef,
    role: &ProjectRole,
    source: &GrantSource,
) -> Finding {
    let message = format!("keeps {role} in {} through {}", project.key, through(source));
    Finding::new(Severity::Warning, STILL_HAS_ACCESS, message)
        .about(&member.email)
        .in_project(&project.key)
        .with_hint(way_out(source))
}

pub(crate) fn through(source: &GrantSource) -> String {
    match source {
        GrantSource::Individual => "an individual grant".to_owned(),
        GrantSource::Team(name) => format!("team {}", mixaccess_model::printable(name)),
        GrantSource::Organization => "the organization role".to_owned(),
        GrantSource::AllUsers => "the project's role for all users".to_owned(),
    }
}

fn way_out(source: &GrantSource) -> &'static str {
    match source {
        GrantSource::Individual => "Declare the grant.",
        GrantSource::Team(_) => {
            "Take the person out of the team, lower what the team gives, or declare what is meant."
        }
        GrantSource::Organization => "Lower the organization role, or declare what is meant.",
        GrantSource::AllUsers => {
            "Plans do not change what everybody has: lower the project's default in Mixpanel, or declare what is meant."
        }
    }
}

/// Whether a finding says that somebody effectively has more than is declared.
pub(crate) fn is_above(finding: &Finding) -> bool {
    [EFFECTIVE_ABOVE_DECLARED, NONE_NOT_REACHABLE].contains(&finding.code.as_ref())
}
