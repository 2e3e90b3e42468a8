//! What a human has to change at the identity provider.

use std::borrow::Cow;

use mixaccess_model::{
    EffectRole, Email, ManualChange, ManualEffect, ManualTask, Place, ProviderKind, Subject,
};

use crate::kind::Kind;
use crate::project_labels::ProjectLabels;
use crate::row::{Ask, NONE};
use crate::words;

/// Manual changes at one identity provider.
#[derive(Debug)]
pub(crate) struct ManualGroup<'a> {
    /// The provider as sentences name it.
    pub(crate) provider: &'static str,
    /// The changes, those with the same steps together.
    pub(crate) recipes: Vec<Recipe<'a>>,
}

/// Manual changes that are made by the same steps.
#[derive(Debug)]
pub(crate) struct Recipe<'a> {
    /// The changes.
    pub(crate) items: Vec<ManualItem<'a>>,
    /// The steps, in order.
    pub(crate) steps: &'a [String],
}

/// One manual change.
#[derive(Debug)]
pub(crate) struct ManualItem<'a> {
    /// Whose access.
    pub(crate) subject: &'a Subject,
    /// What is to be done, a fragment each, such as `join Mixpanel-Web-Admin`.
    pub(crate) tasks: Vec<Task<'a>>,
    /// What that brings about.
    pub(crate) effects: Vec<Effect<'a>>,
}

/// One thing to be done.
#[derive(Debug)]
pub(crate) struct Task<'a> {
    verb: &'static str,
    /// With which groups, people or projects.
    names: Vec<Cow<'a, str>>,
}

impl Task<'_> {
    /// The first so many of the names, and how many there are besides.
    fn with(&self, most: usize) -> String {
        let Self { verb, names } = self;
        if names.is_empty() { (*verb).to_owned() } else { format!("{verb} {}", self.listed(most)) }
    }

    fn listed(&self, most: usize) -> String {
        let shown: Vec<&str> = self.names.iter().take(most).map(AsRef::as_ref).collect();
        let mut text = shown.join(", ");
        let more = self.names.len().saturating_sub(most);
        if more > 0 {
            let more = words::number(u64::try_from(more).unwrap_or(u64::MAX));
            text.push_str(&format!(" and {more} more, not named here,"));
        }
        text
    }
}

/// One difference that a manual change mends.
#[derive(Debug)]
pub(crate) struct Effect<'a> {
    /// The project's label, or `organization role`.
    pub(crate) target: String,
    /// The role until now.
    pub(crate) before: &'a str,
    /// The role from now on.
    pub(crate) after: &'a str,
    /// What asks for it.
    pub(crate) ask: Ask<'a>,
}

impl ManualGroup<'_> {
    /// How many changes are to be made there.
    pub(crate) fn len(&self) -> usize {
        self.recipes.iter().map(|recipe| recipe.items.len()).sum()
    }

    /// Every change.
    pub(crate) fn items(&self) -> impl Iterator<Item = &ManualItem<'_>> {
        self.recipes.iter().flat_map(|recipe| &recipe.items)
    }
}

impl ManualItem<'_> {
    /// What is to be done, in one text.
    pub(crate) fn task(&self) -> String {
        self.task_with(usize::MAX)
    }

    /// What is to be done with the first so many groups, people or projects of each kind.
    pub(crate) fn task_with(&self, most: usize) -> String {
        let tasks: Vec<String> = self.tasks.iter().map(|task| task.with(most)).collect();
        tasks.join("; ").trim_end_matches(',').to_owned()
    }

    /// A step with the first so many of those whom it names.
    pub(crate) fn step_with(&self, step: &str, most: usize) -> String {
        let long = self.tasks.iter().filter(|task| task.names.len() > most);
        long.fold(step.to_owned(), |step, task| {
            step.replace(&task.listed(usize::MAX), &task.listed(most))
        })
    }

    /// Whether there are no more groups, people or projects of a kind than that.
    pub(crate) fn has_at_most(&self, most: usize) -> bool {
        self.tasks.iter().all(|task| task.names.len() <= most)
    }

    /// The whole change in one sentence, for formats that have no columns.
    pub(crate) fn sentence(&self, provider: &str, kind: Kind) -> String {
        let effects: Vec<String> = self
            .effects
            .iter()
            .map(|effect| format!("{}, {}", effect.target, effect.step(kind)))
            .collect();
        let mut text = format!("{}, in {provider}: {}", self.subject, self.task());
        if !effects.is_empty() {
            text.push_str(&format!(" ({})", effects.join("; ")));
        }
        text
    }

    /// The first place that asks for it.
    pub(crate) fn place(&self) -> Option<&Place> {
        self.effects.iter().find_map(|effect| effect.ask.place)
    }
}

impl Effect<'_> {
    /// Before and after in the words of the plan.
    pub(crate) fn step(&self, kind: Kind) -> String {
        match kind {
            Kind::Plan | Kind::Undo => format!("{} -> {}", self.before, self.after),
            Kind::Drift => format!("live {}, files {}", self.before, self.after),
        }
    }
}

/// Groups manual changes by provider, and those with the same steps together; else in their order.
pub(crate) fn groups<'a>(
    manual: Vec<&'a ManualChange>,
    labels: &ProjectLabels<'_>,
) -> Vec<ManualGroup<'a>> {
    let mut groups: Vec<ManualGroup<'a>> = Vec::new();
    for ManualChange { subject, provider, task, effects, steps } in manual {
        let name = provider.map_or("the identity provider", ProviderKind::name);
        let item = ManualItem {
            subject,
            tasks: tasks(task, effects, labels),
            effects: effects.iter().map(|one| effect(one, labels)).collect(),
        };
        let group = match groups.iter().position(|group| group.provider == name) {
            Some(at) => groups.get_mut(at),
            None => {
                groups.push(ManualGroup { provider: name, recipes: Vec::new() });
                groups.last_mut()
            }
        };
        let Some(group) = group else { continue };
        // Steps that name the person are never alike: only neighbours are compared.
        match group.recipes.last_mut() {
            Some(recipe) if recipe.steps == steps.as_slice() => recipe.items.push(item),
            _ => group.recipes.push(Recipe { items: vec![item], steps }),
        }
    }
    groups
}

fn effect<'a>(effect: &'a ManualEffect, labels: &ProjectLabels<'_>) -> Effect<'a> {
    let ManualEffect { project, before, after, reason } = effect;
    Effect {
        target: project.as_ref().map_or_else(|| "organization role".to_owned(), |p| labels.get(p)),
        before: before.as_ref().map_or(NONE, role),
        after: after.as_ref().map_or(NONE, role),
        ask: Ask {
            kind: reason.kind,
            place: reason.place.as_ref(),
            annotations: &reason.annotations,
        },
    }
}

fn role(role: &EffectRole) -> &str {
    match role {
        EffectRole::Organization(role) => role.as_str(),
        EffectRole::Project(role) => role.as_str(),
    }
}

fn tasks<'a>(
    task: &'a ManualTask,
    effects: &[ManualEffect],
    labels: &ProjectLabels<'_>,
) -> Vec<Task<'a>> {
    let listed = |verb: &'static str, names: Vec<Cow<'a, str>>| {
        (!names.is_empty()).then_some(Task { verb, names })
    };
    let groups = |verb: &'static str, names: &'a [std::sync::Arc<str>]| {
        listed(verb, names.iter().map(|name| Cow::Borrowed(name.as_ref())).collect())
    };
    let people = |verb: &'static str, people: &'a [Email]| {
        listed(verb, people.iter().map(|email| Cow::Borrowed(email.as_str())).collect())
    };
    let alone = |verb: &'static str| Some(Task { verb, names: Vec::new() });
    let parts = match task {
        ManualTask::ChangeGroups { join, leave } => {
            vec![groups("join", join), groups("leave", leave)]
        }
        ManualTask::Provision { join } => {
            vec![alone("assign the application"), groups("join", join)]
        }
        ManualTask::Deprovision => vec![alone("take the application away")],
        ManualTask::CheckDeprovisioning => vec![alone("check deprovisioning")],
        ManualTask::ChangePeople { add, remove } => {
            vec![people("add", add), people("remove", remove)]
        }
    };
    let tasks: Vec<Task<'a>> = parts.into_iter().flatten().collect();
    if tasks.is_empty() { without_groups(effects, labels) } else { tasks }
}

/// What there is to do where no known group brings it about.
fn without_groups<'a>(effects: &[ManualEffect], labels: &ProjectLabels<'_>) -> Vec<Task<'a>> {
    let organization = effects.iter().any(|one| one.project.is_none());
    let projects = effects.iter().filter_map(|one| one.project.as_ref());
    let names: Vec<Cow<'a, str>> = projects.map(|one| labels.get(one).into()).collect();
    let roles =
        organization.then(|| Task { verb: "change the organization role", names: Vec::new() });
    let access = (!names.is_empty()).then_some(Task { verb: "change the role in", names });
    roles.into_iter().chain(access).collect()
}

/// Manual changes counted by provider: `2 changes to make in Okta`.
pub(crate) fn counted(groups: &[ManualGroup<'_>]) -> String {
    let parts: Vec<String> = groups
        .iter()
        .map(|group| format!("{} to make in {}", words::changes(group.len()), group.provider))
        .collect();
    parts.join(", ")
}
