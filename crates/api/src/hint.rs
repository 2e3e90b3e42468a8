//! What to do about a failed request.

use crate::request::Endpoint;

/// What to do about an answer with this status, where more can be said than the service did.
pub(crate) fn for_status(endpoint: Endpoint, status: u16) -> Option<&'static str> {
    match status {
        401 | 403 if endpoint.is_scim() => Some(
            "Check MIXPANEL_SCIM_TOKEN (or MIXPANEL_SCIM_TOKEN_FILE): the token is made under \
             Organization Settings, Access Security, SCIM, and reaches only claimed e-mail domains.",
        ),
        404 | 405 | 501 if endpoint.is_scim() => Some(
            "The organization does not answer SCIM here, or what was asked for is gone: SCIM needs \
             the Enterprise plan. Run `mixaccess doctor`.",
        ),
        412 => Some("Somebody changed this in the meantime: plan again."),
        401 => Some(
            "Check MIXPANEL_SERVICE_ACCOUNT and MIXPANEL_SERVICE_ACCOUNT_SECRET (or \
             MIXPANEL_SERVICE_ACCOUNT_SECRET_FILE), and that the organization is in the region of \
             the base URL.",
        ),
        403 => Some(
            "The service account needs to be an admin or owner of the organization, and nobody \
             changes people who are not below them: ask an organization owner, or use a service \
             account with more power.",
        ),
        404 | 405 => for_missing(endpoint, status),
        429 if matches!(
            endpoint,
            Endpoint::Invite | Endpoint::Grant | Endpoint::GrantMany | Endpoint::ResendInvitation
        ) =>
        {
            Some(
                "Mixpanel sends about 10 invitations an hour to each e-mail domain: run again later to \
             send the rest.",
            )
        }
        429 => Some(
            "The service asks for fewer requests: run again later, or allow longer waits with \
             --max-wait.",
        ),
        400 | 409 if matches!(endpoint, Endpoint::RemoveMember | Endpoint::SetOrganizationRole) => {
            Some("An organization keeps at least one owner; plan again to see what it is like now.")
        }
        400 | 409 if endpoint == Endpoint::MakeOwner => Some(
            "The service refuses to make this person owner: an owner can try it at Mixpanel, \
             Organization Settings, Users & Teams; then plan again.",
        ),
        409 if endpoint == Endpoint::CreateServiceAccount => Some(
            "A service account of that name exists already: plan again, or choose another name.",
        ),
        409 => Some("Somebody changed this in the meantime: plan again."),
        408 | 500..=599 => Some("The service is in trouble: run again later."),
        _ => None,
    }
}

fn for_missing(endpoint: Endpoint, status: u16) -> Option<&'static str> {
    match endpoint {
        Endpoint::SetOrganizationRole | Endpoint::MakeOwner | Endpoint::SetProjectRole
            if status == 404 =>
        {
            Some(
                "The person probably has not accepted the invitation yet, or was removed: plan again.",
            )
        }
        Endpoint::Revoke if status == 404 => {
            Some("The person or the grant is probably gone already: plan again.")
        }
        Endpoint::WriteTeam if status == 404 => Some(
            "The team or the person is probably gone, or the organization does not answer this \
             endpoint: plan again, or run `mixaccess doctor`.",
        ),
        Endpoint::DeleteServiceAccount | Endpoint::ServiceAccountRole if status == 404 => {
            Some("The service account or the project is probably gone already: plan again.")
        }
        Endpoint::Grant | Endpoint::GrantMany if status == 404 => {
            Some("The project is probably gone: check its id, and plan again.")
        }
        Endpoint::ProjectMembers => Some(
            "Either the project is gone or out of the service account's reach, or the organization \
             does not answer this endpoint: run `mixaccess doctor`.",
        ),
        Endpoint::Me | Endpoint::AuditLog => None,
        Endpoint::Members => Some(
            "Check the organization id and the region: the service does not know this organization. \
             Run `mixaccess doctor`.",
        ),
        _ if endpoint.is_inferred() || status == 405 => {
            Some("The organization does not answer this endpoint: run `mixaccess doctor`.")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_to_do() {
        for (endpoint, status, expected) in [
            (Endpoint::Members, 401, "MIXPANEL_SERVICE_ACCOUNT_SECRET"),
            (Endpoint::SetOrganizationRole, 403, "admin or owner of the organization"),
            (Endpoint::SetOrganizationRole, 404, "not accepted the invitation"),
            (Endpoint::MakeOwner, 404, "not accepted the invitation"),
            (Endpoint::MakeOwner, 403, "admin or owner of the organization"),
            (Endpoint::MakeOwner, 400, "refuses to make this person owner"),
            (Endpoint::MakeOwner, 409, "refuses to make this person owner"),
            (Endpoint::SetOrganizationRole, 400, "at least one owner"),
            (Endpoint::SetProjectRole, 404, "not accepted the invitation"),
            (Endpoint::Grant, 429, "10 invitations an hour"),
            (Endpoint::Invite, 429, "10 invitations an hour"),
            (Endpoint::ResendInvitation, 429, "10 invitations an hour"),
            (Endpoint::ResendInvitation, 404, "doctor"),
            (Endpoint::Members, 429, "--max-wait"),
            (Endpoint::ProjectMembers, 404, "doctor"),
            (Endpoint::Projects, 405, "doctor"),
            (Endpoint::Invite, 404, "doctor"),
            (Endpoint::RemoveMember, 404, "doctor"),
            (Endpoint::RemoveMember, 409, "at least one owner"),
        ] {
            let hint = for_status(endpoint, status).unwrap();
            assert!(hint.contains(expected), "{endpoint:?} {status}: {hint}");
            assert!(hint.ends_with('.'), "{hint}");
        }
        assert_eq!(for_status(Endpoint::Grant, 400), None);
    }
}
