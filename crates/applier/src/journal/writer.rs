//! Appending to a journal so that nothing is sent before its intent is on the disk.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;

use mixaccess_model::Digest;
use tokio::sync::oneshot;

use super::{JournalError, Record, reader};
use crate::StateDirectory;
use crate::state_directory::{private_file, sync_directory};

/// Where lines become durable.
pub(crate) trait Sink: Send + 'static {
    /// Appends whole lines; when this returns, they survive a crash.
    fn append(&mut self, lines: &[u8]) -> io::Result<()>;
}

impl Sink for File {
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        self.write_all(lines)?;
        self.sync_data()
    }
}

struct Request {
    lines: Vec<u8>,
    durable: oneshot::Sender<Result<(), JournalError>>,
}

/// Appends records. A thread of its own writes them, so that lines that arrive while the disk is
/// busy share the next flush. After the first failure nothing more is written.
#[derive(Debug)]
pub(crate) struct JournalWriter {
    path: PathBuf,
    requests: Option<mpsc::Sender<Request>>,
    thread: Option<JoinHandle<()>>,
}

impl JournalWriter {
    /// Makes the file of the next run of a plan, and makes its name durable.
    pub(crate) fn create(
        state: &StateDirectory,
        plan: Digest,
        sink: impl FnOnce(File) -> Box<dyn Sink>,
    ) -> Result<Self, JournalError> {
        let directory = state.journals();
        let last =
            reader::numbered_files(&directory, plan)?.last().map_or(0, |(number, _)| *number);
        let path = directory.join(reader::file_name(plan, last.saturating_add(1)));
        let failed = |error: io::Error| JournalError::Write {
            path: path.clone(),
            message: error.to_string(),
        };
        let file = private_file().create_new(true).open(&path).map_err(failed)?;
        sync_directory(&directory).map_err(failed)?;
        Self::start(path.clone(), sink(file)).map_err(failed)
    }

    fn start(path: PathBuf, mut sink: Box<dyn Sink>) -> io::Result<Self> {
        let (requests, received) = mpsc::channel::<Request>();
        let named = path.clone();
        let thread = std::thread::Builder::new().name("journal".to_owned()).spawn(move || {
            let mut broken: Option<JournalError> = None;
            while let Ok(first) = received.recv() {
                let batch = std::iter::once(first).chain(received.try_iter()).collect::<Vec<_>>();
                let result = match &broken {
                    Some(error) => Err(error.clone()),
                    None => append_all(sink.as_mut(), &named, &batch),
                };
                broken = result.as_ref().err().cloned();
                for request in batch {
                    // Nobody listens any more when the run was dropped; the line is written anyway.
                    let _ = request.durable.send(result.clone());
                }
            }
        })?;
        Ok(Self { path, requests: Some(requests), thread: Some(thread) })
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a record; when this returns, it survives a crash.
    pub(crate) async fn append(&self, record: &Record) -> Result<(), JournalError> {
        self.append_lines(self.line(record)?).await
    }

    /// Appends records one after another, waiting for the disk once.
    pub(crate) async fn append_all(
        &self,
        records: impl Iterator<Item = Record>,
    ) -> Result<(), JournalError> {
        let mut lines = Vec::new();
        for record in records {
            lines.append(&mut self.line(&record)?);
        }
        if lines.is_empty() { Ok(()) } else { self.append_lines(lines).await }
    }

    fn line(&self, record: &Record) -> Result<Vec<u8>, JournalError> {
        let mut line = serde_json::to_vec(record).map_err(|error| self.failed(&error))?;
        line.push(b'\n');
        Ok(line)
    }

    async fn append_lines(&self, lines: Vec<u8>) -> Result<(), JournalError> {
        let (durable, written) = oneshot::channel();
        let requests = self.requests.as_ref().ok_or_else(|| self.failed(&"closed"))?;
        requests.send(Request { lines, durable }).map_err(|error| self.failed(&error))?;
        written.await.map_err(|error| self.failed(&error))?
    }

    fn failed(&self, error: &dyn std::fmt::Display) -> JournalError {
        JournalError::Write { path: self.path.clone(), message: error.to_string() }
    }
}

impl Drop for JournalWriter {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            // The thread does not panic; if it did, its callers were told already.
            let _ = thread.join();
        }
    }
}

fn append_all(sink: &mut dyn Sink, path: &Path, batch: &[Request]) -> Result<(), JournalError> {
    let lines = batch.iter().flat_map(|request| request.lines.iter().copied()).collect::<Vec<_>>();
    sink.append(&lines)
        .map_err(|error| JournalError::Write { path: path.to_owned(), message: error.to_string() })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Holds the first line back until told; one append fails, and those after it do not.
    struct Disk {
        appends: Arc<Mutex<Vec<Vec<u8>>>>,
        gate: Option<mpsc::Receiver<()>>,
        fails_at: usize,
    }

    impl Sink for Disk {
        fn append(&mut self, lines: &[u8]) -> io::Result<()> {
            if let Some(gate) = self.gate.take() {
                gate.recv().unwrap();
            }
            let mut appends = self.appends.lock().unwrap();
            appends.push(lines.to_vec());
            if appends.len() == self.fails_at {
                return Err(io::Error::from(io::ErrorKind::StorageFull));
            }
            Ok(())
        }
    }

    fn record(change: &str) -> Record {
        Record::Intent {
            change: mixaccess_model::ChangeId(change.into()),
            subject: mixaccess_model::Subject::Person {
                email: mixaccess_model::Email::new("ann@acme.example"),
                user: None,
            },
            action: "grant".into(),
            invited_at: None,
            attempt: 1,
            at: "2026-03-01T10:00:00Z".parse().unwrap(),
        }
    }

    #[tokio::test]
    async fn lines_that_wait_share_a_flush() {
        let appends = Arc::default();
        let (open, gate) = mpsc::channel();
        let disk = Disk { appends: Arc::clone(&appends), gate: Some(gate), fails_at: 100 };
        let writer = JournalWriter::start("j".into(), Box::new(disk)).unwrap();
        let records = (0..20).map(|n| record(&format!("c{n}"))).collect::<Vec<_>>();
        let all = futures_util::future::join_all(records.iter().map(|one| writer.append(one)));
        let opened = async {
            tokio::task::yield_now().await;
            open.send(()).unwrap();
        };
        let (results, ()) = tokio::join!(all, opened);
        assert!(results.iter().all(Result::is_ok));
        let appends = appends.lock().unwrap();
        assert!(appends.len() <= 2, "{} flushes", appends.len());
        let text = appends.concat();
        assert_eq!(text.iter().filter(|byte| **byte == b'\n').count(), 20);
    }

    #[tokio::test]
    async fn after_a_failure_nothing_more_is_written() {
        let appends = Arc::default();
        let disk = Disk { appends: Arc::clone(&appends), gate: None, fails_at: 2 };
        let writer = JournalWriter::start("full.jsonl".into(), Box::new(disk)).unwrap();
        writer.append(&record("a")).await.unwrap();
        let error = writer.append(&record("b")).await.unwrap_err();
        assert!(error.to_string().starts_with("cannot write the journal full.jsonl: "), "{error}");
        assert_eq!(writer.append(&record("c")).await.unwrap_err(), error);
        drop(writer);
        assert_eq!(appends.lock().unwrap().len(), 2);
    }
}
