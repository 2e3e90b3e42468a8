//! A reviewed plan file, and the files it is held to.

use std::path::Path;

use mixaccess_model::{DesiredState, Digest, OverrideOrigin, Plan};

use crate::args::Apply as Args;
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
        && !is_expected(&plan, &expected)
    {
        return Err(Failure::refused(format!(
            "the changes of {} are not the expected ones: expected {expected}, found {} in plan {}",
            path.display(),
            plan.changes_digest,
            plan.digest
        ))
        .hint("Apply the plan file that was reviewed, or review this one."));
    }
    let given = |one: &mixaccess_model::Override| one.origin == OverrideOrigin::CommandLine;
    if plan.content.undoes.is_some() && plan.content.policy.overrides.iter().any(given) {
        return Err(Failure::refused(format!(
            "{}: an undo plan holds no overrides: they are given when it is applied",
            path.display()
        ))
        .hint("Apply the undo plan as it was written, with `--allow CODE --because TEXT` where it needs that."));
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

/// Whether a digest is that of a plan or of its changes.
pub(super) fn is_expected(plan: &Plan, expected: &Digest) -> bool {
    [plan.digest, plan.changes_digest].contains(expected)
}

/// The digest of `--expect`.
///
/// # Errors
/// When it is none.
pub(super) fn digest(text: &str) -> Result<Digest, Failure> {
    text.trim().parse().map_err(|error| {
        Failure::new(format!("--expect: {error}")).hint(
            "It is the changes digest that `mixaccess plan` prints, `changes_digest` in its JSON; or the \
             plan's own, `digest` there, with the --at of that plan.",
        )
    })
}

/// What the files say that a plan is held to: for its instant, or for now where it is an undo plan, which
/// today's files judge. That they are those it was made from is checked with everything else it says.
///
/// # Errors
/// When they cannot be read: a plan that nothing holds to anything is not applied.
pub(super) fn files_of(plan: &Plan, context: &Context) -> Result<DesiredState, Failure> {
    let loaded = context.load();
    let instant = if plan.content.undoes.is_some() { context.now } else { plan.content.instant };
    let problems = if loaded.has_errors() {
        loaded.diagnostics().to_vec()
    } else {
        match loaded.resolve(instant) {
            Ok(resolved) => return Ok(resolved.state),
            Err(problems) => problems,
        }
    };
    context.show_problems(&problems, &loaded)?;
    let failure = Failure::refused(format!(
        "the plan was refused, and nothing was changed: the files in {} cannot be read, and a plan is held to them",
        context.common.config.display()
    ));
    Err(if plan.content.undoes.is_some() {
        failure.hint("Correct the files, or name their directory with --config: an undo plan is judged by today's policy.")
    } else {
        failure.hint("Correct the files and plan again, or check out the commit that the plan was made from; --config names the directory.")
    })
}
