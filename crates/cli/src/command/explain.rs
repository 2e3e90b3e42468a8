//! `explain`: what somebody should have, why, what they have, and what comes next.

use mixaccess_config::{
    ExplainedEntry, ExplainedProject, ExplainedRole, ExplainedState, ExplainedTeam, Explanation,
    Level, Loaded, Specificity, Verdict,
};
use mixaccess_model::{
    Annotations, DesiredCollaborator, DesiredState, Email, Grant, LiveMember, LiveState, ManagedBy,
    ProjectId, ProjectKey, ProjectRef, ProjectRole, Reason, ReasonKind,
};
use mixaccess_planner::{CustomRoles, doubts_about, effective_role};
use mixaccess_report::{
    ChainEntry, Decision, ExplainDeclared, ExplainLive, ExplainProject, ExplainTeam, ExplainView,
    NextChange, Wanted,
};

mod agreement;

use agreement::wanted;

use crate::args::Explain as Args;
use crate::connection::{block_on, connect};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{CommandResult, Failure};
use crate::situation::{check_same_organization, check_whole, read_for};
use crate::storage;

pub(super) fn run(args: &Args, context: &Context) -> CommandResult {
    let (loaded, desired) = context.desired()?;
    let email = Email::new(&args.email);
    let project = args.project.as_deref().map(|key| known_project(key, &loaded)).transpose()?;
    let live = live(args, context, &desired)?;
    let explanation = loaded.explain(&email, project.as_ref(), desired.instant);
    let member = live.as_ref().and_then(|live| live.member(&email));
    if explanation.is_none() && member.is_none() {
        return Err(nobody(&email, &loaded, live.is_some()));
    }
    let custom = CustomRoles::declared(&desired);
    let telling = Telling { desired: &desired, custom, live: live.as_ref(), email: &email, member };
    let view = telling.view(explanation.as_ref(), project.as_ref());
    let redaction = context
        .redaction(desired.organization.id)
        .map(|redaction| redaction.with_person(&email, view.name.as_deref()));
    let options = context.rendering(redaction.as_ref());
    context.console.result(&mixaccess_report::explain(&view, context.format(), &options)?)?;
    Ok(Exit::Done)
}

fn live(
    args: &Args,
    context: &Context,
    desired: &DesiredState,
) -> Result<Option<LiveState>, Failure> {
    if args.offline {
        return Ok(None);
    }
    if let Some(path) = &args.live.live {
        let live = storage::read_live(path)?;
        check_same_organization(&desired.organization, &live)?;
        check_whole(&live, &args.state)?;
        return Ok(Some(live));
    }
    match connect(context, &desired.organization, &args.connection) {
        Ok(client) => {
            let live = block_on(read_for(context, &client, desired, &args.connection))??;
            check_whole(&live, &args.state)?;
            Ok(Some(live))
        }
        Err(failure) => Err(failure.hint("To see only what the files say, add --offline.")),
    }
}

fn known_project(key: &str, loaded: &Loaded) -> Result<ProjectKey, Failure> {
    if let Some(found) = loaded.project_keys().find(|known| known.as_str() == key) {
        return Ok(found.clone());
    }
    let keys: Vec<&str> = loaded.project_keys().map(ProjectKey::as_str).collect();
    let failure = Failure::new(format!("no project `{key}` in the files"));
    Err(match mixaccess_config::nearest(key, keys.iter().copied()) {
        Some(near) => failure.hint(format!("Did you mean `{near}`?")),
        None => failure.hint(format!("The projects are {}.", keys.join(", "))),
    })
}

fn nobody(email: &Email, loaded: &Loaded, asked: bool) -> Failure {
    let failure = Failure::new(if asked {
        format!("{email} is neither in the files nor in the live organization")
    } else {
        format!("{email} is not in the files")
    });
    let known = loaded.collaborator_emails().map(Email::folded);
    match mixaccess_config::nearest(email.folded(), known) {
        Some(near) => failure.hint(format!("Did you mean {near}?")),
        None => failure,
    }
}

/// What is known about one person.
struct Telling<'a> {
    desired: &'a DesiredState,
    custom: CustomRoles<'a>,
    live: Option<&'a LiveState>,
    email: &'a Email,
    member: Option<&'a LiveMember>,
}

impl Telling<'_> {
    fn view(&self, explanation: Option<&Explanation>, only: Option<&ProjectKey>) -> ExplainView {
        let organization = &self.desired.organization;
        let declared = self.desired.collaborator(self.email);
        let name = declared
            .and_then(|one| one.name.as_deref())
            .or_else(|| self.member.and_then(|member| member.name.as_deref()));
        ExplainView {
            organization: match &organization.name {
                Some(name) => format!("{name} ({})", organization.id),
                None => organization.id.to_string(),
            },
            instant: self.desired.instant,
            email: self.email.clone(),
            name: name.map(str::to_owned),
            declared: explanation.zip(declared).map(|(one, declared)| said(one, declared)),
            live: match (self.live, self.member) {
                (None, _) => ExplainLive::NotRead,
                (Some(_), None) => ExplainLive::Absent,
                (Some(_), Some(member)) => ExplainLive::Member {
                    status: member.status,
                    organization_role: member.organization_role,
                    invitation: member.invitation,
                    teams: self.teams(),
                },
            },
            projects: match explanation {
                Some(one) => {
                    one.projects.iter().map(|project| self.project(project, declared)).collect()
                }
                None => self.undeclared_projects(only),
            },
            next: explanation.and_then(|one| next_of_person(&one.state, &one.organization_role)),
            findings: self
                .desired
                .findings
                .iter()
                .filter(|finding| finding.email() == Some(self.email))
                .cloned()
                .chain(
                    self.live
                        .into_iter()
                        .flat_map(|live| doubts_about(self.desired, live, self.email)),
                )
                .collect(),
        }
    }

    fn project(
        &self,
        one: &ExplainedProject,
        declared: Option<&DesiredCollaborator>,
    ) -> ExplainProject {
        let live = self.grants_in(one.id);
        let wanted = wanted(one, declared).cloned();
        let organization_role = self.member.and_then(|member| member.organization_role);
        let agrees = live.as_ref().map(|grants| self.agrees(one, grants, declared));
        let effective = live
            .as_ref()
            .and_then(|grants| effective_role(grants, organization_role, &self.custom));
        let deciding = one.chain.iter().find(|entry| entry.verdict == Verdict::Decides);
        ExplainProject {
            project: ProjectRef { id: one.id, key: one.key.clone() },
            wanted: wanted.map_or(Wanted::NoAccess, Wanted::Role),
            reason: deciding.map(reason),
            at_most: self.counts_as(one.id, effective.as_ref()),
            besides: self.unordered(live.as_deref(), effective.as_ref()),
            effective,
            live,
            agrees,
            chain: one.chain.iter().map(|entry| chain_entry(entry, deciding)).collect(),
            next: one.next.as_ref().map(|next| NextChange {
                at: next.at,
                what: match &next.phase {
                    Some(phase) => format!("phase {phase} begins: {}", word(next.becomes.as_ref())),
                    None => word(next.becomes.as_ref()).to_owned(),
                },
            }),
        }
    }

    /// Somebody who is live and not in the files: what they hold, and that nothing asks for it.
    fn undeclared_projects(&self, only: Option<&ProjectKey>) -> Vec<ExplainProject> {
        let organization_role = self.member.and_then(|member| member.organization_role);
        self.desired
            .projects
            .iter()
            .filter(|project| only.is_none_or(|only| project.key == *only))
            .map(|project| {
                let live = self.grants_in(project.id);
                let effective = live
                    .as_ref()
                    .and_then(|grants| effective_role(grants, organization_role, &self.custom));
                ExplainProject {
                    project: ProjectRef { id: project.id, key: project.key.clone() },
                    wanted: Wanted::Nothing,
                    reason: None,
                    at_most: self.counts_as(project.id, effective.as_ref()),
                    besides: self.unordered(live.as_deref(), effective.as_ref()),
                    effective,
                    live,
                    agrees: None,
                    chain: Vec::new(),
                    next: None,
                }
            })
            .collect()
    }

    /// Custom roles that count as nothing, held beside the effective role: no order says what they add.
    fn unordered(
        &self,
        live: Option<&[Grant]>,
        effective: Option<&ProjectRole>,
    ) -> Vec<ProjectRole> {
        let mut roles: Vec<ProjectRole> = live
            .unwrap_or_default()
            .iter()
            .filter(|grant| self.custom.power(grant.project, &grant.role).is_none())
            .map(|grant| grant.role.clone())
            .filter(|role| Some(role) != effective)
            .collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    }

    /// The standard role that a custom role counts as.
    fn counts_as(&self, project: ProjectId, role: Option<&ProjectRole>) -> Option<ProjectRole> {
        let custom = role.filter(|role| role.is_custom())?;
        let power = self.custom.power(project, custom)?;
        ProjectRole::STANDARD.into_iter().find(|standard| standard.power() == Some(power))
    }

    /// The live teams that the person is in, sorted by name.
    fn teams(&self) -> Vec<std::sync::Arc<str>> {
        let teams = self.live.and_then(|live| live.teams.as_deref()).unwrap_or_default();
        let own = teams.iter().filter(|team| team.has(self.email));
        own.map(|team| std::sync::Arc::clone(&team.name)).collect()
    }

    fn grants_in(&self, project: ProjectId) -> Option<Vec<mixaccess_model::Grant>> {
        let read = self.live?.project(project)?.members_read;
        read.then(|| {
            self.member.map(|member| member.grants_in(project).to_vec()).unwrap_or_default()
        })
    }
}

fn said(one: &Explanation, declared: &DesiredCollaborator) -> ExplainDeclared {
    let deciding =
        one.organization_role.chain.iter().find(|entry| entry.verdict == Verdict::Decides);
    ExplainDeclared {
        state: one.state.state,
        managed_by: match declared.managed_by {
            ManagedBy::Mixpanel => ManagedBy::Mixpanel,
            ManagedBy::Scim => ManagedBy::Scim,
        },
        organization_role: one.organization_role.role,
        reason: deciding.map_or_else(
            || Reason {
                kind: ReasonKind::Declared,
                place: Some(one.place.clone()),
                annotations: Annotations::default(),
            },
            reason,
        ),
        phase: one.phase.as_ref().map(|(name, _)| name.to_string()),
        profile: one.profile.as_ref().map(|(name, _)| name.to_string()),
        teams: one.teams.iter().map(team).collect(),
    }
}

fn team(team: &ExplainedTeam) -> ExplainTeam {
    ExplainTeam {
        name: std::sync::Arc::clone(&team.name),
        place: team.listed_at.first().cloned(),
        grants: team.grants.iter().map(|one| (one.key.clone(), one.role.clone())).collect(),
    }
}

fn reason(entry: &ExplainedEntry) -> Reason {
    Reason {
        kind: ReasonKind::Declared,
        place: Some(entry.place.clone()),
        annotations: entry.annotations.as_deref().cloned().unwrap_or_default(),
    }
}

fn chain_entry(entry: &ExplainedEntry, deciding: Option<&ExplainedEntry>) -> ChainEntry {
    let decision = match entry.verdict {
        Verdict::Decides => Decision::Decides,
        Verdict::Agrees => Decision::Overruled { why: "says the same".to_owned() },
        Verdict::Overridden => Decision::Overruled { why: why_overridden(entry, deciding) },
        Verdict::NotYet => match entry.from {
            Some(from) => Decision::NotYet { from },
            None => Decision::Overruled { why: "its phase has not begun".to_owned() },
        },
        Verdict::Expired => match entry.end {
            Some(until) => Decision::Expired { until },
            None => Decision::Overruled { why: "its phase has ended".to_owned() },
        },
    };
    ChainEntry {
        entry: format!("{}{}", level(entry), target(entry)),
        role: (&*entry.role != "none").then(|| ProjectRole::parse(&entry.role)),
        place: Some(entry.place.clone()),
        decision,
    }
}

fn level(entry: &ExplainedEntry) -> String {
    let name = entry.level_name.as_deref().unwrap_or_default();
    match entry.level {
        Level::Own => "own entry".to_owned(),
        Level::Phase => format!("phase {name}"),
        Level::Profile => format!("profile {name}"),
    }
}

fn target(entry: &ExplainedEntry) -> String {
    match entry.specificity {
        Some(Specificity::Project) => ", this project".to_owned(),
        Some(Specificity::Group) => format!(", group {}", entry.target),
        Some(Specificity::Everything) => ", every project".to_owned(),
        None => String::new(),
    }
}

fn why_overridden(entry: &ExplainedEntry, deciding: Option<&ExplainedEntry>) -> String {
    match deciding {
        Some(deciding) if deciding.level != entry.level => {
            format!("{} is closer to the person", level(deciding))
        }
        Some(_) => "a more specific entry decides".to_owned(),
        None => "another entry decides".to_owned(),
    }
}

fn word(role: Option<&ProjectRole>) -> &str {
    role.map_or("none", ProjectRole::as_str)
}

/// The earlier of the next state and the next organization role.
fn next_of_person(state: &ExplainedState, role: &ExplainedRole) -> Option<NextChange> {
    let phase = |phase: &Option<std::sync::Arc<str>>| match phase {
        Some(phase) => format!("phase {phase} begins: "),
        None => String::new(),
    };
    let state = state.next.as_ref().map(|next| NextChange {
        at: next.at,
        what: format!("{}{}", phase(&next.phase), next.becomes),
    });
    let role = role.next.as_ref().map(|next| NextChange {
        at: next.at,
        what: format!("{}organization {}", phase(&next.phase), next.becomes),
    });
    [state, role].into_iter().flatten().min_by_key(|next| next.at)
}
