//! `tokens rotate`: a new value for a token, handed to one place. What is asked stands on the disk
//! before it is sent, and nothing that stops the process loses the value.

use std::path::{Path, PathBuf};

use mixaccess_api::{AccessRead as _, ApiError, Client, ErrorKind, ProjectToken, RotatedToken};
use mixaccess_applier::{
    ApplyError, Awaited, CancelToken, Rotated, Rotation, RotationOutcome, RotationRecord,
};
use mixaccess_model::{Actor, DeclaredProject, DesiredState, Email, ProjectRef, printable};
use mixaccess_planner::refused_rotation;
use secrecy::{ExposeSecret as _, SecretString};

use super::{declared, tokens_of};
use crate::args::{Format, TokensRotate as Args};
use crate::clock;
use crate::command::stop::stoppable;
use crate::connection::{base_url, block_on, connect};
use crate::console::Console;
use crate::context::{Context, MADE_BY};
use crate::exit::Exit;
use crate::failure::{CommandResult, Failure};
use crate::secrets::{self, Secrets};
use crate::situation::open_state;

pub(super) fn run(args: &Args, context: &Context) -> CommandResult {
    if context.common.format != Format::Human {
        return Err(Failure::new("a rotation has no machine format").hint("Leave --format out."));
    }
    let Some(secrets) = Secrets::from_args(&args.secrets) else {
        return Err(Failure::new("it is not said where the new value goes, so nothing was rotated")
            .hint("Name a new file with --secret-file, or a command such as `vault kv put …` with --secret-command."));
    };
    let (_, desired) = context.desired()?;
    let project = declared(&desired, &args.project)?;
    let client = connect(context, &desired.organization, &args.connection)?;
    let actor = block_on(client.me())??;
    may_rotate(&desired, &actor, project)?;
    let tokens = block_on(tokens_of(&client, project))??;
    let token = tokens.iter().find(|token| token.id == args.token).ok_or_else(|| {
        Failure::new(format!("project {} has no token {}", project.key, printable(&args.token)))
            .hint(format!("Run `mixaccess tokens list --project {}` to see them.", project.key))
    })?;
    let name = token.name.as_deref().unwrap_or(&token.id);
    let rescue =
        args.state.state_dir.join(format!("token-{}-{}.secret", project.key, safe(&token.id)));
    let place = Place { secrets: &secrets, name, rescue };
    place.check()?;
    confirmed(args, project, token, name)?;
    let rotated = Rotated {
        organization: desired.organization.id,
        base_url: base_url(&context.environment, &desired.organization)?,
        project: project.key.to_string(),
        project_id: project.id,
        token: token.id.clone(),
        name: name.to_owned(),
    };
    let state = open_state(&args.state)?;
    // Asking may have taken a while.
    place.check()?;
    place.check_rescue()?;
    block_on(stoppable(async |stop| {
        let begun = Rotation::begin(&state, rotated, MADE_BY, clock::now())
            .map_err(|error| not_begun(&error))?;
        let record = Record { rotation: begun, context };
        rotate(&client, project, (token, &tokens), &place, record, stop).await
    }))??;
    context.console.result(&format!(
        "Rotated token {} of {}. Its new value is in {}.\nUpdate every implementation that uses it: the old value no longer works.\n",
        printable(name),
        project.key,
        secrets.place(name)
    ))?;
    Ok(Exit::Done)
}

/// Where the new value goes, and where it is kept when it cannot go there.
struct Place<'a> {
    secrets: &'a Secrets,
    name: &'a str,
    rescue: PathBuf,
}

impl Place<'_> {
    /// No earlier rotation may be replaced: its value may still be needed.
    const fn awaited(&self) -> Awaited<'_> {
        Awaited { username: self.name, earlier: &[] }
    }

    /// Checks before anything is sent that the new value will have a place.
    fn check(&self) -> Result<(), Failure> {
        self.secrets.check(&[self.awaited()])?;
        if self.rescue.symlink_metadata().is_ok() {
            return Err(Failure::new(format!(
                "{} holds an earlier value of this token, so nothing was rotated",
                self.rescue.display()
            ))
            .hint("Take the value from there if it is still needed, delete the file, and rotate again."));
        }
        Ok(())
    }

    fn check_rescue(&self) -> Result<(), Failure> {
        secrets::check_place(&self.rescue, &[]).map_err(|error| {
            let path = self.rescue.display();
            Failure::new(format!("cannot create {path}: {error}, so nothing was rotated"))
                .hint("Name a directory you can write to with --state-dir.")
        })
    }

    /// Hands the value over, or keeps it.
    async fn take(&self, secret: &SecretString) -> Result<(), Failure> {
        let Err(problem) = self.secrets.hand_over(self.awaited(), secret).await else {
            return Ok(());
        };
        // A rotation cannot be taken back, and the new value must not be lost.
        let failure = Failure::incomplete(format!("the token was rotated, and {problem}"));
        Err(match secrets::write(&self.rescue, secret, &[]) {
            Ok(()) => failure.hint(format!(
                "The new value is kept in {}, for its owner alone: take it from there and delete the file.",
                self.rescue.display()
            )),
            Err(error) => failure.hint(format!(
                "It could not be kept in {} either ({error}). Rotate the token once more.",
                self.rescue.display()
            )),
        })
    }
}

impl Place<'_> {
    /// Keeps a value of which nobody knows what token it is: handed over it might be used for another one,
    /// and lost it might be the only copy.
    fn keep(&self, secret: &SecretString, why: &str, project: &DeclaredProject) -> Failure {
        let kept = match secrets::write(&self.rescue, secret, &[]) {
            Ok(()) => {
                format!("The value is kept in {}, for its owner alone.", self.rescue.display())
            }
            Err(error) => {
                format!("The value could not be kept in {} ({error}).", self.rescue.display())
            }
        };
        Failure::incomplete(format!(
            "it is unknown which token was rotated: {why}; its value was handed to nobody"
        ))
        .hint(format!(
            "{kept} `mixaccess tokens list --project {}` tells by their age which token has a new value.",
            project.key
        ))
    }
}

/// Why an answer is not believed to be about the token that was to be rotated: it names another one, or
/// its value is what another one is known by.
fn unlike(token: &ProjectToken, listed: &[ProjectToken], rotated: &RotatedToken) -> Option<String> {
    let told = |what: &str, text: &str| {
        Some(format!("the service answered with {what} {}, which is another", printable(text)))
    };
    match (&rotated.id, &rotated.name, &token.name) {
        (Some(id), ..) if *id != token.id => return told("token", id),
        (_, Some(name), Some(asked)) if name != asked => return told("a token called", name),
        _ => {}
    }
    let value = rotated.secret.expose_secret();
    let is_known = listed.iter().any(|one| one.id == value || one.name.as_deref() == Some(value));
    is_known.then(|| "the service answered with the name of a token in place of a value".to_owned())
}

/// Refuses before anything is sent what the service would refuse to these credentials.
///
/// # Errors
/// When they have not the power.
fn may_rotate(
    desired: &DesiredState,
    actor: &Actor,
    project: &DeclaredProject,
) -> Result<(), Failure> {
    let at = ProjectRef { id: project.id, key: project.key.clone() };
    let Some(message) = refused_rotation(desired, actor, &at) else { return Ok(()) };
    let who = actor.service_account.as_deref();
    let who = who.or_else(|| actor.email.as_ref().map(Email::as_str));
    Err(Failure::refused(format!(
        "{} lacks the power to rotate a token of {}: {message}; nothing was rotated",
        printable(who.unwrap_or("the identity we run as")),
        project.key
    ))
    .hint("Rotate with a service account that has a stronger role."))
}

/// The record of a rotation that has begun.
struct Record<'a> {
    rotation: Rotation,
    context: &'a Context,
}

impl Record<'_> {
    /// Records what became of it. A disk that refuses now must not cost the new value.
    fn add(&mut self, record: &RotationRecord) {
        if let Err(error) = self.rotation.record(record) {
            self.context.console.warn(&error.to_string());
        }
    }

    fn became(&mut self, outcome: RotationOutcome) {
        self.add(&RotationRecord::Outcome { outcome, at: clock::now() });
    }

    fn path(&self) -> &Path {
        self.rotation.path()
    }
}

async fn rotate(
    client: &Client,
    project: &DeclaredProject,
    (token, listed): (&ProjectToken, &[ProjectToken]),
    place: &Place<'_>,
    mut record: Record<'_>,
    stop: &CancelToken,
) -> Result<(), Failure> {
    if stop.is_cancelled() {
        record.became(RotationOutcome::NotSent);
        return Err(Failure::new(
            "stopped on request before anything was sent: nothing was rotated",
        ));
    }
    // Once it is sent, nothing cuts it short but the limits of the request itself.
    match client.rotate_token(project.id, &token.id).await {
        Ok(rotated) => {
            if let Some(why) = unlike(token, listed, &rotated) {
                record.became(RotationOutcome::Unknown { message: why.clone() });
                return Err(place.keep(&rotated.secret, &why, project));
            }
            record.became(RotationOutcome::Rotated);
            place.take(&rotated.secret).await?;
            let to = place.secrets.place(place.name);
            record.add(&RotationRecord::HandedOver { to, at: clock::now() });
            Ok(())
        }
        Err(error) => Err(not_rotated(error, project, &mut record)),
    }
}

fn not_rotated(error: ApiError, project: &DeclaredProject, record: &mut Record<'_>) -> Failure {
    let message = error.message.clone();
    match error.kind {
        ErrorKind::Permanent | ErrorKind::Transient => {
            record.became(RotationOutcome::Failed { message });
            Failure::from(error)
        }
        ErrorKind::OutcomeUnknown => {
            record.became(RotationOutcome::Unknown { message });
            Failure::incomplete(format!("it is unknown whether the token was rotated: {error}"))
                .hint(format!(
                    "`mixaccess tokens list --project {}` tells by its age whether it was: then nobody has the new value, so rotate it once more. Recorded in {}.",
                    project.key,
                    record.path().display()
                ))
        }
    }
}

fn not_begun(error: &ApplyError) -> Failure {
    let hint = match error {
        ApplyError::State(_) | ApplyError::Journal(_) => {
            Some("Make room, or name another directory with --state-dir, then rotate again.".into())
        }
        ApplyError::Locked(_) | ApplyError::Refused(_) | ApplyError::Read(_) => error.hint(),
    };
    let failure = Failure::new(format!("{error}; nothing was rotated"));
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// Asks for the name to be typed back, unless it was given.
///
/// # Errors
/// When it differs, or nobody can be asked.
fn confirmed(
    args: &Args,
    project: &DeclaredProject,
    token: &ProjectToken,
    name: &str,
) -> Result<(), Failure> {
    let answer = match &args.confirm_name {
        Some(given) => given.clone(),
        None => Console::ask(
            &format!(
                "Rotating token {} ({}) of {} makes its present value useless: every implementation that uses it must be updated.\nType its name to go on: ",
                printable(name),
                printable(&token.id),
                project.key
            ),
            "Give the token's name with --confirm-name.",
        )?,
    };
    if answer == name {
        return Ok(());
    }
    Err(Failure::new("the name differs, so nothing was rotated"))
}

/// An id as part of a file name.
fn safe(id: &str) -> String {
    id.chars().map(|one| if one.is_ascii_alphanumeric() { one } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(id: &str, name: Option<&str>) -> ProjectToken {
        ProjectToken {
            id: id.to_owned(),
            name: name.map(str::to_owned),
            created_at: None,
            last_used: None,
            created_by: None,
        }
    }

    #[test]
    fn an_answer_is_believed_for_the_token_that_was_asked_for() {
        let listed =
            [token("t-1", Some("Pipeline")), token("t-2", Some("Mobile")), token("7", None)];
        let told = |id: Option<&str>, name: Option<&str>, value: &str| RotatedToken {
            id: id.map(str::to_owned),
            name: name.map(str::to_owned),
            secret: SecretString::from(value),
        };
        for (answer, said) in [
            (told(None, None, "v4lue"), None),
            (told(Some("t-1"), None, "v4lue"), None),
            (told(Some("t-1"), Some("Pipeline"), "v4lue"), None),
            (told(Some("t-2"), None, "v4lue"), Some("token t-2, which is another")),
            (told(Some("t-2"), Some("Pipeline"), "v4lue"), Some("token t-2")),
            (told(Some("new"), None, "v4lue"), Some("token new")),
            (told(None, Some("Mobile"), "v4lue"), Some("a token called Mobile")),
            (told(None, None, "t-2"), Some("in place of a value")),
            (told(Some("t-1"), None, "Mobile"), Some("in place of a value")),
        ] {
            let [asked, ..] = &listed;
            let why = unlike(asked, &listed, &answer);
            assert_eq!(why.is_some(), said.is_some(), "{answer:?}: {why:?}");
            assert!(why.unwrap_or_default().contains(said.unwrap_or_default()), "{answer:?}");
        }
    }

    #[test]
    fn what_is_not_believed_is_kept_for_its_owner_and_handed_to_nobody() {
        let directory = tempfile::tempdir().unwrap();
        let secrets = Secrets::File(directory.path().join("new.secret"));
        let rescue = directory.path().join("rescue");
        let place = Place { secrets: &secrets, name: "Pipeline", rescue: rescue.clone() };
        let project = DeclaredProject {
            key: mixaccess_model::ProjectKey::new("web"),
            id: mixaccess_model::ProjectId(11),
            environment: None,
            custom_roles: None,
            group: None,
            position: mixaccess_model::Position {
                file: mixaccess_model::FileIndex(0),
                line: 1,
                column: 1,
            },
        };
        let failure = place.keep(&SecretString::from("v4lue"), "the service lied", &project);
        assert_eq!(std::fs::read_to_string(&rescue).unwrap(), "v4lue");
        assert!(!directory.path().join("new.secret").exists());
        assert!(!format!("{failure:?}").contains("v4lue"));
    }
}
