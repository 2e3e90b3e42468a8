//! Who is in which team, and who answers for service accounts.

use mixaccess_model::{Email, printable};

use super::reference::References;
use crate::codes;
use crate::declaration::{Collaborator, ServiceAccount, Team};
use crate::diagnostic::{Diagnostic, Whom};
use crate::suggest;

impl References<'_> {
    /// The teams that a collaborator names.
    pub(super) fn team_list(&mut self, one: &Collaborator) {
        let Some(list) = &one.teams else { return };
        let declared = self.checker.declared;
        for (symbol, span) in &list.teams {
            let team = declared.team(*symbol).and_then(|at| declared.teams().get(at));
            if team.is_some_and(|team| !team.is_removed()) || !self.has_room() {
                continue;
            }
            let name = printable(declared.names.text(*symbol));
            let label = self.checker.label(one.file, *span);
            let diagnostic = if let Some(team) = team {
                let state = team.state.map_or(team.span, |(_, span)| span);
                let message = format!("the team `{name}` has no effect here: it is removed");
                Diagnostic::new(codes::NO_EFFECT, message)
                    .at(label)
                    .and(self.checker.label_with(team.file, state, "the team"))
                    .hint("Take the team out of the list.")
            } else {
                let hint = suggest::did_you_mean(&name, self.teams.iter().copied())
                    .unwrap_or_else(|| "No team is declared; write it below `teams`.".to_owned());
                Diagnostic::new(codes::UNKNOWN_TEAM, format!("there is no team `{name}`"))
                    .at(label)
                    .hint(hint)
            };
            self.report(diagnostic, Whom::Person(&one.email));
        }
    }

    /// The people that a team names: whoever writes `teams` writes all of them, and whoever is nobody
    /// here was probably not meant.
    pub(super) fn members(&mut self, team: &Team) {
        if team.is_removed() {
            return;
        }
        for (email, span) in &team.members {
            let one = self.checker.declared.collaborator(email);
            let list = one.and_then(|one| Some((one, one.teams.as_deref()?)));
            let is_fine = match list {
                Some((_, list)) => list.teams.iter().any(|(key, _)| *key == team.key),
                None => one.is_some(),
            };
            if is_fine || !self.has_room() {
                continue;
            }
            let key = self.checker.declared.names.text(team.key);
            let shown = printable(email.as_str());
            let label = self.checker.label(team.file, *span);
            let diagnostic = if let Some((one, list)) = list {
                let message =
                    format!("the team `{key}` names `{shown}`, whose own `teams` leave it out");
                Diagnostic::new(codes::TEAM_CONFLICT, message)
                    .at(label)
                    .and(self.checker.label_with(one.file, list.span, "all their teams"))
                    .hint("Name the team there as well, or take the address out of the team.")
            } else {
                let message =
                    format!("the team `{key}` names `{shown}`, who is no declared collaborator");
                let hint = self.nearest_address(email).unwrap_or_else(|| {
                    "Declare the person below `collaborators`, or take the address out.".to_owned()
                });
                Diagnostic::new(codes::TEAM_MEMBER_UNDECLARED, message).at(label).hint(hint)
            };
            self.report(diagnostic, Whom::Person(email));
        }
    }

    /// The collaborator who answers for a service account.
    pub(super) fn owner(&mut self, account: &ServiceAccount) {
        let Some((email, span)) = &account.owner else { return };
        if self.checker.declared.collaborator(email).is_some() || !self.has_room() {
            return;
        }
        let message =
            format!("the owner `{}` is no declared collaborator", printable(email.as_str()));
        let hint = self.nearest_address(email).unwrap_or_else(|| {
            "Name somebody who stands below `collaborators`, by the whole address.".to_owned()
        });
        let diagnostic = Diagnostic::new(codes::UNKNOWN_OWNER, message)
            .at(self.checker.label(account.file, *span))
            .hint(hint);
        self.report(diagnostic, Whom::ServiceAccount(&account.username));
    }

    /// The declared address that was probably meant.
    fn nearest_address(&mut self, email: &Email) -> Option<String> {
        let people = &self.checker.declared.collaborators;
        if !self.may_compare(people.len()) {
            return None;
        }
        let near = suggest::nearest(email.as_str(), people.iter().map(|one| one.email.as_str()))?;
        Some(format!("Did you mean `{}`?", printable(near)))
    }
}
