//! What somebody effectively has once a plan is applied, beside what its changes say.

use std::collections::BTreeMap;

use mixaccess_model::{
    Access, AffectedSubject, CustomRole, Grant, GrantSource, OrganizationRole, PlanProject, Power,
    ProjectId, ProjectRole, Risk,
};

use crate::project_labels::ProjectLabels;
use crate::row::{NONE, Row, Symbol, Target};
use crate::words;

/// How strong roles are, custom ones as their projects declare them.
#[derive(Debug)]
pub(crate) struct Powers<'a> {
    by_name: BTreeMap<(ProjectId, &'a str), Option<u8>>,
    projects: BTreeMap<ProjectId, &'a [CustomRole]>,
}

impl<'a> Powers<'a> {
    /// Reads what custom roles count as.
    pub(crate) fn of(projects: &'a [PlanProject]) -> Self {
        let roles = |project: &'a PlanProject| {
            project.custom_roles.iter().map(|custom| {
                let power = custom.at_most.as_ref().and_then(ProjectRole::power);
                ((project.id, custom.name.as_str()), power)
            })
        };
        Self {
            by_name: projects.iter().flat_map(roles).collect(),
            projects: projects.iter().map(|one| (one.id, one.custom_roles.as_slice())).collect(),
        }
    }

    /// How much a role allows in a project; nothing where that is unknown.
    pub(crate) fn known(&self, project: ProjectId, role: &ProjectRole) -> Option<Power> {
        let custom = self.projects.get(&project).copied().unwrap_or_default();
        Power::of_project_role(role, custom)
    }

    /// As how much a role is judged, and whether that is known.
    pub(crate) fn judged(&self, project: ProjectId, role: &ProjectRole) -> (Power, bool) {
        let known = self.known(project, role);
        (known.unwrap_or(Power::OF_UNKNOWN), known.is_some())
    }

    /// The power of a role in a project, or nothing for a custom role that counts as no standard one.
    fn get(&self, project: ProjectId, role: &str) -> Option<u8> {
        let standard = ProjectRole::STANDARD.iter().find(|one| one.as_str() == role);
        match standard {
            Some(standard) => standard.power(),
            None => self.by_name.get(&(project, role)).copied().flatten(),
        }
    }

    /// Whether somebody can do more or less in a project with another role, or with none.
    pub(crate) fn step(&self, project: ProjectId, before: &str, after: &str) -> Risk {
        let power = |role| if role == NONE { Some(0) } else { self.get(project, role) };
        match (power(before), power(after)) {
            (Some(before), Some(after)) if after > before => Risk::Escalation,
            (Some(before), Some(after)) if after < before => Risk::Reduction,
            _ => Risk::Neutral,
        }
    }
}

/// A role and what gives it.
#[derive(Clone, Copy)]
struct Held<'a> {
    role: &'a str,
    source: &'a GrantSource,
}

/// The grants of one access, by project.
struct Holding<'a> {
    grants: BTreeMap<ProjectId, Vec<&'a Grant>>,
    organization_role: Option<OrganizationRole>,
}

impl<'a> Holding<'a> {
    fn of(access: Option<&'a Access>) -> Self {
        let mut grants: BTreeMap<ProjectId, Vec<&'a Grant>> = BTreeMap::new();
        for grant in access.iter().flat_map(|access| &access.grants) {
            grants.entry(grant.project).or_default().push(grant);
        }
        Self { grants, organization_role: access.and_then(|access| access.organization_role) }
    }

    /// The strongest of the roles in a project; individual grants first among equals. Without `own`,
    /// individual grants do not count.
    fn strongest(&self, project: ProjectId, powers: &Powers<'_>, own: bool) -> Option<Held<'a>> {
        let rows = self.grants.get(&project).map(Vec::as_slice).unwrap_or_default();
        let mut strongest: Option<Held<'a>> = None;
        let told = self.organization_role.and_then(implied);
        let given = rows
            .iter()
            // Stale rows of a former organization role must not count: the role itself says it.
            .filter(|row| {
                self.organization_role.is_none() || row.source != GrantSource::Organization
            })
            .filter(|row| own || !row.source.is_individual())
            .map(|row| Held { role: row.role.as_str(), source: &row.source });
        for held in given.chain(told) {
            let stronger = strongest
                .is_none_or(|best| powers.get(project, held.role) > powers.get(project, best.role));
            if stronger {
                strongest = Some(held);
            }
        }
        strongest
    }
}

/// What an organization role gives in every project.
const fn implied(role: OrganizationRole) -> Option<Held<'static>> {
    match role {
        OrganizationRole::Owner => Some(Held { role: "owner", source: &GrantSource::Organization }),
        OrganizationRole::Admin => Some(Held { role: "admin", source: &GrantSource::Organization }),
        OrganizationRole::BillingAdmin | OrganizationRole::Member => None,
    }
}

/// Where a role comes from, as it follows the word "through".
fn through(source: &GrantSource) -> String {
    match source {
        GrantSource::Individual => "an individual grant".to_owned(),
        GrantSource::Team(name) => format!("team {name}"),
        GrantSource::Organization => "the organization role".to_owned(),
        GrantSource::AllUsers => "all-users".to_owned(),
    }
}

/// Says beside the lines of a person what they have through something else than their own grant: of
/// each project at the line that comes last.
pub(crate) fn remark(affected: &AffectedSubject, powers: &Powers<'_>, rows: &mut [Row<'_>]) {
    let given_otherwise = |access: &Access| {
        access.organization_role.is_some_and(|role| implied(role).is_some())
            || access.grants.iter().any(|grant| !grant.source.is_individual())
    };
    if !affected.after.as_ref().is_some_and(given_otherwise) {
        return;
    }
    let holding = Holding::of(affected.after.as_ref());
    let mut last: BTreeMap<ProjectId, usize> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        last.extend(row.project.map(|project| (project, at)));
    }
    for (project, at) in last {
        let (Some(row), Some(other)) =
            (rows.get_mut(at), holding.strongest(project, powers, false))
        else {
            continue;
        };
        let word = if row.after == NONE {
            "still"
        } else {
            match (powers.get(project, other.role), powers.get(project, row.after)) {
                _ if other.role == row.after => continue,
                (Some(other), Some(own)) if other <= own => continue,
                (Some(_), Some(_)) => "effectively",
                (None, _) | (_, None) => "also",
            }
        };
        row.remarks.push(format!("{word} {} through {}", other.role, through(other.source)));
    }
}

/// The lines of a person whose effective role changes through a team, in projects that no line
/// names, and the risk that they carry.
pub(crate) fn through_teams<'a>(
    affected: &'a AffectedSubject,
    powers: &Powers<'_>,
    labels: &ProjectLabels<'_>,
    rows: &mut Vec<Row<'a>>,
) -> Vec<Risk> {
    let mut grants =
        affected.before.iter().chain(&affected.after).flat_map(|access| &access.grants);
    if !grants.any(|grant| matches!(grant.source, GrantSource::Team(_))) {
        return Vec::new();
    }
    let (before, after) =
        (Holding::of(affected.before.as_ref()), Holding::of(affected.after.as_ref()));
    let named: Vec<ProjectId> = rows.iter().filter_map(|row| row.project).collect();
    let mut projects: Vec<ProjectId> =
        before.grants.keys().chain(after.grants.keys()).copied().collect();
    projects.sort_unstable();
    projects.dedup();
    projects.retain(|project| !named.contains(project));
    let mut risks = Vec::new();
    for project in projects {
        let (old, new) =
            (before.strongest(project, powers, true), after.strongest(project, powers, true));
        let of_team =
            |held: Option<Held<'_>>| held.is_some_and(|h| matches!(h.source, GrantSource::Team(_)));
        let word = |held: Option<Held<'a>>| held.map_or(NONE, |held| held.role);
        if word(old) == word(new) || !(of_team(old) || of_team(new)) {
            continue;
        }
        risks.push(powers.step(project, word(old), word(new)));
        let symbol = match (old, new) {
            (None, _) => Symbol::Add,
            (_, None) => Symbol::Remove,
            (Some(_), Some(_)) => Symbol::Change,
        };
        let label = labels.of_number(project);
        let mut row =
            Row::carried(symbol, Target::Project(label), Some(project), word(old), word(new));
        row.through = if of_team(new) {
            new.map(|held| format!("through {}", through(held.source)))
        } else {
            old.map(|held| format!("no longer through {}", through(held.source)))
        }
        .unwrap_or_default();
        rows.push(row);
    }
    risks
}

/// What custom roles that lines name count as, in one sentence each.
pub(crate) fn custom_roles<'a>(
    rows: impl Iterator<Item = &'a Row<'a>>,
    projects: &[PlanProject],
) -> Vec<String> {
    let mut named: BTreeMap<(&str, &str), ProjectId> = BTreeMap::new();
    for row in rows {
        let (Some(project), Target::Project(label)) = (row.project, &row.target) else { continue };
        for role in [row.before, row.after] {
            if role != NONE && ProjectRole::parse(role).is_custom() {
                named.insert((role, label), project);
            }
        }
    }
    let mut alike: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
    for ((role, label), project) in named {
        let at_most = projects
            .iter()
            .filter(|one| one.id == project)
            .flat_map(|one| &one.custom_roles)
            .find(|custom| custom.name.as_str() == role)
            .and_then(|custom| custom.at_most.as_ref());
        let meaning = match at_most {
            Some(standard) => format!("counts as {standard}"),
            None => {
                format!("has unknown power and is judged as {}", words::power(Power::OF_UNKNOWN))
            }
        };
        alike.entry((role, meaning)).or_default().push(label);
    }
    alike
        .into_iter()
        .map(|((role, meaning), labels)| format!("{role} in {} {meaning}", labels.join(", ")))
        .collect()
}
