//! How findings name many.

use mixaccess_model::listed;

/// The first few names, and how many more there are.
pub(crate) fn names(all: impl IntoIterator<Item = String>) -> String {
    listed(all, 5)
}
