//! Files and live state side by side, and the plan between them.

use mixaccess_api::{Client, INCOMPLETE, UNREADABLE, capabilities, read_live};
use mixaccess_applier::journal::unsettled_creations;
use mixaccess_applier::{StateDirectory, was_listed};
use mixaccess_model::{
    DeclaredOrganization, DesiredState, GuardCode, LiveState, Override, OverrideOrigin, Plan,
    PlanContent, ProjectId, printable,
};
use mixaccess_planner::{PlanningInput, plan, secret_unsettled, what_to_read};

use crate::args::{Allow, Connection, LiveSource, StateDir};
use crate::connection::{base_url, block_on, check_organization, connect};
use crate::context::{Context, MADE_BY};
use crate::failure::Failure;
use crate::storage;

/// Opens the directory for what a run leaves behind.
///
/// # Errors
/// When it cannot be made, written to or kept from others.
pub(crate) fn open_state(state: &StateDir) -> Result<StateDirectory, Failure> {
    StateDirectory::open(&state.state_dir).map_err(|error| {
        Failure::new(error)
            .hint("Name a directory of your own that you can write to with --state-dir.")
    })
}

/// Files and live state of one run, each read once.
#[derive(Debug)]
pub(crate) struct Situation {
    /// What they say for the instant of this run.
    pub(crate) desired: DesiredState,
    /// What is live.
    pub(crate) live: LiveState,
    /// The address of the service.
    pub(crate) base_url: String,
}

impl Situation {
    /// Reads files and live state: from `--live`, or from the service.
    ///
    /// # Errors
    /// When either cannot be read, or they are about different organizations.
    pub(crate) fn gather(
        context: &Context,
        source: &LiveSource,
        connection: &Connection,
        state: &StateDir,
    ) -> Result<Self, Failure> {
        let files = || context.desired().map(|(_, desired)| desired);
        let (desired, live) = match &source.live {
            Some(path) => {
                // Both are long for a large organization, and neither needs the other.
                let (desired, live) = rayon::join(files, || storage::read_live(path));
                let desired = desired?;
                check_organization(&context.environment, desired.organization.id)?;
                let live = live?;
                check_same_organization(&desired.organization, &live)?;
                (desired, live)
            }
            None => {
                let desired = files()?;
                let client = connect(context, &desired.organization, connection)?;
                let live = block_on(read_for(context, &client, &desired, connection))??;
                (desired, live)
            }
        };
        check_whole(&live, state)?;
        let base_url = base_url(&context.environment, &desired.organization)?;
        Ok(Self { desired, live, base_url })
    }

    /// Plans and seals, with what the journals of this machine say of live service accounts.
    ///
    /// # Errors
    /// When an override is not understood.
    pub(crate) fn plan(
        &self,
        context: &Context,
        allow: &Allow,
        state: &StateDir,
    ) -> Result<Plan, Failure> {
        let allow = overrides(allow)?;
        let mut plan = plan_between(context, &self.desired, &self.live, &self.base_url, &allow)?;
        for given in allow.iter().filter(|one| !plan.content.policy.overrides.contains(one)) {
            let Override { guard, .. } = given;
            context.console.warn(&format!("--allow {guard} lets nothing pass, and is left out"));
        }
        let unsettled = unsettled_creations(&state.state_dir, &self.live);
        let unsettled = unsettled.unwrap_or_else(|error| {
            context.console.warn(&error.to_string());
            Vec::new()
        });
        if unsettled.is_empty() {
            return Ok(plan);
        }
        let findings = unsettled
            .iter()
            .map(|one| secret_unsettled(&self.desired, &one.username, &one.journal));
        plan.content.findings.extend(findings);
        plan.content.findings.sort();
        sealed(context, plan.content)
    }
}

/// Plans between files and live state, and seals the plan.
///
/// # Errors
/// When the plan cannot be written as JSON, which no valid state causes.
pub(crate) fn plan_between(
    context: &Context,
    desired: &DesiredState,
    live: &LiveState,
    base_url: &str,
    allow: &[Override],
) -> Result<Plan, Failure> {
    let content = plan(&PlanningInput {
        desired,
        live,
        capabilities: capabilities(live.dialect),
        base_url,
        instant_given: context.common.at.is_some(),
        allow,
    });
    sealed(context, content.map_err(unwritable)?)
}

fn sealed(context: &Context, content: PlanContent) -> Result<Plan, Failure> {
    Plan::seal(content, context.now, MADE_BY.to_owned()).map_err(unwritable)
}

fn unwritable(error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("cannot write the plan: {error}"))
}

/// Reads the live state that a plan for these files needs.
///
/// # Errors
/// When the service refuses or cannot be reached.
pub(crate) async fn read_for(
    context: &Context,
    client: &Client,
    desired: &DesiredState,
    connection: &Connection,
) -> Result<LiveState, Failure> {
    let declared: Vec<ProjectId> = desired.projects.iter().map(|project| project.id).collect();
    let dialect = client.find_dialect().await?.dialect;
    let live = read_live(
        client,
        desired.organization.id,
        dialect,
        &declared,
        |members| what_to_read(desired, members, context.now),
        usize::from(connection.concurrency),
        context.now,
    )
    .await?;
    Ok(live)
}

/// Checks that the members can be everybody. The plans in `state` say whether the identity we run as was
/// once among them.
///
/// # Errors
/// When they cannot.
pub(crate) fn check_whole(live: &LiveState, state: &StateDir) -> Result<(), Failure> {
    match live.incomplete(was_listed(&state.state_dir, live)) {
        None => Ok(()),
        Some(problem) => Err(Failure::new(format!(
            "members of organization {}: {UNREADABLE}: {problem}",
            live.organization
        ))
        .hint(INCOMPLETE)),
    }
}

/// How many rows that could not be read are named one by one.
const NAMED_ROWS: usize = 10;

/// Says which rows could not be read: what they would have told is in no file that is written.
pub(crate) fn warn_of_unread_rows(context: &Context, live: &LiveState) {
    for row in live.unread_rows.iter().take(NAMED_ROWS) {
        let list = row.list.as_str();
        let of = row.project.map(|id| format!(" of project {id}")).unwrap_or_default();
        let about = row.subject.as_ref().map(|one| format!(" about {one}")).unwrap_or_default();
        let why = printable(&row.why);
        context
            .console
            .warn(&format!("a row{about} of the {list}{of} could not be read: it {why}"));
    }
    let more = live.unread_rows.len().saturating_sub(NAMED_ROWS);
    if more > 0 {
        context.console.warn(&format!("{more} more rows could not be read"));
    }
}

/// Checks that live state and files are about one organization.
///
/// # Errors
/// When they are not.
pub(crate) fn check_same_organization(
    declared: &DeclaredOrganization,
    live: &LiveState,
) -> Result<(), Failure> {
    if declared.id == live.organization {
        return Ok(());
    }
    Err(Failure::new(format!(
        "the live state is of organization {}, and the files are about organization {}",
        live.organization, declared.id
    ))
    .hint("Take the snapshot with the files of the same organization."))
}

/// The overrides of `--allow CODE[=N] --because TEXT`.
///
/// # Errors
/// When a code is unknown, a number is none, or no reason is given.
pub(crate) fn overrides(allow: &Allow) -> Result<Vec<Override>, Failure> {
    let because = allow.because.as_deref().map(str::trim).unwrap_or_default();
    if !allow.allow.is_empty() && because.is_empty() {
        return Err(Failure::new("--allow needs a reason")
            .hint("Say why with --because TEXT; it is written into the plan and the journal."));
    }
    allow.allow.iter().map(|one| parse_override(one, because)).collect()
}

fn parse_override(text: &str, because: &str) -> Result<Override, Failure> {
    let (code, maximum) = match text.split_once('=') {
        Some((code, number)) => (code, Some(number)),
        None => (text, None),
    };
    let Some(guard) = GuardCode::parse(code.trim()) else {
        let known: Vec<&str> = GuardCode::ALL.iter().map(|code| code.as_str()).collect();
        return Err(Failure::new(format!("--allow: there is no guard rail `{code}`"))
            .hint(format!("The guard rails are {}.", known.join(", "))));
    };
    let maximum = match maximum {
        None => None,
        Some(_) if !guard.takes_maximum() => {
            return Err(Failure::new(format!(
                "--allow: {guard} counts nothing, so it takes no number"
            )));
        }
        Some(number) => Some(number.trim().parse::<u32>().map_err(|_| {
            Failure::new(format!("--allow: `{number}` is not a number of {guard}"))
        })?),
    };
    Ok(Override {
        guard,
        maximum,
        until: None,
        reason: because.to_owned(),
        ticket: None,
        origin: OverrideOrigin::CommandLine,
    })
}
