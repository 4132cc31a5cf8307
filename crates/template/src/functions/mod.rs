//! The functions that a template may call: what they are ([`Function`]), and which there are ([`Functions`]).
//!
//! ```text
//! Functions ── builtin          and or not eq … printf html index        (Go's own)
//!           └─ external_secrets builtin + sprig (no environment, no network) + PKCS#12, JWK, PEM, YAML, RSA
//! ```
//!
//! A function says its Go signature. The executor checks calls against it, with Go's words, before the body runs; so a
//! body finds arguments of the types that it declared. One file an area.

mod builtin;
mod call;
mod cases;
mod certificates;
mod comparison;
mod conversion;
mod data;
mod dates;
mod decimal;
mod dicts;
mod encoding;
mod escape;
mod issue;
mod lists;
mod numbers;
mod passwords;
mod paths;
mod random;
mod regexes;
mod semver;
mod signature;
mod strings;
mod urls;
mod version;
mod yaml;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

pub use call::Call;
pub use signature::{Signature, Type};

use crate::error::Message;
use crate::value::Value;

/// What a function gives.
pub type Outcome = Result<Value, Message>;

/// The body of a function.
pub type Body = fn(&mut Call<'_>) -> Outcome;

/// A function: its name, what it takes, what it does.
#[derive(Clone, Copy)]
pub struct Function {
    /// The name in templates.
    pub name: &'static str,
    /// Types of its arguments.
    pub signature: Signature,
    /// Run with checked arguments.
    pub body: Body,
    /// Where the executor does the work instead of the body.
    pub(crate) special: Option<Special>,
}

/// Functions that are none in Go either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Special {
    /// Evaluates its arguments up to the first that is false.
    And,
    /// Up to the first that is true.
    Or,
    /// Calls a value; no value of ours is a function.
    Call,
}

impl Function {
    /// A function of a fixed number of arguments.
    pub const fn new(name: &'static str, parameters: &'static [Type], body: Body) -> Self {
        Self { name, signature: Signature { parameters, variadic: None }, body, special: None }
    }

    /// A function whose last argument may come any number of times.
    pub const fn variadic(name: &'static str, parameters: &'static [Type], rest: Type, body: Body) -> Self {
        Self { name, signature: Signature { parameters, variadic: Some(rest) }, body, special: None }
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function").field("name", &self.name).field("signature", &self.signature).finish()
    }
}

/// A table of functions by name. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Functions {
    table: Arc<HashMap<&'static str, Function>>,
}

static BUILTIN: LazyLock<Functions> =
    LazyLock::new(|| Functions::from_areas(&[builtin::FUNCTIONS, comparison::FUNCTIONS, escape::FUNCTIONS]));

static EXTERNAL_SECRETS: LazyLock<Functions> = LazyLock::new(|| {
    Functions::from_areas(&[
        builtin::FUNCTIONS,
        comparison::FUNCTIONS,
        escape::FUNCTIONS,
        cases::FUNCTIONS,
        certificates::FUNCTIONS,
        data::FUNCTIONS,
        dates::FUNCTIONS,
        dicts::FUNCTIONS,
        encoding::FUNCTIONS,
        issue::FUNCTIONS,
        lists::FUNCTIONS,
        numbers::FUNCTIONS,
        passwords::FUNCTIONS,
        paths::FUNCTIONS,
        random::FUNCTIONS,
        regexes::FUNCTIONS,
        semver::FUNCTIONS,
        strings::FUNCTIONS,
        urls::FUNCTIONS,
        yaml::FUNCTIONS,
    ])
});

impl Functions {
    /// The functions of Go's `text/template`.
    pub fn builtin() -> Self {
        BUILTIN.clone()
    }

    /// The functions of External Secrets' template engine v2.
    pub fn external_secrets() -> Self {
        EXTERNAL_SECRETS.clone()
    }

    fn from_areas(areas: &[&[Function]]) -> Self {
        let table =
            areas.iter().flat_map(|area| area.iter()).map(|function| (function.name, *function)).collect();
        Self { table: Arc::new(table) }
    }

    /// This table with more functions; of equal names the new one wins.
    #[must_use]
    pub fn with(&self, functions: &[Function]) -> Self {
        let mut table = HashMap::clone(&self.table);
        table.extend(functions.iter().map(|function| (function.name, *function)));
        Self { table: Arc::new(table) }
    }

    /// The function of a name.
    pub fn get(&self, name: &str) -> Option<Function> {
        self.table.get(name).copied()
    }

    /// All names, sorted.
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.table.keys().copied().collect();
        names.sort_unstable();
        names
    }
}
