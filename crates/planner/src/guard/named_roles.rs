//! The roles that a policy names, and every stronger one with them.

use mixaccess_model::{OrganizationRole, Power, ProjectId, ProjectRole, RoleName};

use crate::custom_role::CustomRoles;

/// Roles that a policy names. Whatever it says of a role it says of every stronger one, so that nobody
/// slips past it with more.
pub(super) struct NamedRoles<'a> {
    custom: &'a CustomRoles<'a>,
    /// The weakest role that everybody knows.
    from: Option<Power>,
    /// Custom roles, each with the least power that a project gives it.
    by_name: Vec<(RoleName, Option<Power>)>,
}

impl<'a> NamedRoles<'a> {
    /// Project roles.
    pub(super) fn in_projects(roles: &[ProjectRole], custom: &'a CustomRoles<'a>) -> Self {
        let mut named = Self { custom, from: None, by_name: Vec::new() };
        for role in roles {
            named.add(role.clone());
        }
        named
    }

    /// Words that stand for a project role, for an organization role, or for either.
    pub(super) fn by_words(words: &[String], custom: &'a CustomRoles<'a>) -> Self {
        let mut named = Self { custom, from: None, by_name: Vec::new() };
        for word in words {
            named.add(ProjectRole::parse(word));
            named.start(OrganizationRole::parse(word).map(Power::from));
        }
        named
    }

    fn add(&mut self, role: ProjectRole) {
        match role {
            ProjectRole::Custom(name) => {
                let least = self.custom.least(&name);
                self.by_name.push((name, least));
            }
            standard @ (ProjectRole::Consumer
            | ProjectRole::Analyst
            | ProjectRole::Admin
            | ProjectRole::Owner) => self.start(Power::of_project_role(&standard, &[])),
        }
    }

    fn start(&mut self, power: Option<Power>) {
        self.from = self.from.into_iter().chain(power).min();
    }

    /// Whether a role in a project is one of these or stronger. A custom role that is named is stronger
    /// than none of its equals; where its power is unknown, that is the project's owner.
    pub(super) fn include(&self, project: ProjectId, role: &ProjectRole) -> bool {
        let power = self.custom.judged(project, role);
        self.from.is_some_and(|from| power >= from)
            || self.by_name.iter().any(|(name, least)| {
                let is_it = matches!(role, ProjectRole::Custom(own) if own == name);
                let known = self.custom.allows(project, &ProjectRole::Custom(name.clone()));
                is_it || is_stronger(power, known.or(*least))
            })
    }

    /// What a custom role counts as, to follow its name; nothing for other roles.
    pub(super) fn meaning(&self, project: ProjectId, role: &ProjectRole) -> String {
        match self.custom.allows(project, role) {
            None => ", of unknown power without `at_most`".to_owned(),
            Some(power) if role.is_custom() => format!(", which counts as {power}"),
            Some(_) => String::new(),
        }
    }

    /// Whether an organization role is one of these or stronger.
    pub(super) fn include_organization_role(&self, role: OrganizationRole) -> bool {
        let power = Power::from(role);
        self.from.is_some_and(|from| power >= from)
            || self.by_name.iter().any(|(_, least)| is_stronger(power, *least))
    }
}

fn is_stronger(power: Power, named: Option<Power>) -> bool {
    match named {
        Some(known) => power > known,
        None => power >= Power::OF_UNKNOWN,
    }
}
