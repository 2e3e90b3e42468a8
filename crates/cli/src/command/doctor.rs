//! `doctor`: credentials, privileges, endpoints, clock, files: each with the remedy.

use jiff::{SignedDuration, Timestamp};
use mixaccess_api::{
    AccessRead as _, Answered, ApiError, Client, Credentials, EndpointProbe, FoundDialect, OddRow,
    Probe, ScimFeatures,
};
use mixaccess_applier::StateDirectory;
use mixaccess_model::{
    Actor, DeclaredOrganization, Dialect, LIVE_FORMAT_VERSION, LiveState, OrganizationId,
    OrganizationRole, ProjectId, Severity, printable,
};
use mixaccess_report::{Check, Status};

use crate::args::Doctor as Args;
use crate::connection::{base_url, block_on, check_organization, connect, scim_token};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{CommandResult, Failure};
use crate::situation::check_whole;
use crate::wording::counted;

/// How far the clocks may be apart before a plan's age cannot be trusted.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(2);

/// What to do where a list is of use without some of its rows.
const UNREAD_ROWS: &str = "Plans go on, and give nothing to whom such a row is about or may be about: look at \
                           it in Mixpanel. If it is as it should be, ask for a release of mixaccess that can \
                           read it.";

pub(super) fn run(args: &Args, context: &Context) -> CommandResult {
    let mut checks = Vec::new();
    let loaded = context.load();
    checks.push(files(context, &loaded));
    checks.push(credentials(context));
    match loaded.organization() {
        Some(organization) => {
            checks.push(organization_id(context, organization));
            service(args, context, &loaded, organization, &mut checks)?;
        }
        None => checks.push(skipped("service", "it is not known which organization to ask")),
    }
    checks.push(state_directory(args));
    let redaction = context.redaction_for(&loaded);
    let options = context.rendering(redaction.as_ref());
    context.console.result(&mixaccess_report::checks(&checks, context.format(), &options)?)?;
    let failed = checks.iter().any(|check| check.status == Status::Fail);
    Ok(if failed { Exit::Error } else { Exit::Done })
}

fn check(name: &str, status: Status, message: impl Into<String>) -> Check {
    Check { name: name.to_owned(), status, message: message.into(), remedy: None }
}

fn skipped(name: &str, message: &str) -> Check {
    check(name, Status::Skipped, message)
}

fn failed(name: &str, failure: &Failure) -> Check {
    let remedy = (!failure.hints.is_empty()).then(|| failure.hints.join(" "));
    Check { remedy, ..check(name, Status::Fail, failure.error.to_string()) }
}

fn files(context: &Context, loaded: &mixaccess_config::Loaded) -> Check {
    let path = context.common.config.display();
    let count = |diagnostics: &[mixaccess_config::Diagnostic]| {
        diagnostics.iter().filter(|one| one.severity() == Severity::Error).count()
    };
    let mut errors = count(loaded.diagnostics());
    let mut warnings = loaded.diagnostics().len() - errors;
    let mut people = 0;
    if errors == 0 {
        match loaded.resolve(context.now) {
            Ok(resolved) => {
                warnings += resolved.diagnostics.len();
                people = resolved.state.collaborators.len();
            }
            Err(diagnostics) => errors = count(&diagnostics),
        }
    }
    let remedy = Some("Run `mixaccess validate` to see each with its place.".to_owned());
    match (errors, warnings) {
        (0, 0) => {
            check("files", Status::Pass, format!("{path}: {}", counted(people, "collaborator")))
        }
        (0, _) => Check {
            remedy,
            ..check(
                "files",
                Status::Warn,
                format!(
                    "{path}: {}, {}",
                    counted(people, "collaborator"),
                    counted(warnings, "remark")
                ),
            )
        },
        _ => Check {
            remedy,
            ..check("files", Status::Fail, format!("{path}: {}", counted(errors, "error")))
        },
    }
}

fn credentials(context: &Context) -> Check {
    match Credentials::from_lookup(|name| context.environment.get(name).map(Into::into)) {
        Ok(credentials) => check(
            "credentials",
            Status::Pass,
            format!("set, for service account {}", printable(credentials.username())),
        ),
        Err(error) => Check {
            remedy: Some(error.hint().to_owned()),
            ..check("credentials", Status::Fail, error.to_string())
        },
    }
}

fn organization_id(context: &Context, organization: &DeclaredOrganization) -> Check {
    let environment = &context.environment;
    let address = check_organization(environment, organization.id)
        .and_then(|()| base_url(environment, organization));
    match address {
        Ok(url) => check("organization", Status::Pass, format!("{} at {url}", organization.id)),
        Err(failure) => self::failed("organization", &failure),
    }
}

/// Everything that needs an answer.
fn service(
    args: &Args,
    context: &Context,
    loaded: &mixaccess_config::Loaded,
    organization: &DeclaredOrganization,
    checks: &mut Vec<Check>,
) -> Result<(), Failure> {
    let client = match connect(context, organization, &args.connection) {
        Ok(client) => client,
        Err(failure) => {
            let credentials_failed = checks
                .iter()
                .any(|check| check.name == "credentials" && check.status == Status::Fail);
            checks.push(if credentials_failed {
                skipped("service", "it cannot be asked without credentials")
            } else {
                self::failed("service", &failure)
            });
            return Ok(());
        }
    };
    let project = loaded
        .resolve(context.now)
        .ok()
        .and_then(|resolved| resolved.state.projects.first().map(|project| project.id));
    let Answers { probe, actor, dialect, live } =
        block_on(ask(&client, organization.id, project, context.now))?;
    let used = dialect.as_ref().ok().map(|found| found.dialect);
    checks.extend(probe.endpoints.iter().map(|one| endpoint(one, used)));
    checks.push(self::dialect(dialect, &probe));
    if organization.identity_provider.is_some() || probe.scim.is_some() {
        checks.push(scim(context, probe.scim));
    }
    // A failure is told by the endpoint itself.
    if let Ok(actor) = actor {
        checks.push(privilege(&actor));
    }
    if let Some(live) = live {
        checks.push(members(&live, args));
    }
    checks.push(clock(probe.service_time, context.now));
    Ok(())
}

/// What the service answers.
struct Answers {
    probe: Probe,
    actor: Result<Actor, ApiError>,
    dialect: Result<FoundDialect, ApiError>,
    /// The members and service accounts; nothing where they, or who we are, could not be read.
    live: Option<LiveState>,
}

async fn ask(
    client: &Client,
    organization: OrganizationId,
    project: Option<ProjectId>,
    taken_at: Timestamp,
) -> Answers {
    let probe = client.probe(project).await;
    let actor = client.me().await;
    let dialect = client.find_dialect().await;
    let mut live = None;
    if let (Ok(actor), Ok(FoundDialect { dialect, .. })) = (&actor, &dialect)
        && let Ok(roster) = client.roster().await
    {
        live = Some(LiveState {
            format_version: LIVE_FORMAT_VERSION,
            organization,
            organization_name: client.organization_name(),
            dialect: *dialect,
            taken_at,
            actor: actor.clone(),
            projects: Vec::new(),
            members: roster.members,
            teams: None,
            service_accounts: client.service_accounts().await.ok().flatten().map(|all| all.rows),
            identity_provider: None,
            unread: Vec::new(),
            unread_rows: Vec::new(),
        });
    }
    Answers { probe, actor, dialect, live }
}

/// Whether the members can be everybody, as whoever plans asks it.
fn members(live: &LiveState, args: &Args) -> Check {
    match check_whole(live, &args.state) {
        Ok(()) => check("members", Status::Pass, counted(live.members.len(), "member")),
        Err(failure) => failed("members", &failure),
    }
}

/// Which endpoints the organization is managed through, and who decided it.
fn dialect(found: Result<FoundDialect, ApiError>, probe: &Probe) -> Check {
    let answers = |dialect| {
        let mut own = probe.endpoints.iter().filter(|one| one.dialect == Some(dialect));
        own.any(|one| one.outcome.is_ok())
    };
    match found {
        Ok(found) if !answers(found.dialect) => Check {
            remedy: Some(
                "Set `organization.api` to the dialect that answers, or to `auto`.".to_owned(),
            ),
            ..check(
                "dialect",
                Status::Warn,
                format!("{}: {}, and it does not answer", found.dialect, found.because),
            )
        },
        Ok(found) => {
            check("dialect", Status::Pass, format!("{}: {}", found.dialect, found.because))
        }
        Err(error) => Check {
            remedy: Some("Set `organization.api` to `members` or `app` in the files.".to_owned()),
            ..check("dialect", Status::Warn, format!("it could not be found out: {error}"))
        },
    }
}

/// What SCIM can do, where somebody asks for it.
fn scim(context: &Context, features: Option<ScimFeatures>) -> Check {
    let Some(features) = features else {
        let token = matches!(scim_token(context), Ok(Some(_)));
        let (message, remedy) = if token {
            (
                "the service does not answer it with this token",
                "Make a token in Organization Settings, under SCIM; it needs an Enterprise plan.",
            )
        } else {
            (
                "no token: what the identity provider says of people is not read",
                "Set MIXPANEL_SCIM_TOKEN to let plans read users and groups.",
            )
        };
        return Check {
            remedy: Some(remedy.to_owned()),
            ..check("scim", if token { Status::Warn } else { Status::Skipped }, message)
        };
    };
    let word = |able: bool| if able { "yes" } else { "no" };
    let message = format!(
        "ServiceProviderConfig: patch {}, filter {}, bulk {}",
        word(features.patch),
        word(features.filter),
        word(features.bulk)
    );
    check("scim", Status::Pass, message)
}

/// That rows of a list could not be read, with the problem of the first.
fn unread(answered: &Answered, first: &OddRow) -> String {
    let count = answered.unread.len();
    let rows = counted(count, "row");
    let which = if count == 1 { "it" } else { "the first" };
    let about = first.name.as_deref().map(|name| format!(", about {},", printable(name)));
    format!(
        "{rows} could not be read: {which}{} {}",
        about.unwrap_or_default(),
        printable(&first.why)
    )
}

/// What one endpoint answers. The dialect `app` reads people without the endpoints of `members`, and
/// writes through those what it has no verb for.
fn endpoint(probe: &EndpointProbe, used: Option<Dialect>) -> Check {
    let name = "endpoint".to_owned();
    let purpose = probe.purpose;
    match &probe.outcome {
        Ok(answered) => {
            let message = format!("{purpose}: {} answers {}", probe.request, answered.status);
            match answered.unread.first() {
                None => check(&name, Status::Pass, message),
                Some(first) => Check {
                    remedy: Some(UNREAD_ROWS.to_owned()),
                    ..check(
                        &name,
                        Status::Warn,
                        format!("{message}, and {}", unread(answered, first)),
                    )
                },
            }
        }
        Err(error) => {
            let is_other = probe.dialect.is_some() && used.is_some() && probe.dialect != used;
            // No command goes on with half an answer that it reads; `app` reads projects by `members` too.
            let stops = error.is_unreadable() && (!is_other || probe.is_of_project);
            let is_spared = probe.is_optional || is_other;
            let status = if is_spared && !stops { Status::Warn } else { Status::Fail };
            let remedy = match (&error.hint, probe.is_inferred) {
                (Some(hint), _) => Some(hint.clone()),
                (None, true) => Some(
                    "No published document names this endpoint; this organization may not have it."
                        .to_owned(),
                ),
                (None, false) => None,
            };
            Check { remedy, ..check(&name, status, format!("{purpose}: {error}")) }
        }
    }
}

fn privilege(actor: &Actor) -> Check {
    let who =
        actor.email.as_ref().map_or_else(|| "the credentials".to_owned(), ToString::to_string);
    match actor.organization_role {
        Some(role) if role >= OrganizationRole::Admin => {
            check("privilege", Status::Pass, format!("{who} is organization {role}"))
        }
        Some(role) => Check {
            remedy: Some(
                "Reading works. To apply, use a service account that is organization admin or owner."
                    .to_owned(),
            ),
            ..check("privilege", Status::Warn, format!("{who} is organization {role}"))
        },
        None => Check {
            remedy: Some(
                "Plans cannot foresee what the service will refuse. Check the role in Organization Settings."
                    .to_owned(),
            ),
            ..check("privilege", Status::Warn, format!("the service did not say which role {who} has"))
        },
    }
}

fn clock(service: Option<Timestamp>, now: Timestamp) -> Check {
    let Some(service) = service else {
        return skipped("clock", "no answer said what time it is");
    };
    let apart = now.duration_since(service).abs();
    if apart <= CLOCK_SKEW {
        return check(
            "clock",
            Status::Pass,
            format!("{} seconds from the service's", apart.as_secs()),
        );
    }
    Check {
        remedy: Some(
            "Set this machine's clock; plan age, `from` and `until` depend on it.".to_owned(),
        ),
        ..check("clock", Status::Warn, format!("{} seconds from the service's", apart.as_secs()))
    }
}

fn state_directory(args: &Args) -> Check {
    let path = args.state.state_dir.display();
    match StateDirectory::open(&args.state.state_dir) {
        Ok(_) => check("state directory", Status::Pass, format!("{path} can be written")),
        Err(error) => Check {
            remedy: Some("Name a directory you can write to with --state-dir.".to_owned()),
            ..check("state directory", Status::Fail, error.to_string())
        },
    }
}
