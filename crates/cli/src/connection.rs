//! From options, environment and files to a client.

use std::num::NonZeroU32;
use std::time::Duration;

use mixaccess_api::{Client, ClientOptions, Credentials, OnWait, Timeouts, Wait, check_base_url};
use mixaccess_model::{DeclaredOrganization, OrganizationId};
use secrecy::SecretString;

use crate::args::Connection;
use crate::context::Context;
use crate::environment::Environment;
use crate::failure::Failure;

/// The only way to any other address than Mixpanel's own: a file, which a pull request can change, must
/// not choose who is sent the credentials.
pub(crate) const BASE_URL_VARIABLE: &str = "MIXPANEL_BASE_URL";
/// Must agree with the files where both name an organization.
pub(crate) const ORGANIZATION_VARIABLE: &str = "MIXPANEL_ORGANIZATION_ID";

/// The address of the service: the one of the environment, else that of the organization's region.
///
/// # Errors
/// When credentials must not be sent to the address of the environment.
pub(crate) fn base_url(
    environment: &Environment,
    organization: &DeclaredOrganization,
) -> Result<String, Failure> {
    let url = base_url_override(environment)?;
    Ok(url.unwrap_or_else(|| organization.region.base_url().to_owned()))
}

/// The address that the environment names, where it names one, as plans name it.
///
/// # Errors
/// When credentials must not be sent there.
pub(crate) fn base_url_override(environment: &Environment) -> Result<Option<String>, Failure> {
    let Some(text) = environment.get(BASE_URL_VARIABLE) else { return Ok(None) };
    let url = check_base_url(&text).map_err(|error| {
        Failure::new(format!("{BASE_URL_VARIABLE}: {error}")).hint(error.hint())
    })?;
    Ok(Some(url.to_string()))
}

/// Checks that the environment means the organization of the files.
///
/// # Errors
/// When it names another one, or no number.
pub(crate) fn check_organization(
    environment: &Environment,
    declared: OrganizationId,
) -> Result<(), Failure> {
    let Some(text) = environment.get(ORGANIZATION_VARIABLE) else { return Ok(()) };
    match text.trim().parse::<u64>() {
        Ok(number) if number == declared.0 => Ok(()),
        Ok(number) => Err(Failure::new(format!(
            "{ORGANIZATION_VARIABLE} is {number}, and the files are about organization {declared}"
        ))
        .hint("Unset the variable, or choose the files of that organization with --config or --organization.")),
        Err(_) => Err(Failure::new(format!("{ORGANIZATION_VARIABLE} is not a number"))
            .hint("Set it to the number in your organization's settings, or unset it.")),
    }
}

/// A client for the organization of the files.
///
/// # Errors
/// When credentials are missing, or the address or a certificate file cannot be used.
pub(crate) fn connect(
    context: &Context,
    organization: &DeclaredOrganization,
    connection: &Connection,
) -> Result<Client, Failure> {
    let environment = &context.environment;
    check_organization(environment, organization.id)?;
    let credentials = Credentials::from_lookup(|name| environment.get(name).map(Into::into))
        .map_err(|error| {
            let hint = error.hint();
            Failure::new(error).hint(hint)
        })?;
    let url = base_url(environment, organization)?;
    let mut options =
        ClientOptions::new(&url, organization.id, organization.api).map_err(|error| {
            let hint = error.hint();
            Failure::new(error).hint(hint)
        })?;
    let console = context.console;
    options.on_wait = Some(OnWait::new(move |Wait { request, message, duration }| {
        console
            .say(&format!("{request}: {message}; trying again in {:.1} s", duration.as_secs_f64()));
    }));
    options.concurrency = usize::from(connection.concurrency);
    options.max_wait = Duration::from_secs(connection.max_wait);
    let total = Duration::from_secs(connection.timeout);
    options.timeouts = Timeouts {
        connect: Timeouts::default().connect.min(total),
        read: Timeouts::default().read.min(total),
        total,
    };
    if options.requests_per_second.is_some() {
        options.requests_per_second = NonZeroU32::new(connection.rate);
    }
    options.scim_token = scim_token(context)?;
    options.ca_file.clone_from(&connection.ca_file);
    Client::new(options, credentials).map_err(|error| {
        let failure = Failure::new(&error);
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    })
}

/// The SCIM token, where there is one.
///
/// # Errors
/// When the variable or the file that should hold it cannot be used.
pub(crate) fn scim_token(context: &Context) -> Result<Option<SecretString>, Failure> {
    mixaccess_api::scim_token(|name| context.environment.get(name).map(Into::into)).map_err(
        |error| {
            let hint = error.hint();
            Failure::new(error).hint(hint)
        },
    )
}

/// Runs something that talks to the service.
///
/// # Errors
/// When the runtime cannot be started.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("cannot start the network: {error}")))?;
    Ok(runtime.block_on(future))
}

#[cfg(test)]
mod tests {
    use mixaccess_model::{FileIndex, Position, Region};

    use super::*;

    fn address(variable: &str, region: Region) -> Result<String, String> {
        let environment = Environment::with([(BASE_URL_VARIABLE, variable.to_owned())]);
        let organization = DeclaredOrganization {
            id: OrganizationId(1),
            name: None,
            region,
            api: None,
            identity_provider: None,
            time_zone: "UTC".to_owned(),
            position: Position { file: FileIndex(0), line: 1, column: 1 },
        };
        base_url(&environment, &organization).map_err(|failure| failure.error.to_string())
    }

    #[test]
    fn the_address_is_the_regions_unless_the_environment_says_another() {
        for (region, host) in [
            (Region::Us, "https://mixpanel.com"),
            (Region::Eu, "https://eu.mixpanel.com"),
            (Region::In, "https://in.mixpanel.com"),
        ] {
            for unset in ["", "  "] {
                assert_eq!(address(unset, region), Ok(host.to_owned()));
            }
            assert_eq!(Region::of_base_url(host), Some(region));
            // One address has one spelling, in plans and in what digests cover.
            for spelled in ["https://Proxy.example/mp", " https://proxy.example:443/mp// "] {
                let found = address(spelled, region);
                assert_eq!(found.as_deref(), Ok("https://proxy.example/mp"));
            }
        }
    }

    #[test]
    fn what_must_not_be_sent_credentials_is_refused_and_never_repeated() {
        for (text, why) in [
            ("http://mixpanel.com", "plain HTTP"),
            ("http://127.0.0.1.evil.example", "plain HTTP"),
            ("https://user:hunter22@mixpanel.com", "user name or a password"),
            ("https://hunter22@mixpanel.com", "user name or a password"),
            ("https://mixpanel.com?token=hunter22", "query or a fragment"),
            ("https://mixpanel.com#hunter22", "query or a fragment"),
            ("ftp://mixpanel.com", "scheme `ftp`"),
            ("mixpanel.com/hunter22", "not a URL"),
            ("https://", "not a URL"),
        ] {
            let told = address(text, Region::Us).unwrap_err();
            assert!(told.starts_with("MIXPANEL_BASE_URL: ") && told.contains(why), "{told}");
            assert!(!told.contains("hunter22"), "{told}");
        }
    }
}
