//! Why the service refuses a request.

/// A refusal, as the service words it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("Invalid service account credentials")]
    Unauthenticated,
    #[error("Invalid SCIM token")]
    NoSuchToken,
    #[error("The organization has not claimed the domain of this user")]
    DomainNotClaimed,
    #[error("Filter not supported: {0}")]
    InvalidFilter(String),
    #[error("Path not supported: {0}")]
    InvalidPath(String),
    #[error("Unsupported media type")]
    UnsupportedMediaType,
    #[error("You don't have permission to modify this user")]
    NotPermitted,
    #[error("You cannot assign a role above your own")]
    AboveOwnRole,
    #[error("Not found")]
    NoSuchEndpoint,
    #[error("Method not allowed")]
    MethodNotAllowed,
    #[error("Organization not found")]
    NoSuchOrganization,
    #[error("Project not found")]
    NoSuchProject,
    #[error("User not found in organization")]
    NoSuchUser,
    #[error("User has no individual role in this project")]
    NoSuchGrant,
    #[error("Team not found: {0}")]
    NoTeamNamed(String),
    #[error("Team not found")]
    NoSuchTeam,
    #[error("Token not found")]
    UnknownToken,
    #[error("Custom role not found")]
    NoSuchCustomRole,
    #[error("Service account not found")]
    NoSuchAccount,
    #[error("Service account has no individual role in this project")]
    NoSuchAccountGrant,
    #[error("A service account with this username already exists")]
    AccountExists,
    #[error("Service account already has another role in this project")]
    AccountAlreadyGranted,
    #[error("A team named {0} already exists")]
    TeamExists(String),
    #[error("An organization must have at least one owner")]
    LastOwner,
    #[error("Unknown role: {0}")]
    UnknownRole(String),
    #[error("Invalid email address")]
    InvalidEmail,
    #[error("User is already a member of this organization")]
    AlreadyMember,
    #[error("User already has a role in this project")]
    AlreadyGranted,
    #[error("User has already accepted the invitation")]
    AlreadyAccepted,
    #[error("The invitation has expired")]
    InvitationExpired,
    #[error("Too many invitations to this email domain; try again later")]
    InvitationLimit { retry_after: u64 },
    #[error("Request body too large")]
    BodyTooLarge,
    #[error("{0}")]
    BadRequest(String),
    /// A string where a number is wanted (`SERVICE.md`, "Hosts and requests": "numeric ids").
    #[error("Internal server error")]
    StringId,
}

impl Refusal {
    /// The status it is answered with.
    pub(crate) const fn status(&self) -> u16 {
        match self {
            Self::Unauthenticated | Self::NoSuchToken => 401,
            Self::NotPermitted | Self::AboveOwnRole | Self::DomainNotClaimed => 403,
            Self::NoSuchEndpoint
            | Self::NoSuchOrganization
            | Self::NoSuchProject
            | Self::NoSuchUser
            | Self::NoSuchGrant
            | Self::NoTeamNamed(_)
            | Self::NoSuchTeam
            | Self::UnknownToken
            | Self::NoSuchCustomRole
            | Self::NoSuchAccount
            | Self::NoSuchAccountGrant => 404,
            Self::MethodNotAllowed => 405,
            Self::AlreadyMember
            | Self::AlreadyGranted
            | Self::TeamExists(_)
            | Self::AccountExists
            | Self::AccountAlreadyGranted => 409,
            Self::BodyTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::InvitationLimit { .. } => 429,
            Self::LastOwner
            | Self::UnknownRole(_)
            | Self::InvalidEmail
            | Self::AlreadyAccepted
            | Self::InvitationExpired
            | Self::InvalidFilter(_)
            | Self::InvalidPath(_)
            | Self::BadRequest(_) => 400,
            Self::StringId => 500,
        }
    }
}
