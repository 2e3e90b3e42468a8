//! Counts what an apply asks of the service.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};

use mixaccess_api::{AccessRead, AccessWrite, ApiError, ProjectMember, Write};
use mixaccess_model::{Actor, LiveMember, LiveProject, ProjectId};

use crate::RequestCounts;

/// A client that counts. Repeats inside the client and further pages are not seen here.
pub(crate) struct Counting<'a, C> {
    inner: &'a C,
    reads: AtomicU64,
    writes: AtomicU64,
}

impl<'a, C> Counting<'a, C> {
    pub(crate) const fn new(inner: &'a C) -> Self {
        Self { inner, reads: AtomicU64::new(0), writes: AtomicU64::new(0) }
    }

    pub(crate) fn counts(&self) -> RequestCounts {
        RequestCounts {
            reads: self.reads.load(Ordering::Relaxed),
            writes: self.writes.load(Ordering::Relaxed),
        }
    }
}

impl<C: AccessRead> AccessRead for Counting<'_, C> {
    fn me(&self) -> impl Future<Output = Result<Actor, ApiError>> + Send {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.inner.me()
    }

    fn members(&self) -> impl Future<Output = Result<Vec<LiveMember>, ApiError>> + Send {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.inner.members()
    }

    fn projects(&self) -> impl Future<Output = Result<Vec<LiveProject>, ApiError>> + Send {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.inner.projects()
    }

    fn project_members(
        &self,
        project: ProjectId,
    ) -> impl Future<Output = Result<Vec<ProjectMember>, ApiError>> + Send {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.inner.project_members(project)
    }
}

impl<C: AccessWrite> AccessWrite for Counting<'_, C> {
    fn write(&self, write: &Write) -> impl Future<Output = Result<(), ApiError>> + Send {
        self.writes.fetch_add(1, Ordering::Relaxed);
        self.inner.write(write)
    }
}
