//! Which parts of live state a run needs, beyond members and the declared projects.

/// What to read: nothing that no declaration and no change asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// The members of undeclared projects as well.
    pub undeclared_projects: bool,
    /// The teams. One request.
    pub teams: bool,
    /// The service accounts.
    pub service_accounts: ServiceAccountReads,
    /// What SCIM says of people and groups, and its log.
    pub identity_provider: bool,
}

/// What to read of service accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServiceAccountReads {
    /// Nothing.
    #[default]
    Nothing,
    /// Who they are and who made them. One request.
    Names,
    /// Their roles as well. One more request for each project whose members are read.
    Roles,
}

impl Reads {
    /// Everything that can be read.
    pub const EVERYTHING: Self = Self {
        undeclared_projects: true,
        teams: true,
        service_accounts: ServiceAccountReads::Roles,
        identity_provider: true,
    };
}
