//! A reviewed plan file, and where it may go.

use std::path::Path;

use mixaccess_config::Loaded;
use mixaccess_model::{
    DeclaredOrganization, Digest, FileIndex, OrganizationId, OverrideOrigin, Plan, Position, Region,
};

use crate::args::Apply as Args;
use crate::connection::ORGANIZATION_VARIABLE;
use crate::context::Context;
use crate::failure::Failure;
use crate::situation::overrides;
use crate::storage;

/// Reads the plan file of an apply. With `--expect`, its changes must be the expected ones; with
/// `--allow`, an undo plan, which nobody can plan again, is given those overrides.
///
/// # Errors
/// When it cannot be read, was edited, holds other changes, or is given overrides without being an undo.
pub(super) fn read(path: &Path, args: &Args) -> Result<Plan, Failure> {
    let expected = args.expect.as_deref().map(digest).transpose()?;
    let plan = storage::read_plan(path)?;
    if let Some(expected) = expected
        && plan.changes_digest != expected
    {
        return Err(Failure::refused(format!(
            "the changes of {} are not the expected ones: expected {expected}, found {}",
            path.display(),
            plan.changes_digest
        ))
        .hint("Apply the plan file that was reviewed, or review this one."));
    }
    if args.allow.allow.is_empty() {
        return Ok(plan);
    }
    if plan.content.undoes.is_none() {
        return Err(Failure::new("--allow is given when planning, and this plan is made")
            .hint("Plan again with `--allow CODE --because TEXT`, and have that plan reviewed."));
    }
    plan.verify().map_err(|error| Failure::refused(format!("{}: {error}", path.display())))?;
    let mut content = plan.content;
    content.policy.overrides.extend(overrides(&args.allow)?);
    // What it was refused for is judged again, with these overrides, before anything is sent.
    content.guards.clear();
    Plan::seal(content, plan.made_at, plan.made_by)
        .map_err(|error| Failure::new(format!("cannot write the plan: {error}")))
}

/// The digest of `--expect`.
///
/// # Errors
/// When it is none.
pub(super) fn digest(text: &str) -> Result<Digest, Failure> {
    text.trim().parse().map_err(|error| {
        Failure::new(format!("--expect: {error}")).hint(
            "It is the changes digest that `mixaccess plan` prints, `changes_digest` in its JSON.",
        )
    })
}

/// Compares the plan with the files here. Files that changed since are a warning, because the reviewed
/// plan is what counts; files that did not change and yet say another policy mean an edited plan.
///
/// # Errors
/// When the plan's policy is not that of the very files it was made from.
pub(super) fn check_files(plan: &Plan, loaded: &Loaded, context: &Context) -> Result<(), Failure> {
    if loaded.has_errors() || plan.content.undoes.is_some() {
        return Ok(());
    }
    let Ok(resolved) = loaded.resolve(plan.content.instant) else { return Ok(()) };
    if resolved.state.files_digest != plan.content.files_digest {
        context.console.warn(
            "the files changed since this plan was made; the reviewed plan is what is applied",
        );
        return Ok(());
    }
    let mut policy = plan.content.policy.clone();
    policy.overrides.retain(|one| one.origin != OverrideOrigin::CommandLine);
    if policy == resolved.state.policy {
        return Ok(());
    }
    Err(Failure::refused("the plan carries other guard rails than the files it was made from")
        .hint("It was edited after it was made. Plan again."))
}

/// Where an apply of a plan file writes to: never what the plan says, but what the files or, without
/// files, the environment say, so that an edited plan cannot carry credentials elsewhere.
///
/// # Errors
/// When neither says it.
pub(super) fn target_organization(
    context: &Context,
    loaded: &Loaded,
) -> Result<DeclaredOrganization, Failure> {
    if let Some(organization) = loaded.organization() {
        return Ok(organization.clone());
    }
    let Some(id) = context.environment.get(ORGANIZATION_VARIABLE) else {
        return Err(Failure::new(format!(
            "no files in {}, and {ORGANIZATION_VARIABLE} is not set, so it is not known where to apply",
            context.common.config.display()
        ))
        .hint("Name the files with --config, or set MIXPANEL_ORGANIZATION_ID (and MIXPANEL_BASE_URL outside the US)."));
    };
    let id = id
        .trim()
        .parse()
        .map_err(|_| Failure::new(format!("{ORGANIZATION_VARIABLE} is not a number")))?;
    Ok(DeclaredOrganization {
        id: OrganizationId(id),
        name: None,
        region: Region::default(),
        api: None,
        identity_provider: None,
        time_zone: "UTC".to_owned(),
        position: Position { file: FileIndex(0), line: 1, column: 1 },
    })
}
