//! What went wrong deep inside, before it is known which file a mark stands for.

use crate::tree::{Mark, WrongKind};

/// A message, and the value that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) message: String,
    pub(crate) mark: Mark,
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>, mark: Mark) -> Self {
        Self { message: message.into(), mark }
    }
}

impl From<WrongKind> for Problem {
    fn from(wrong: WrongKind) -> Self {
        Self::new(format!("a {} is needed, and a {} stands here", wrong.expected, wrong.found), wrong.mark)
    }
}
