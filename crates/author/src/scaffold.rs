//! Files to start from without an organization to look at.

use mixaccess_model::{OrganizationId, Region};

use crate::tree::{Counts, Tree, TreeFile};
use crate::yaml::scalar;

/// What is known of an organization that is not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScaffoldOptions {
    /// Its number; an example where it is not given.
    pub organization: Option<OrganizationId>,
    /// Its name.
    pub name: Option<String>,
    /// Where its data lives.
    pub region: Region,
}

const PROFILES: &str = "\
# What usually belongs together, written once. What stands at a person comes before it.

profiles:
  implementation:
    projects: { production: admin, web-staging: admin }
  support:
    projects: { production: analyst }
";

const PEOPLE: &str = "\
# One file for each person, or one for all: every *.yaml below this directory is read.

collaborators:
  alex@agency.example:
    name: Alex Example
    profile: implementation
    # What stands here comes before the profile. A date ends a grant by itself.
    projects:
      ios-production: { role: analyst, until: 2030-12-31, ticket: IAM-1, reason: reporting only }

  owner@acme.example:
    name: Olivia Owner
    profile: support
    organization_role: owner
";

const POLICY: &str = "\
# The guard rails: what no plan may do, whoever wrote the other files.

policy:
  # Two owners are recommended. Once there are two, say so, and no plan goes below:
  # owners: { minimum: 2 }
  # Somebody who is live and in none of the files: report, suspend or remove.
  unmanaged: { action: report }
  # People and accounts whom no plan may touch:
  # protected: [\"*@breakglass.acme.example\"]
  # What nobody may hold:
  # rules:
  #   - deny: { outside: [acme.example], organization_role: [owner, admin] }
  #     because: the organization is run by its own people
";

/// A small commented tree that validates, to be changed into one's own.
pub fn scaffold(options: &ScaffoldOptions) -> Tree {
    let number = options.organization.map_or(12345, |id| id.0);
    let example = if options.organization.is_some() {
        ""
    } else {
        "  # Mixpanel shows the number in the organization settings; this one is an example.\n"
    };
    let name = options.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let region = options.region.as_str();
    let organization = format!(
        "\
# The organization, its projects and the keys that other files use for them.

organization:
{example}  id: {number}
  name: {}
  region: {region} # us, eu or in

# Mixpanel shows the numbers in the project settings; these are examples. Or let
# `mixaccess init` write everything from the live organization.
projects:
  web-production: {{ id: 2891234, environment: production }}
  ios-production: {{ id: 2891235, environment: production }}
  web-staging: {{ id: 2891236, environment: staging }}

project_groups:
  production: [web-production, ios-production]
",
        scalar(name.unwrap_or("Acme Corp"))
    );
    let file = |path: &str, text: &str| TreeFile { path: path.to_owned(), text: text.to_owned() };
    Tree {
        files: vec![
            file("organization.yaml", &organization),
            file("people.yaml", PEOPLE),
            file("policy.yaml", POLICY),
            file("profiles.yaml", PROFILES),
        ],
        left_out: Vec::new(),
        counts: Counts { projects: 3, profiles: 2, collaborators: 2, ..Counts::default() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::written;

    #[test]
    fn the_scaffold_validates_without_a_word() {
        for options in [
            ScaffoldOptions::default(),
            ScaffoldOptions {
                organization: Some(OrganizationId(7)),
                name: Some("no: \"way\"\n".to_owned()),
                region: Region::In,
            },
        ] {
            let directory = tempfile::tempdir().unwrap();
            let loaded = written(&scaffold(&options), directory.path());
            assert!(loaded.diagnostics().is_empty(), "{:?}", loaded.diagnostics());
            let organization = loaded.organization().unwrap();
            assert_eq!(organization.region, options.region);
            assert_eq!(organization.id, options.organization.unwrap_or(OrganizationId(12345)));
        }
    }
}
