//! Writing the files: from a live organization to a tree (`init`), and from live differences back into
//! the files that are there (`adopt`).
//!
//! Values in, texts out. Nothing here reads a clock, the network or a directory.

mod access;
mod adopt;
mod edit;
mod environment;
mod init;
mod listing;
mod naming;
mod profile;
mod remark;
mod scaffold;
mod survey;
#[cfg(test)]
mod tests;
mod tree;
mod yaml;

pub use adopt::{AdoptError, AdoptInput, Adopted, Adoption, Chosen, FileChange, NotAdopted, adopt};
pub use init::{Arrangement, InitOptions, init};
pub use listing::{
    Combined, Listed, ListedGrant, Listing, ListingError, ListingKind, ListingNote, ListingPlace,
    Standing, combine, offline, read_listing,
};
pub use scaffold::{ScaffoldOptions, scaffold};
pub use tree::{Counts, LeftOut, Tree, TreeFile};
