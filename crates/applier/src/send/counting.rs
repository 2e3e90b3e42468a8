//! Counts what an apply asks of the service.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};

use mixaccess_api::{
    AccessRead, AccessWrite, ApiError, Listed, ProjectMember, ProjectServiceAccount, Roster, Write,
    Written,
};
use mixaccess_model::{
    Actor, LiveIdentityProvider, LiveMember, LiveProject, LiveServiceAccount, LiveTeam, ProjectId,
};

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

impl<C: AccessRead> Counting<'_, C> {
    fn reading(&self) -> &C {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.inner
    }
}

impl<C: AccessRead> AccessRead for Counting<'_, C> {
    fn me(&self) -> impl Future<Output = Result<Actor, ApiError>> + Send {
        self.reading().me()
    }

    fn organization_name(&self) -> Option<String> {
        self.inner.organization_name()
    }

    fn members(&self) -> impl Future<Output = Result<Vec<LiveMember>, ApiError>> + Send {
        self.reading().members()
    }

    fn roster(&self) -> impl Future<Output = Result<Roster, ApiError>> + Send {
        self.reading().roster()
    }

    fn teams(&self) -> impl Future<Output = Result<Option<Listed<LiveTeam>>, ApiError>> + Send {
        self.reading().teams()
    }

    fn service_accounts(
        &self,
    ) -> impl Future<Output = Result<Option<Listed<LiveServiceAccount>>, ApiError>> + Send {
        self.reading().service_accounts()
    }

    fn project_service_accounts(
        &self,
        project: ProjectId,
    ) -> impl Future<Output = Result<Option<Listed<ProjectServiceAccount>>, ApiError>> + Send {
        self.reading().project_service_accounts(project)
    }

    fn identity_provider(
        &self,
    ) -> impl Future<Output = Result<Option<LiveIdentityProvider>, ApiError>> + Send {
        self.reading().identity_provider()
    }

    fn projects(&self) -> impl Future<Output = Result<Vec<LiveProject>, ApiError>> + Send {
        self.reading().projects()
    }

    fn project_members(
        &self,
        project: ProjectId,
    ) -> impl Future<Output = Result<Listed<ProjectMember>, ApiError>> + Send {
        self.reading().project_members(project)
    }
}

impl<C: AccessWrite> AccessWrite for Counting<'_, C> {
    fn write(&self, write: &Write) -> impl Future<Output = Result<Written, ApiError>> + Send {
        self.writes.fetch_add(1, Ordering::Relaxed);
        self.inner.write(write)
    }
}
