//! Teams and service accounts of a generated organization: the files, and the live state that meets them.

use std::fmt::Write as _;

use mixaccess_model::{
    Email, Grant, GrantSource, LiveServiceAccount, LiveTeam, ManagedBy, OwnGrant, ProjectRole,
    ServiceAccountId, TeamId,
};

use super::{Shape, project_id, project_key};

const TEAM_ROLE: ProjectRole = ProjectRole::Consumer;
const ACCOUNT_ROLE: ProjectRole = ProjectRole::Analyst;
/// When the credentials of every service account stop working.
const EXPIRES: &str = "2099-01-31T00:00:00Z";

fn email(index: usize) -> String {
    format!("person.{index:06}@agency.example")
}

fn team_name(team: usize) -> String {
    format!("Team {team:03}")
}

fn account_name(account: usize) -> String {
    format!("account-{account:04}")
}

impl Shape {
    /// The team of every second person.
    pub(super) const fn team_of(&self, index: usize) -> Option<usize> {
        if self.teams == 0 || !index.is_multiple_of(2) {
            None
        } else {
            Some(index / 2 % self.teams)
        }
    }

    /// What a team gives its people.
    pub(super) fn team_grant(&self, team: usize) -> Grant {
        Grant {
            project: project_id(team % self.projects),
            role: TEAM_ROLE,
            source: GrantSource::Team(team_name(team).into()),
        }
    }

    fn people_of(&self, team: usize) -> impl Iterator<Item = usize> {
        (0..self.people).filter(move |index| self.team_of(*index) == Some(team))
    }

    /// The teams in the files: their people in their own lists.
    pub(super) fn teams(&self) -> String {
        let mut text = String::new();
        if self.teams > 0 {
            text.push_str("teams:\n");
        }
        for team in 0..self.teams {
            let members: Vec<String> = self.people_of(team).map(email).collect();
            // A String takes whatever is written to it.
            let _ = writeln!(
                text,
                "  team-{team:03}: {{ name: {}, projects: {{ {}: {TEAM_ROLE} }}, members: [{}] }}",
                team_name(team),
                project_key(team % self.projects),
                members.join(", ")
            );
        }
        text
    }

    /// The service accounts in the files.
    pub(super) fn service_accounts(&self) -> String {
        let mut text = String::new();
        if self.service_accounts > 0 {
            text.push_str("service_accounts:\n");
        }
        for account in 0..self.service_accounts {
            let _ = writeln!(
                text,
                "  {}: {{ organization_role: member, owner: {}, purpose: export, expires: {EXPIRES}, projects: {{ {}: {ACCOUNT_ROLE} }} }}",
                account_name(account),
                email(account % self.people),
                project_key(account % self.projects)
            );
        }
        text
    }

    pub(super) fn live_teams(&self) -> Vec<LiveTeam> {
        let team = |team: usize| LiveTeam {
            id: TeamId(team as u64 + 1),
            name: team_name(team).into(),
            managed_by: ManagedBy::Mixpanel,
            members: self.people_of(team).map(|index| Email::new(&email(index))).collect(),
            grants: vec![OwnGrant { project: project_id(team % self.projects), role: TEAM_ROLE }],
        };
        (0..self.teams).map(team).collect()
    }

    pub(super) fn live_service_accounts(&self) -> Vec<LiveServiceAccount> {
        let account = |account: usize| LiveServiceAccount {
            id: ServiceAccountId(account as u64 + 1),
            username: account_name(account).into(),
            created: None,
            expires: EXPIRES.parse().ok(),
            last_used: None,
            creator: None,
            creator_email: None,
            user: None,
            grants: vec![Grant {
                project: project_id(account % self.projects),
                role: ACCOUNT_ROLE,
                source: GrantSource::Individual,
            }],
        };
        (0..self.service_accounts).map(account).collect()
    }
}
