//! Semantic versions, as Kubernetes' function `semver` knows them.

use std::cmp::Ordering;

/// A version. What follows a plus sign is not kept: it says nothing about the order.
#[derive(Clone)]
pub(crate) struct Semver {
    pub(super) numbers: [u64; 3],
    before: Vec<Part>,
}

/// A part of what follows a dash.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    // Numbers come before texts.
    Number(u64),
    Text(String),
}

impl Semver {
    /// Reads a version. With `normalize` a leading `v`, missing numbers and leading zeros are forgiven.
    pub(super) fn read(text: &str, normalize: bool) -> Option<Self> {
        let text = if normalize { text.strip_prefix('v').unwrap_or(text) } else { text };
        let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
        let (text, before) = text.split_once('-').map_or((text, None), |(text, before)| (text, Some(before)));
        let word = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if build.is_some_and(|build| !build.split('.').all(word)) {
            return None;
        }
        let written: Vec<&str> = text.split('.').collect();
        if written.len() > 3 || (written.len() < 3 && (!normalize || before.is_some() || build.is_some())) {
            return None;
        }
        let mut numbers = [0; 3];
        for (slot, written) in numbers.iter_mut().zip(written) {
            *slot = number(written, normalize)?;
        }
        let before = match before {
            None => Vec::new(),
            Some(before) => before
                .split('.')
                .map(|part| match part.bytes().all(|byte| byte.is_ascii_digit()) {
                    true => number(part, false).map(Part::Number),
                    false => word(part).then(|| Part::Text(part.to_owned())),
                })
                .collect::<Option<_>>()?,
        };
        Some(Self { numbers, before })
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| {
            match (self.before.is_empty(), other.before.is_empty()) {
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                _ => self.before.cmp(&other.before),
            }
        })
    }
}

fn number(text: &str, normalize: bool) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = normalize || text.len() == 1 || !text.starts_with('0');
    (digits && plain).then(|| text.parse().ok())?
}
