//! How a change is made at an identity provider, in sentences.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;
use mixaccess_model::{Email, ManualTask, OrganizationRole, ProjectKey, ProjectRole, ProviderKind};

use crate::invitation::lasting;

/// What the steps of a task have to say beside the groups that it names.
#[derive(Debug, Default)]
pub(super) struct Guidance {
    /// The organization role that the application's role mapping has to give.
    pub(super) organization_role: Option<OrganizationRole>,
    /// Roles in projects that no group gives.
    pub(super) missing: Vec<(ProjectKey, ProjectRole)>,
    /// Roles in projects above which groups give something that stays.
    pub(super) exceeded: Vec<(ProjectKey, Option<ProjectRole>)>,
    /// Individual grants that nobody but a human takes away.
    pub(super) by_hand: Vec<(ProjectKey, ProjectRole)>,
    /// Groups to leave that give access until a missing one is there.
    pub(super) left_last: BTreeSet<Arc<str>>,
}

/// The steps of a task about somebody or about a group.
pub(super) fn steps(
    provider: Option<ProviderKind>,
    who: &str,
    task: &ManualTask,
    propagation: SignedDuration,
    guidance: &Guidance,
) -> Vec<String> {
    let at = provider.map_or("the identity provider", ProviderKind::name);
    let mapping = guidance.organization_role.map(|role| {
        format!("Change the role mapping of the Mixpanel application in {at} so that the organization role is {role}.")
    });
    let mut steps = Vec::new();
    match task {
        ManualTask::ChangeGroups { join, leave } => {
            steps.push(format!("Find {who} in the directory of {at}."));
            steps.extend(mapping);
            steps.extend(groups("Add the person to", join));
            steps.extend(guidance.about_groups());
            let (last, first): (Vec<_>, Vec<_>) =
                leave.iter().cloned().partition(|name| guidance.left_last.contains(name));
            steps.extend(groups("Remove the person from", &first));
            let when = "Once Mixpanel has the new group and not before, so that no access is lost, remove the person from";
            steps.extend(groups(when, &last));
        }
        ManualTask::Provision { join } => {
            steps
                .push(format!("Find {who} in the directory of {at}, or create the account there."));
            steps.extend(mapping);
            steps.push("Assign the Mixpanel application to the person.".to_owned());
            steps.extend(groups("Add the person to", join));
            steps.extend(guidance.about_groups());
        }
        ManualTask::Deprovision => {
            steps.push(format!("Find {who} in the directory of {at}."));
            steps.push(
                "Take the person out of every group that the Mixpanel application is assigned to, or deactivate the account."
                    .to_owned(),
            );
            steps.extend(provider.map(deprovisioning).map(str::to_owned));
        }
        ManualTask::CheckDeprovisioning => {
            steps.extend(provider.map(deprovisioning).map(str::to_owned));
        }
        ManualTask::ChangePeople { add, remove } => {
            steps.push(format!("Find the group {who} in the directory of {at}."));
            steps.extend(people("Add", "to", add));
            steps.extend(people("Remove", "from", remove));
        }
    }
    let person = match task {
        ManualTask::ChangePeople { .. } => "the person's address",
        _ => who,
    };
    steps.extend(synchronization(provider, person));
    let is_gone = matches!(task, ManualTask::CheckDeprovisioning);
    steps.push(format!(
        "Wait 5 to 10 minutes, at most {}, and plan again: what is done is not listed any more.",
        lasting(propagation)
    ));
    steps.extend(is_gone.then(|| {
        format!("If {who} is still in Mixpanel then, `managed_by: mixpanel` beside `state: removed` makes the plan remove the account.")
    }));
    steps
}

impl Guidance {
    fn about_groups(&self) -> impl Iterator<Item = String> {
        let missing = self.missing.iter().map(|(project, role)| {
            format!("No group gives {role} in {project}: make one, push it to Mixpanel, give its team exactly that role there, and add the person to it.")
        });
        let exceeded = self.exceeded.iter().map(|(project, role)| {
            let role = role.as_ref().map_or("nothing", ProjectRole::as_str);
            format!("See to it that the person's groups give {role} in {project}.")
        });
        let by_hand = self.by_hand.iter().map(|(project, role)| {
            format!("Take {role} in {project} away in Mixpanel, where it was given by hand.")
        });
        missing.chain(exceeded).chain(by_hand)
    }
}

/// What to switch on so that taking somebody away arrives.
const fn deprovisioning(provider: ProviderKind) -> &'static str {
    match provider {
        ProviderKind::Okta => {
            "Check that Applications → Mixpanel → Provisioning → Deprovisioning → \"Deactivate Users\" is on."
        }
        ProviderKind::Entra => {
            "Check that Enterprise Applications → Mixpanel → Provisioning → Settings → Scope includes \"Remove\"."
        }
        ProviderKind::Onelogin => {
            "Check in Applications → Mixpanel → Provisioning that deleting a user deletes or suspends the account."
        }
    }
}

fn synchronization(provider: Option<ProviderKind>, person: &str) -> Vec<String> {
    match provider {
        Some(ProviderKind::Okta) => vec![
            "Go to Applications → Mixpanel → Provisioning and click \"Provision User\", or wait for the next sync, typically 40 minutes.".to_owned(),
            "Look for success in Integration → Provisioning → Logs.".to_owned(),
        ],
        Some(ProviderKind::Entra) => vec![
            format!("Go to Enterprise Applications → Mixpanel → Provisioning → Provision on demand, enter {person} and click \"Provision\"."),
            "Review the provisioning steps and confirm success.".to_owned(),
        ],
        Some(ProviderKind::Onelogin) => vec![
            "Go to Applications → Mixpanel → Provisioning and click \"Sync Users\".".to_owned(),
            "Look for success in Activity → Provisioning Logs.".to_owned(),
        ],
        None => vec!["Start a provisioning run, or wait for the next one.".to_owned()],
    }
}

fn groups(what: &str, groups: &[Arc<str>]) -> Option<String> {
    let names: Vec<_> = groups.iter().map(|name| mixaccess_model::printable(name)).collect();
    match names.as_slice() {
        [] => None,
        [only] => Some(format!("{what} the group {only}.")),
        several => Some(format!("{what} the groups {}.", several.join(", "))),
    }
}

fn people(what: &str, how: &str, people: &[Email]) -> Option<String> {
    let names: Vec<&str> = people.iter().map(Email::as_str).collect();
    (!names.is_empty()).then(|| format!("{what} {} {how} it.", names.join(", ")))
}
