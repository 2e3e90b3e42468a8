//! Files that commands read and write: bounded on the way in, whole or not at all on the way out.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

use mixaccess_model::{LiveState, Plan, PlanFormatError};

use crate::failure::Failure;

/// Largest plan or live-state file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 30;

/// Reads a file of bounded size.
///
/// # Errors
/// When it cannot be read, is no regular file, or is too large.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let named =
        |error: std::io::Error| Failure::new(format!("cannot read {}: {error}", path.display()));
    let kind = std::fs::metadata(path).map_err(named)?;
    if !kind.is_file() {
        return Err(Failure::new(format!("cannot read {}: not a regular file", path.display())));
    }
    let file = File::open(path).map_err(named)?;
    let mut bytes = Vec::with_capacity(usize::try_from(kind.len().min(MAX_BYTES)).unwrap_or(0));
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(named)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_BYTES {
        return Err(Failure::new(format!("{} is larger than 1 GiB", path.display())));
    }
    Ok(bytes)
}

/// Writes a file so that after a crash it is the old one or the new one, never half of one.
///
/// # Errors
/// When the directory or the disk refuses.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let named =
        |error: std::io::Error| Failure::new(format!("cannot write {}: {error}", path.display()));
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let Some(name) = path.file_name() else {
        return Err(Failure::new(format!("cannot write {}: it names no file", path.display())));
    };
    let temporary =
        directory.join(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let renamed = written.and_then(|()| std::fs::rename(&temporary, path));
    if renamed.is_err() {
        // The error that matters is the first one.
        let _ = std::fs::remove_file(&temporary);
    }
    renamed.map_err(named)
}

/// Reads a plan file. Its digests are not checked yet.
///
/// # Errors
/// When it cannot be read or is no plan, or is a redacted one.
pub(crate) fn read_plan(path: &Path) -> Result<Plan, Failure> {
    let bytes = read(path)?;
    Plan::from_json(&bytes).map_err(|error| {
        let message = format!("{}: {error}", path.display());
        match error {
            PlanFormatError::Redacted => Failure::refused(message)
                .hint("Use the plan file that `mixaccess plan --out FILE` wrote."),
            PlanFormatError::Json(_) | PlanFormatError::Newer { .. } => Failure::new(message)
                .hint("A plan file is what `mixaccess plan --out FILE` writes."),
        }
    })
}

/// Reads a live-state file.
///
/// # Errors
/// When it cannot be read or is no live state.
pub(crate) fn read_live(path: &Path) -> Result<LiveState, Failure> {
    let bytes = read(path)?;
    LiveState::from_json(&bytes).map_err(|error| {
        Failure::new(format!("{}: {error}", path.display()))
            .hint("A live-state file is what `mixaccess snapshot --out FILE` writes.")
    })
}

/// A value as indented JSON with a final line end.
///
/// # Errors
/// When the value cannot be written as JSON, which no valid value causes.
pub(crate) fn pretty(value: &impl serde::Serialize) -> Result<Vec<u8>, Failure> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|error| Failure::new(format!("cannot write JSON: {error}")))?;
    bytes.push(b'\n');
    Ok(bytes)
}
