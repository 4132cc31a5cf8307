//! The files that marks stand for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::lock;
use crate::render::Options;

/// Numbers files, from 1. A number stands for its file for as long as the renderer lives.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    paths: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
}

impl Sources {
    /// The number of a file.
    pub(crate) fn number(&self, path: &str) -> u32 {
        let mut inner = lock(&self.inner);
        if let Some(number) = inner.numbers.get(path) {
            return *number;
        }
        let path: Arc<str> = path.into();
        inner.paths.push(Arc::clone(&path));
        let number = u32::try_from(inner.paths.len()).unwrap_or(u32::MAX);
        inner.numbers.insert(path, number);
        number
    }

    /// The path of a number; `None` for zero.
    pub(crate) fn path(&self, number: u32) -> Option<String> {
        let at = (number as usize).checked_sub(1)?;
        lock(&self.inner).paths.get(at).map(ToString::to_string)
    }

    /// The text of a file, read once more.
    pub(crate) fn text(&self, number: u32, options: &Options) -> Option<Arc<[u8]>> {
        let path = self.path(number)?;
        options.files.read(&path, options.largest_file).ok().map(|file| file.content)
    }
}
