//! Names of the files as small numbers, because a large organization writes them a million times.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A name; equal numbers are equal names. The number itself depends on the order in which files
/// were read and never decides anything that can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Symbol(u32);

impl Symbol {
    /// As an index into tables that are as long as [`Names`].
    pub(crate) fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// Every name of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    texts: Vec<Arc<str>>,
    symbols: HashMap<Arc<str>, Symbol>,
}

impl Names {
    /// The text of a name.
    pub(crate) fn text(&self, symbol: Symbol) -> &str {
        self.texts.get(symbol.index()).map_or("", |text| text)
    }

    /// The shared text of a name.
    pub(crate) fn shared(&self, symbol: Symbol) -> Arc<str> {
        self.texts.get(symbol.index()).map_or_else(|| Arc::from(""), Arc::clone)
    }

    /// The name with that text, when any file wrote it.
    pub(crate) fn find(&self, text: &str) -> Option<Symbol> {
        self.symbols.get(text).copied()
    }

    /// How many names there are.
    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }

    fn intern(&mut self, text: &str) -> (Arc<str>, Symbol) {
        if let Some((shared, symbol)) = self.symbols.get_key_value(text) {
            return (Arc::clone(shared), *symbol);
        }
        let shared: Arc<str> = Arc::from(text);
        let symbol = Symbol(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        self.texts.push(Arc::clone(&shared));
        self.symbols.insert(Arc::clone(&shared), symbol);
        (shared, symbol)
    }
}

/// What one thread already knows of the names, so that threads rarely wait for each other.
#[derive(Debug)]
pub(crate) struct Interner<'a> {
    all: &'a Mutex<Names>,
    known: HashMap<Arc<str>, Symbol>,
}

impl<'a> Interner<'a> {
    /// An interner that shares its names with others.
    pub(crate) fn new(all: &'a Mutex<Names>) -> Self {
        Self { all, known: HashMap::new() }
    }

    /// The text of a name.
    pub(crate) fn text(&self, symbol: Symbol) -> Arc<str> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).shared(symbol)
    }

    /// The number of a name.
    pub(crate) fn intern(&mut self, text: &str) -> Symbol {
        if let Some(symbol) = self.known.get(text) {
            return *symbol;
        }
        let (shared, symbol) = self.all.lock().unwrap_or_else(PoisonError::into_inner).intern(text);
        self.known.insert(shared, symbol);
        symbol
    }
}
