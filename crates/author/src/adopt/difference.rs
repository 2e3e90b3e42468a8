//! From a plan to what the files would have to say.

use std::collections::{BTreeMap, BTreeSet};

use mixaccess_model::{
    Change, Difference, Email, LiveState, NotPlannedKind, ProjectId, ProjectRole, ReasonKind,
    Subject, SubjectKey, Verb, printable,
};
use mixaccess_planner::CustomRoles;

use super::elsewhere::Elsewhere;
use super::finder::{Correction, Corrections, Finder, MANAGED, Wanted};
use super::moving::Moving;
use super::{AdoptInput, NotAdopted, Refusals, Situation};
use crate::survey::{is_sayable_role, may_hold};

/// Everything that was chosen and differs, and what of it is left alone although its subject is not.
/// `refused` is what was refused before.
pub(super) fn differences(
    input: &AdoptInput<'_>,
    situation: &Situation,
    refused: &Refusals,
) -> (Corrections, BTreeSet<NotAdopted>) {
    let (found, left) = (Corrections::new(), BTreeSet::new());
    let moving = Moving::of(input.live, situation);
    let custom_roles = CustomRoles::declared(&situation.desired);
    let mut finder = Finder { input, situation, refused, moving, custom_roles, found, left };
    for (key, changes) in by_subject(&situation.content.changes) {
        finder.subject(&key, &changes);
    }
    finder.not_planned();
    finder.memberships();
    finder.found.retain(|key, _| !refused.contains_key(key));
    (finder.found, finder.left)
}

fn by_subject(changes: &[Change]) -> BTreeMap<SubjectKey, Vec<&Change>> {
    let mut by_subject: BTreeMap<SubjectKey, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        by_subject.entry(change.subject.key()).or_default().push(change);
    }
    by_subject
}

impl Finder<'_> {
    fn subject(&mut self, key: &SubjectKey, changes: &[&Change]) {
        let is_whole = self.input.chosen.subject(key);
        let has = |kind: ReasonKind| changes.iter().any(|change| change.reason.kind == kind);
        let difference = if has(ReasonKind::Unmanaged) {
            is_whole.then_some(Correction::Undeclared)
        } else if has(ReasonKind::InvitationExpired) {
            let why = "the invitation expired: let a plan send a new one, or take the person out of the files";
            is_whole.then(|| Correction::Refused(why.to_owned()))
        } else if has(ReasonKind::Suspended) || has(ReasonKind::Removed) {
            if is_whole && !self.input.chosen.by_name(key) {
                let why =
                    "the files say that they should have no access: name them to take that back";
                self.found.insert(key.clone(), Correction::Refused(why.to_owned()));
                return;
            }
            let wanted = Wanted { is_active: true, ..Wanted::default() };
            is_whole.then_some(Correction::Declared(wanted))
        } else if is_made_anew(changes) {
            if is_whole && !self.input.chosen.by_name(key) {
                let why = "declared, and not there: let a plan bring them in, or name them to take them out of the files";
                self.found.insert(key.clone(), Correction::Refused(why.to_owned()));
                return;
            }
            is_whole.then_some(Correction::Gone)
        } else {
            let mut wanted = Wanted::default();
            for change in changes {
                self.change(key, change, is_whole, &mut wanted);
            }
            self.checked(wanted)
        };
        if let Some(difference) = difference {
            self.found.insert(key.clone(), difference);
        }
    }

    fn change(&mut self, key: &SubjectKey, change: &Change, is_whole: bool, wanted: &mut Wanted) {
        if let Some(project) = change.write.project() {
            if self.input.chosen.grant(key, project.id) {
                self.entry(key, project.id, wanted);
            }
            return;
        }
        if !is_whole {
            return;
        }
        match change.write.verb {
            Verb::Withdraw | Verb::Set => {}
            // An invitation follows a withdrawal here, a reminder is no difference, and the others are
            // told by their reason.
            Verb::Invite | Verb::Remind | Verb::Remove | Verb::Create | Verb::Delete => return,
        }
        for one in &change.write.differences {
            match one {
                Difference::OrganizationRole(diff) => {
                    wanted.organization_role = diff.before.known();
                }
                Difference::TeamMember(email, ..) => {
                    let live = if one.gives() { &mut wanted.leave } else { &mut wanted.join };
                    live.insert(email.clone());
                }
                Difference::Account(_)
                | Difference::ProjectRole(..)
                | Difference::Reminder(_)
                | Difference::Expiry(_) => {}
            }
        }
    }

    fn entry(&mut self, key: &SubjectKey, project: ProjectId, wanted: &mut Wanted) {
        let own = own_role(self.input.live, key, project).cloned();
        let role = match own {
            Some(role) => Some(role),
            None => match self.elsewhere(key, project) {
                Elsewhere::Nothing => None,
                Elsewhere::Given(role) => Some(role),
                Elsewhere::NotYet => return,
                Elsewhere::Open(why) => return self.leave(key.clone(), why),
            },
        };
        wanted.entries.insert(project, role);
    }

    /// Refuses what files cannot say, and what is not known for sure.
    fn checked(&self, wanted: Wanted) -> Option<Correction> {
        for (project, role) in &wanted.entries {
            let found = self.input.live.project(*project).filter(|project| project.members_read);
            let Some(found) = found else {
                let why = format!("what is live in project {project} is not known");
                return Some(Correction::Refused(why));
            };
            if let Some(role) = role.as_ref().filter(|role| !may_hold(found, role)) {
                let why = format!("the service lists no role `{}`", printable(role.as_str()));
                return Some(Correction::Refused(why));
            }
            if let Some(role) = role.as_ref().filter(|role| !is_sayable_role(role)) {
                let why = format!("the role `{}` cannot be written", printable(role.as_str()));
                return Some(Correction::Refused(why));
            }
        }
        (wanted != Wanted::default()).then_some(Correction::Declared(wanted))
    }

    /// People who are live and not in the files, and what somebody else decides.
    fn not_planned(&mut self) {
        let content = &self.situation.content;
        for one in &content.not_planned {
            let Some(SubjectKey::Person(email)) = one.subject.as_ref().map(Subject::key) else {
                continue;
            };
            let difference = match one.kind {
                NotPlannedKind::Unmanaged | NotPlannedKind::Protected => self.undeclared(&email),
                NotPlannedKind::ManagedByScim => Some(Correction::Refused(MANAGED.to_owned())),
                NotPlannedKind::Unreadable | NotPlannedKind::Withheld => {
                    Some(Correction::Refused(one.message.clone()))
                }
                NotPlannedKind::UndeclaredProject
                | NotPlannedKind::Pending
                | NotPlannedKind::ActorPower => None,
            };
            self.whole(SubjectKey::Person(email), difference);
        }
        for manual in &content.manual {
            self.whole(manual.subject.key(), Some(Correction::Refused(MANAGED.to_owned())));
        }
        // Somebody whom the policy ignores is adopted when named.
        for email in &self.input.chosen.people {
            let difference = self.undeclared(email);
            self.whole(SubjectKey::Person(email.clone()), difference);
        }
    }

    /// Keeps a difference that is about a subject as a whole.
    fn whole(&mut self, key: SubjectKey, difference: Option<Correction>) {
        if let Some(difference) = difference.filter(|_| self.input.chosen.subject(&key)) {
            self.found.entry(key).or_insert(difference);
        }
    }

    fn undeclared(&self, email: &Email) -> Option<Correction> {
        let is_declared = self.situation.desired.collaborator(email).is_some();
        let is_live = self.input.live.member(email).is_some();
        (is_live && !is_declared).then_some(Correction::Undeclared)
    }
}

/// Whether changes make what is not live at all.
fn is_made_anew(changes: &[&Change]) -> bool {
    let is_withdrawn = changes.iter().any(|change| change.write.verb == Verb::Withdraw);
    !is_withdrawn && changes.iter().any(|change| change.write.verb.begins())
}

/// A subject's own role in a project, as it is live.
fn own_role<'a>(
    live: &'a LiveState,
    key: &SubjectKey,
    project: ProjectId,
) -> Option<&'a ProjectRole> {
    match key {
        SubjectKey::Person(email) => live.member(email)?.individual_role(project),
        SubjectKey::Team(name) => live.team(name)?.role(project),
        SubjectKey::ServiceAccount(name) => live.service_account(name)?.individual_role(project),
    }
}
