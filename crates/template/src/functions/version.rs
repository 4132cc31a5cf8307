//! Versions and constraints on them, by the rules of `Masterminds/semver`.

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;

use crate::error::Message;

/// A version; `1`, `v1.2` and `01.2` are versions too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) major: u64,
    pub(super) minor: u64,
    pub(super) patch: u64,
    pub(super) pre: String,
    pub(super) metadata: String,
    pub(super) original: String,
}

#[expect(clippy::unwrap_used, reason = "the patterns are put together from constants of this file")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap()
}

const LOOSE: &str = r"v?([0-9]+)(\.[0-9]+)?(\.[0-9]+)?(-([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?(\+([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?";
const WILD: &str = r"v?([0-9|x|X|\*]+)(\.[0-9|x|X|\*]+)?(\.[0-9|x|X|\*]+)?(-([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?(\+([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?";
const OPERATORS: &str = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^";

static VERSION: LazyLock<Regex> = LazyLock::new(|| pattern(&format!("^{LOOSE}$")));
static CONSTRAINT: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"^\s*({OPERATORS})\s*({WILD})\s*$")));
static RANGE: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"\s*({WILD})\s+-\s+({WILD})\s*")));
static FIND: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"({OPERATORS})\s*({WILD})")));
static VALID: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(r"^(\s*({OPERATORS})\s*({WILD})\s*)((?:\s+|,\s*)({OPERATORS})\s*({WILD})\s*)*$"))
});

fn number(text: Option<regex::Match<'_>>) -> Result<u64, Message> {
    match text {
        None => Ok(0),
        Some(text) => text.as_str().trim_start_matches('.').parse().map_err(|_| {
            let shown = crate::format::quote::quoted(text.as_str().trim_start_matches('.').as_bytes());
            Message::new("error parsing version segment: strconv.ParseUint: parsing ")
                .data(shown)
                .words(": value out of range")
        }),
    }
}

/// What is wrong with the part before a release, if anything is.
fn complaint(pre: &str) -> Option<&'static str> {
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let starts_with_zero = |part: &str| part.len() > 1 && part.starts_with('0') && is_number(part);
    pre.split('.').any(starts_with_zero).then_some("version segment starts with 0")
}

impl Version {
    pub(super) fn parse(text: &str) -> Result<Self, Message> {
        let parts = VERSION.captures(text).ok_or("invalid semantic version")?;
        let part = |index: usize| parts.get(index).map_or_else(String::new, |part| part.as_str().to_owned());
        let pre = part(5);
        if let Some(complaint) = complaint(&pre) {
            return Err(complaint.into());
        }
        Ok(Self {
            major: number(parts.get(1))?,
            minor: number(parts.get(2))?,
            patch: number(parts.get(3))?,
            pre,
            metadata: part(8),
            original: text.to_owned(),
        })
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let numbers = |version: &Self| (version.major, version.minor, version.patch);
        numbers(self).cmp(&numbers(other)).then_with(|| match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => compare_pre(&self.pre, &other.pre),
        })
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.pre.is_empty() {
            write!(f, "-{}", self.pre)?;
        }
        if !self.metadata.is_empty() {
            write!(f, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

fn compare_pre(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.split('.'), b.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(a), Some(b)) => match (a.parse::<u64>(), b.parse::<u64>()) {
                (Ok(a), Ok(b)) => a.cmp(&b),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => a.cmp(b),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// One comparison. `minor_open` and `patch_open`: the version leaves these parts out.
struct Constraint {
    operator: String,
    version: Version,
    minor_open: bool,
    patch_open: bool,
    open: bool,
}

/// Comparisons of which all must hold, in alternatives of which one must.
pub(super) struct Constraints {
    alternatives: Vec<Vec<Constraint>>,
}

impl Constraints {
    pub(super) fn parse(text: &str) -> Result<Self, Message> {
        let mut rewritten = text.to_owned();
        for range in RANGE.captures_iter(text) {
            let bounds = format!(">= {}, <= {} ", &range[1], &range[11]);
            rewritten = rewritten.replacen(&range[0], &bounds, 1);
        }
        let alternatives = rewritten.split("||").map(|alternative| {
            if !VALID.is_match(alternative) {
                return Err(Message::new("improper constraint: ").data(alternative));
            }
            FIND.find_iter(alternative).map(|found| Constraint::parse(found.as_str())).collect()
        });
        Ok(Self { alternatives: alternatives.collect::<Result<_, _>>()? })
    }

    pub(super) fn check(&self, version: &Version) -> bool {
        self.alternatives.iter().any(|all| {
            // A version before a release counts only where the constraint names one.
            let takes_pre = all.iter().any(|constraint| !constraint.version.pre.is_empty());
            (takes_pre || version.pre.is_empty()) && all.iter().all(|constraint| constraint.holds(version))
        })
    }
}

impl Constraint {
    fn parse(text: &str) -> Result<Self, Message> {
        let parts =
            CONSTRAINT.captures(text).ok_or_else(|| Message::new("improper constraint: ").data(text))?;
        let part = |index: usize| parts.get(index).map_or("", |part| part.as_str());
        let is_open = |text: &str| matches!(text.trim_start_matches('.'), "" | "x" | "X" | "*");
        let (major, minor, patch, pre) = (part(3), part(4), part(5), part(6));
        let (version, minor_open, patch_open, open) = if is_open(major) {
            (format!("0.0.0{pre}"), false, false, true)
        } else if is_open(minor) {
            (format!("{major}.0.0{pre}"), true, false, true)
        } else if is_open(patch) {
            (format!("{major}{minor}.0{pre}"), false, true, true)
        } else {
            (part(2).to_owned(), false, false, false)
        };
        let version = Version::parse(&version).map_err(|_| Message::new("constraint parser error"))?;
        Ok(Self { operator: part(1).to_owned(), version, minor_open, patch_open, open })
    }

    fn holds(&self, version: &Version) -> bool {
        let order = version.compare(&self.version);
        match self.operator.as_str() {
            "!=" => self.differs(version),
            ">" if self.open => match version.major.cmp(&self.version.major) {
                Ordering::Equal if self.minor_open => false,
                Ordering::Equal if self.patch_open => version.minor > self.version.minor,
                Ordering::Equal => order.is_gt(),
                other => other.is_gt(),
            },
            ">" => order.is_gt(),
            "<" => order.is_lt(),
            ">=" | "=>" => order.is_ge(),
            "<=" | "=<" if self.open => {
                version.major < self.version.major
                    || version.major == self.version.major
                        && (version.minor <= self.version.minor || self.minor_open)
            }
            "<=" | "=<" => order.is_le(),
            "~" | "~>" => self.is_near(version),
            "^" => self.is_compatible(version),
            _ if self.open => self.is_near(version),
            _ => order.is_eq(),
        }
    }

    fn differs(&self, version: &Version) -> bool {
        let wanted = &self.version;
        if self.open {
            if version.major != wanted.major {
                return true;
            }
            if version.minor != wanted.minor && !self.minor_open {
                return true;
            }
            if self.minor_open {
                return false;
            }
            if version.patch != wanted.patch && !self.patch_open {
                return true;
            }
            if self.patch_open {
                return compare_pre(&version.pre, &wanted.pre).is_ne();
            }
        }
        version.compare(wanted).is_ne()
    }

    /// The same minor version, or the same major one where no minor one is given.
    fn is_near(&self, version: &Version) -> bool {
        let wanted = &self.version;
        if version.compare(wanted).is_lt() {
            return false;
        }
        let is_zero = (wanted.major, wanted.minor, wanted.patch) == (0, 0, 0);
        if is_zero && !self.minor_open && !self.patch_open {
            return true;
        }
        version.major == wanted.major && (version.minor == wanted.minor || self.minor_open)
    }

    /// Nothing changed left of the first part that is not zero.
    fn is_compatible(&self, version: &Version) -> bool {
        let wanted = &self.version;
        if version.compare(wanted).is_lt() {
            return false;
        }
        if wanted.major > 0 || self.minor_open {
            return version.major == wanted.major;
        }
        if version.major > 0 {
            return false;
        }
        if wanted.minor > 0 || self.patch_open {
            return version.minor == wanted.minor;
        }
        version.minor == 0 && version.patch == wanted.patch
    }
}
