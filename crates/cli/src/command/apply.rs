//! `apply`: executes a reviewed plan; or plans, checks, executes; or plans, asks, executes.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mixaccess_api::capabilities;
use mixaccess_applier::journal::{JournalError, was_applied};
use mixaccess_applier::{ApplyError, ApplyOptions, Outcome, Receipt, SecretSink, Target};
use mixaccess_model::{
    DesiredState, Digest, Override, OverrideOrigin, Plan, PlanOrganization, printable,
};
use mixaccess_report::Purpose;

use super::reviewed;
use super::stop::stoppable;
use crate::args::{Apply as Args, LiveSource};
use crate::clock;
use crate::connection::{base_url, block_on, connect, scim_token};
use crate::console::Console;
use crate::context::{Context, MADE_BY};
use crate::exit::Exit;
use crate::failure::{CommandResult, Failure};
use crate::progress::StderrProgress;
use crate::receipt;
use crate::secrets::Secrets;
use crate::situation::{Situation, open_state};

pub(super) fn run(args: &Args, context: &Context) -> CommandResult {
    // Before anything is sent, not when there is a receipt that cannot be shown.
    receipt::check_format(context.common.format)?;
    if args.resume && args.plan.is_none() {
        return Err(Failure::new("--resume needs the plan file of the apply that was interrupted")
            .hint("An apply that planned by itself keeps its plan in the state directory, below plans/."));
    }
    match (&args.plan, &args.expect) {
        (Some(path), _) => saved(path, args, context),
        (None, Some(expected)) => expected_only(expected, args, context),
        (None, None) => planned_now(args, context),
    }
}

/// Executes a plan file.
fn saved(path: &Path, args: &Args, context: &Context) -> CommandResult {
    if context.common.at.is_some() {
        context.console.warn("--at has no part in applying a plan file; its own instant counts");
    }
    let plan = reviewed::read(path, args)?;
    let desired = reviewed::files_of(&plan, context)?;
    execute(&plan, desired, args, context)
}

/// Plans again and executes only what was reviewed.
fn expected_only(expected: &str, args: &Args, context: &Context) -> CommandResult {
    let expected = reviewed::digest(expected)?;
    let (situation, plan) = plan_now(args, context)?;
    if !reviewed::is_expected(&plan, &expected) && !is_done(&plan, expected, args)? {
        show(&plan, context)?;
        let PlanOrganization { id, base_url, .. } = &plan.content.organization;
        return Err(Failure::refused(format!(
            "the changes are not the reviewed ones: expected {expected}, planned {} for organization {id} at {}",
            plan.changes_digest,
            printable(base_url)
        ))
        .hint(if plan.content.is_empty() {
            "There is nothing to do: the reviewed changes were made since, though by no apply that --state-dir knows, or they were for another organization or address."
        } else {
            "Files or live state changed since the review, or it was of another organization or address. Review the plan above, then expect its digest."
        }));
    }
    if plan.content.is_refused() {
        show(&plan, context)?;
        return Ok(Exit::Refused);
    }
    execute(&plan, situation.desired, args, context)
}

/// Whether there is nothing to do because what was reviewed was applied from this state directory.
fn is_done(plan: &Plan, reviewed: Digest, args: &Args) -> Result<bool, Failure> {
    let state = &args.state.state_dir;
    let is_applied = || was_applied(state, reviewed, &plan.content.organization);
    let failed = |error: JournalError| {
        let hint = error.hint();
        Failure::new(error).hint(hint)
    };
    Ok(plan.content.is_empty() && is_applied().map_err(failed)?)
}

/// Plans, shows, asks, executes.
fn planned_now(args: &Args, context: &Context) -> CommandResult {
    let (situation, plan) = plan_now(args, context)?;
    show(&plan, context)?;
    if plan.content.is_refused() {
        return Ok(Exit::Refused);
    }
    if plan.content.is_empty() {
        return Ok(Exit::Done);
    }
    if !args.auto_approve {
        approved(&plan)?;
    }
    execute(&plan, situation.desired, args, context)
}

fn plan_now(args: &Args, context: &Context) -> Result<(Situation, Plan), Failure> {
    let situation =
        Situation::gather(context, &LiveSource { live: None }, &args.connection, &args.state)?;
    let plan = situation.plan(context, &args.allow, &args.state)?;
    Ok((situation, plan))
}

/// Shows what is about to be executed: on stdout for people, on stderr when stdout is for the receipt
/// in a machine format.
fn show(plan: &Plan, context: &Context) -> Result<(), Failure> {
    let redaction = context.redaction(plan.content.organization.id);
    let mut options = context.rendering(redaction.as_ref());
    options.purpose = Purpose::Apply;
    if context.common.format == crate::args::Format::Human {
        return context.console.result(&mixaccess_report::plan(plan, context.format(), &options)?);
    }
    options.color = context.console.color_on_stderr;
    let text = mixaccess_report::plan(plan, mixaccess_report::Format::Human, &options)?;
    Console::raw_stderr(&text);
    Ok(())
}

/// Asks whether to execute a plan.
///
/// # Errors
/// When the answer is no, or nobody can be asked.
fn approved(plan: &Plan) -> Result<(), Failure> {
    let question = question(&plan.content.organization, plan.content.changes.len());
    let otherwise = "Review a plan first (`plan --out plan.json`, then `apply plan.json`), or add --auto-approve.";
    if Console::ask(&question, otherwise)?.trim() == "yes" {
        return Ok(());
    }
    Err(Failure::new("the answer was not `yes`, so nothing was changed"))
}

/// What is asked before changes are applied: where, above all.
fn question(organization: &PlanOrganization, changes: usize) -> String {
    let PlanOrganization { id, name, base_url, api: _ } = organization;
    let what = match changes {
        1 => "this change".to_owned(),
        count => format!("these {count} changes"),
    };
    let name = printable(name.as_deref().unwrap_or("this organization"));
    let address = printable(base_url);
    format!("\nApply {what} to {name} ({id}) at {address}? Only `yes` does: ")
}

fn execute(plan: &Plan, desired: DesiredState, args: &Args, context: &Context) -> CommandResult {
    let organization = &desired.organization;
    if plan.content.instant_given {
        context.console.warn(&format!(
            "this plan was resolved for {}, not for the moment it was made ({})",
            plan.content.instant, plan.made_at
        ));
    }
    let redaction =
        context.redaction(plan.content.organization.id).map(|redaction| redaction.knowing(plan));
    for past in ways_past(plan) {
        context.console.warn(&redaction.as_ref().map_or(past.clone(), |shown| shown.text(&past)));
    }
    let client = connect(context, organization, &args.connection)?;
    let state = open_state(&args.state)?;
    // A plan that was made in this run must outlive it, to be resumed and to be proved.
    let kept = match &args.plan {
        Some(path) => path.clone(),
        None => state.keep_plan(plan).map_err(Failure::new)?,
    };
    let target = Target {
        organization: organization.id,
        base_url: base_url(&context.environment, organization)?,
        // Where the files leave it open, the one that was found when the plan was made.
        capabilities: *capabilities(organization.api.unwrap_or(plan.content.organization.api)),
        scim: scim_token(context)?.is_some(),
    };
    let mut options = ApplyOptions::new(target, Arc::new(clock::now), MADE_BY);
    options.declared = Some(Arc::new(desired));
    options.concurrency = usize::from(args.connection.concurrency);
    options.max_wait = Duration::from_secs(args.connection.max_wait);
    options.resume = args.resume;
    options.wait = args.wait;
    options.secrets =
        Secrets::from_args(&args.secrets).map(|secrets| Arc::new(secrets) as Arc<dyn SecretSink>);
    let progress = StderrProgress::new(context.console, redaction.clone(), args.wait);
    let outcome = block_on(stoppable(async |stop| {
        mixaccess_applier::apply(plan, &client, &state, &options, &progress, stop).await
    }))?;
    progress.finish();
    let receipt = outcome.map_err(failed)?;
    let text = receipt::render(
        &receipt,
        context.common.format,
        redaction.as_ref(),
        context.console.width,
    )?;
    context.console.result(&text)?;
    // Of a file, which may be anybody's, a copy is kept once it was found to be what it says.
    if args.plan.is_some()
        && let Err(error) = state.keep_plan(plan)
    {
        context.console.warn(&format!("no copy of the plan is kept: {error}"));
    }
    if receipt.exit_code() == Exit::Incomplete.code() {
        context.console.say(&next_step(&receipt, &kept.display().to_string()));
        return Ok(Exit::Incomplete);
    }
    Ok(Exit::Done)
}

/// The guard rails that a plan was given leave to pass when it was made, which no file says.
fn ways_past(plan: &Plan) -> Vec<String> {
    let given = plan.content.policy.overrides.iter();
    let given = given.filter(|one| one.origin == OverrideOrigin::CommandLine);
    given
        .map(|Override { guard, maximum, reason, .. }| {
            let most = maximum.map_or_else(String::new, |most| format!(" up to {most}"));
            format!("this plan goes past guard rail {guard}{most}: {}", printable(reason))
        })
        .collect()
}

fn failed(error: ApplyError) -> Failure {
    match error {
        ApplyError::Refused(refusals) => {
            let mut failure = Failure::refused(format!(
                "the plan was refused, and nothing was changed:{}",
                refusals.iter().map(|one| format!("\n  - {one}")).collect::<String>()
            ));
            for refusal in &refusals {
                let hint = refusal.hint();
                if !failure.hints.contains(&hint) {
                    failure.hints.push(hint);
                }
            }
            failure
        }
        other => {
            let hint = other.hint();
            let failure = Failure::new(other);
            match hint {
                Some(hint) => failure.hint(hint),
                None => failure,
            }
        }
    }
}

fn next_step(receipt: &Receipt, plan: &str) -> String {
    // What moved, or is otherwise than any change wants it, stays so however often one goes on: only a new
    // plan sees that.
    let is_open = |outcome: &Outcome| {
        matches!(
            outcome,
            Outcome::Failed { .. }
                | Outcome::Unknown { .. }
                | Outcome::Deferred { .. }
                | Outcome::NotTried
        )
    };
    match &receipt.journal {
        Some(_) if receipt.may_lack_secrets() => format!(
            "Go on with `mixaccess apply {plan} --resume`: a new plan would take a service account for done whose secret nobody may have."
        ),
        Some(_)
            if receipt.count(is_open) > 0 || receipt.changes.iter().any(|one| one.contradicted) =>
        {
            format!("Go on with `mixaccess apply {plan} --resume`, or plan again.")
        }
        _ => "Plan again to see what is left.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use mixaccess_applier::{
        ApplyStatus, ChangeReport, Mismatch, RequestCounts, UndoReport, Verification,
    };
    use mixaccess_model::{ChangeId, Dialect, Email, OrganizationId, Subject};

    use super::*;

    #[test]
    fn the_question_says_where() {
        let mut organization = PlanOrganization {
            id: OrganizationId(12345),
            name: Some("Acme\u{202e} Corp".to_owned()),
            base_url: "https://eu.mixpanel.com".to_owned(),
            api: Dialect::Members,
        };
        assert_eq!(
            question(&organization, 3),
            "\nApply these 3 changes to Acme\\u{202e} Corp (12345) at https://eu.mixpanel.com? \
             Only `yes` does: "
        );
        organization.name = None;
        assert!(
            question(&organization, 1)
                .contains("this change to this organization (12345) at https://eu.mixpanel.com?")
        );
    }

    #[test]
    fn going_on_is_advised_where_it_can_help() {
        let digest = Digest::of_bytes(b"plan");
        let ann = || Subject::Person { email: Email::new("ann@acme.example"), user: None };
        let change = |outcome, contradicted| ChangeReport {
            change: ChangeId("1".into()),
            subject: ann(),
            project: None,
            action: "revoke",
            outcome,
            in_earlier_run: true,
            contradicted,
        };
        let advice = |outcome, contradicted| {
            let receipt = Receipt {
                format_version: 0,
                status: ApplyStatus::Incomplete,
                plan: digest,
                changes_digest: digest,
                organization: OrganizationId(12345),
                base_url: "https://mixpanel.com".to_owned(),
                started_at: jiff::Timestamp::UNIX_EPOCH,
                finished_at: jiff::Timestamp::UNIX_EPOCH,
                resumed: true,
                cancelled: false,
                changes: vec![change(outcome, contradicted)],
                invitations_left: None,
                verification: Verification::Mismatches {
                    mismatches: vec![Mismatch {
                        subject: ann(),
                        project: None,
                        expected: "member".to_owned(),
                        found: "owner".to_owned(),
                    }],
                },
                journal: Some("journal".into()),
                journal_error: None,
                undo: UndoReport::default(),
                overrides: Vec::new(),
                notes: Vec::new(),
                requests: RequestCounts::default(),
            };
            next_step(&receipt, "plan.json")
        };
        assert!(advice(Outcome::NotTried, false).contains("--resume"));
        assert!(advice(Outcome::AlreadySo, true).contains("--resume"));
        assert_eq!(advice(Outcome::AlreadySo, false), "Plan again to see what is left.");
    }
}
