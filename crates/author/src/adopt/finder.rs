//! What the files would have to say, and what looking for it works with.

use std::collections::{BTreeMap, BTreeSet};

use mixaccess_model::{Email, OrganizationRole, ProjectId, ProjectRole, SubjectKey};
use mixaccess_planner::CustomRoles;

use super::moving::Moving;
use super::{AdoptInput, NotAdopted, Refusals, Situation};

pub(super) const MANAGED: &str =
    "the identity provider decides: change the groups there, or what the files say by hand";

/// What the files would have to say, by subject.
pub(super) type Corrections = BTreeMap<SubjectKey, Correction>;

/// What the files would have to say about one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Correction {
    /// It is declared, and must say something else.
    Declared(Wanted),
    /// It is declared and not live.
    Gone,
    /// It is live and not declared.
    Undeclared,
    /// It cannot be adopted.
    Refused(String),
}

/// What a declaration must say instead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The state: active. What else differs shows once that is so.
    pub(super) is_active: bool,
    pub(super) organization_role: Option<OrganizationRole>,
    /// Project roles, `none` where there is none.
    pub(super) entries: BTreeMap<ProjectId, Option<ProjectRole>>,
    /// Of a team: who is in it.
    pub(super) join: BTreeSet<Email>,
    /// Of a team: who is not in it.
    pub(super) leave: BTreeSet<Email>,
}

/// Looks for what the files would have to say.
pub(super) struct Finder<'a> {
    pub(super) input: &'a AdoptInput<'a>,
    pub(super) situation: &'a Situation,
    pub(super) refused: &'a Refusals,
    pub(super) moving: Moving,
    pub(super) custom_roles: CustomRoles<'a>,
    pub(super) found: Corrections,
    pub(super) left: BTreeSet<NotAdopted>,
}
