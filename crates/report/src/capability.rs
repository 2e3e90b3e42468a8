//! What a role can do in a project (Mixpanel's own permissions matrix).

use mixaccess_model::ProjectRole;

/// Capabilities of a project, weakest role that has them first. Deleting the project, creating projects
/// and single sign-on belong to organization admins and are not listed for a project.
const MATRIX: [(&str, u8); 9] = [
    ("view reports and dashboards", 1),
    ("export visible data", 1),
    ("create reports", 2),
    ("create cohorts", 2),
    ("export data", 2),
    ("edit Lexicon", 3),
    ("manage integrations and data pipelines", 3),
    ("manage project users", 3),
    ("access API credentials", 3),
];

/// What the role can do, or nothing for a custom role: the project alone knows.
pub(crate) fn of(role: &ProjectRole) -> Option<Vec<&'static str>> {
    let power = role.power()?;
    // Whoever exports all data need not be told that visible data can be exported.
    let narrower = |name: &str| power >= 2 && name == "export visible data";
    Some(
        MATRIX
            .into_iter()
            .filter(|(name, from)| *from <= power && !narrower(name))
            .map(|(name, _)| name)
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stronger_roles_can_do_more() {
        let count = |word| of(&ProjectRole::parse(word)).map(|list| list.len());
        assert_eq!(count("consumer"), Some(2));
        assert_eq!(count("analyst"), Some(4));
        assert_eq!(count("admin"), Some(8));
        assert_eq!(count("owner"), Some(8));
        assert_eq!(count("Auditor"), None);
    }
}
