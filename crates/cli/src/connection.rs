//! From options, environment and files to a client.

use std::num::NonZeroU32;
use std::time::Duration;

use mixaccess_api::{Client, ClientOptions, Credentials, OnWait, Timeouts, Wait};
use mixaccess_model::{DeclaredOrganization, OrganizationId};
use secrecy::SecretString;

use crate::args::Connection;
use crate::context::Context;
use crate::environment::Environment;
use crate::failure::Failure;

/// Replaces the address that the files name.
pub(crate) const BASE_URL_VARIABLE: &str = "MIXPANEL_BASE_URL";
/// Must agree with the files where both name an organization.
pub(crate) const ORGANIZATION_VARIABLE: &str = "MIXPANEL_ORGANIZATION_ID";

/// The address of the service: the environment wins over the files (`design.md`, "The files").
pub(crate) fn base_url(environment: &Environment, organization: &DeclaredOrganization) -> String {
    environment
        .get(BASE_URL_VARIABLE)
        .or_else(|| organization.base_url.clone())
        .unwrap_or_else(|| organization.region.base_url().to_owned())
        .trim()
        .trim_end_matches('/')
        .to_owned()
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
    let url = base_url(environment, organization);
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
