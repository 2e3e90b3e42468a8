//! Which declared teams put somebody in.

use std::collections::BTreeMap;

use mixaccess_model::{DesiredState, DesiredTeam, Email, State};

/// The declared teams of everybody whom one of them names.
#[derive(Debug, Default)]
pub(crate) struct Membership<'a> {
    teams: BTreeMap<&'a Email, Vec<&'a DesiredTeam>>,
}

impl<'a> Membership<'a> {
    pub(crate) fn of(desired: &'a DesiredState) -> Self {
        let mut teams: BTreeMap<&Email, Vec<&DesiredTeam>> = BTreeMap::new();
        for team in desired.teams.iter().flatten().filter(|team| team.state == State::Active) {
            for member in &team.members {
                teams.entry(&member.email).or_default().push(team);
            }
        }
        Self { teams }
    }

    pub(crate) fn teams_of(&self, email: &Email) -> &[&'a DesiredTeam] {
        self.teams.get(email).map(Vec::as_slice).unwrap_or_default()
    }
}
