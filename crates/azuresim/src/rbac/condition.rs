//! Conditions of role assignments, version 2.0: a small language of attributes, evaluated as a pure function.
//!
//! Source: Microsoft Learn, "Azure role assignment condition format and syntax". Served is the part by which the right
//! to assign roles is narrowed to some roles and principals:
//!
//! ```text
//! condition   = term { (AND | &&) term | (OR | ||) term }          AND binds tighter
//! term        = (NOT | !) term | ( condition ) | ActionMatches{'…'} | Exists attribute | comparison
//! comparison  = operand [quantifier:]operator operand              quantifier e.g. ForAnyOfAnyValues
//! operand     = @Request[name] | @Resource[name] | 'text' | number | guid | { value, … }
//! ```
//!
//! A comparison with an attribute that the request hasn't is false, and so denies.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::wildcard_matches;

/// Conditions longer than this are refused (Azure's own limit).
const LONGEST: usize = 8 * 1024;

/// Conditions nested deeper than this are refused.
const DEEPEST: usize = 64;

/// What a condition can ask about: the operation, and attributes by source and name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes(BTreeMap<String, String>);

impl Attributes {
    /// With one more attribute. `source` is `Request` or `Resource`, `name` as
    /// `Microsoft.Authorization/roleAssignments:PrincipalId`.
    pub fn with(mut self, source: &str, name: &str, value: impl Into<String>) -> Self {
        self.0.insert(format!("{source}[{name}]").to_ascii_lowercase(), value.into());
        self
    }
}

/// A condition that has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    text: String,
    expression: Expression,
}

/// Why a condition can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the condition is not understood at character {at}: {reason}")]
pub struct ConditionError {
    /// How many bytes were understood.
    pub at: usize,
    /// What is wrong there.
    pub reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Not(Box<Expression>),
    ActionMatches(String),
    Exists(String),
    Compare { left: Operand, every_left: bool, every_right: bool, operator: Operator, right: Operand },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Operand {
    Attribute(String),
    Values(Vec<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Operator {
    test: Test,
    negated: bool,
    ignores_case: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    Equals,
    Guid,
    Like,
    StartsWith,
}

impl Condition {
    /// Reads a condition.
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        if text.len() > LONGEST {
            return Err(ConditionError { at: LONGEST, reason: "it is longer than 8 KiB" });
        }
        let mut reader = Reader { text, at: 0 };
        let expression = reader.any(0)?;
        reader.space();
        if reader.at < text.len() {
            return Err(reader.error("something follows the end"));
        }
        Ok(Condition { text: text.to_owned(), expression })
    }

    /// The condition as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it holds for this operation.
    pub fn holds(&self, operation: &str, attributes: &Attributes) -> bool {
        self.expression.holds(operation, attributes)
    }
}

impl Expression {
    fn holds(&self, operation: &str, attributes: &Attributes) -> bool {
        match self {
            Expression::All(terms) => terms.iter().all(|term| term.holds(operation, attributes)),
            Expression::Any(terms) => terms.iter().any(|term| term.holds(operation, attributes)),
            Expression::Not(term) => !term.holds(operation, attributes),
            Expression::ActionMatches(pattern) => wildcard_matches(pattern, operation),
            Expression::Exists(attribute) => attributes.0.contains_key(attribute),
            Expression::Compare { left, every_left, every_right, operator, right } => {
                let (Some(left), Some(right)) = (left.values(attributes), right.values(attributes)) else {
                    return false;
                };
                let with_right = |one: &&String| match every_right {
                    true => right.iter().all(|other| operator.holds(one, other)),
                    false => right.iter().any(|other| operator.holds(one, other)),
                };
                match every_left {
                    true => left.iter().all(|one| with_right(&one)),
                    false => left.iter().any(|one| with_right(&one)),
                }
            }
        }
    }
}

impl Operand {
    fn values<'a>(&'a self, attributes: &'a Attributes) -> Option<&'a [String]> {
        match self {
            Operand::Attribute(name) => attributes.0.get(name).map(std::slice::from_ref),
            Operand::Values(values) => Some(values),
        }
    }
}

impl Operator {
    fn parse(word: &str) -> Option<Self> {
        let lower = word.to_ascii_lowercase();
        let (lower, ignores_case) = match lower.strip_suffix("ignorecase") {
            Some(rest) => (rest.to_owned(), true),
            None => (lower, false),
        };
        let negated = lower.contains("not");
        let test = match lower.replace("not", "").as_str() {
            "stringequals" | "numericequals" | "boolequals" => Test::Equals,
            "guidequals" => Test::Guid,
            "stringlike" => Test::Like,
            "stringstartswith" => Test::StartsWith,
            _ => return None,
        };
        Some(Operator { test, negated, ignores_case })
    }

    fn holds(self, left: &str, right: &str) -> bool {
        let holds = match (self.test, self.ignores_case) {
            (Test::Equals, false) => left == right,
            (Test::Equals, true) => left.eq_ignore_ascii_case(right),
            (Test::Guid, _) => Uuid::try_parse(left).is_ok_and(|left| Uuid::try_parse(right) == Ok(left)),
            (Test::Like, _) => wildcard_matches(right, left),
            (Test::StartsWith, false) => left.starts_with(right),
            (Test::StartsWith, true) => {
                left.get(..right.len()).is_some_and(|head| head.eq_ignore_ascii_case(right))
            }
        };
        holds != self.negated
    }
}

/// Reads from left to right; `at` is always at a character's begin.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn error(&self, reason: &'static str) -> ConditionError {
        ConditionError { at: self.at, reason }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Passes over a sign.
    fn sign(&mut self, sign: &str) -> bool {
        self.space();
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len();
        }
        found
    }

    /// Passes over a word in any letter case, if it stands alone.
    fn word(&mut self, word: &str) -> bool {
        self.space();
        let rest = self.rest();
        let head = rest.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
        let alone =
            rest.get(word.len()..).is_some_and(|tail| !tail.starts_with(|next: char| next.is_alphanumeric()));
        if head && alone {
            self.at += word.len();
        }
        head && alone
    }

    /// What stands before the first character that `ends` it.
    fn until(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let part = &rest[..rest.find(ends).unwrap_or(rest.len())];
        self.at += part.len();
        part
    }

    fn expect(&mut self, sign: &str, reason: &'static str) -> Result<(), ConditionError> {
        if self.sign(sign) { Ok(()) } else { Err(self.error(reason)) }
    }

    fn any(&mut self, depth: usize) -> Result<Expression, ConditionError> {
        let first = self.all(depth)?;
        let mut terms = vec![first];
        while self.word("OR") || self.sign("||") {
            terms.push(self.all(depth)?);
        }
        Ok(if terms.len() == 1 { terms.remove(0) } else { Expression::Any(terms) })
    }

    fn all(&mut self, depth: usize) -> Result<Expression, ConditionError> {
        let first = self.term(depth)?;
        let mut terms = vec![first];
        while self.word("AND") || self.sign("&&") {
            terms.push(self.term(depth)?);
        }
        Ok(if terms.len() == 1 { terms.remove(0) } else { Expression::All(terms) })
    }

    fn term(&mut self, depth: usize) -> Result<Expression, ConditionError> {
        if depth > DEEPEST {
            return Err(self.error("it is nested too deeply"));
        }
        if self.word("NOT") || self.sign("!") {
            return Ok(Expression::Not(Box::new(self.term(depth + 1)?)));
        }
        if self.sign("(") {
            let inner = self.any(depth + 1)?;
            self.expect(")", "a bracket isn't closed")?;
            return Ok(inner);
        }
        if self.word("ActionMatches") {
            self.expect("{", "ActionMatches has no {'…'}")?;
            let pattern = self.value()?;
            self.expect("}", "a brace isn't closed")?;
            return Ok(Expression::ActionMatches(pattern));
        }
        if self.word("Exists") {
            return match self.operand()? {
                Operand::Attribute(name) => Ok(Expression::Exists(name)),
                Operand::Values(_) => Err(self.error("Exists asks for an attribute")),
            };
        }
        let left = self.operand()?;
        self.space();
        let word = self.until(|letter| !letter.is_ascii_alphanumeric() && letter != ':');
        let (quantifier, operator) = word.split_once(':').unwrap_or(("ForAnyOfAnyValues", word));
        let (every_left, every_right) = match quantifier.to_ascii_lowercase().as_str() {
            "foranyofanyvalues" => (false, false),
            "forallofanyvalues" => (true, false),
            "foranyofallvalues" => (false, true),
            "forallofallvalues" => (true, true),
            _ => return Err(self.error("no such quantifier")),
        };
        let operator = Operator::parse(operator).ok_or_else(|| self.error("no such operator"))?;
        let right = self.operand()?;
        Ok(Expression::Compare { left, every_left, every_right, operator, right })
    }

    fn operand(&mut self) -> Result<Operand, ConditionError> {
        if self.sign("@") {
            let source = self.until(|letter| letter == '[');
            self.expect("[", "an attribute has no [name]")?;
            let name = self.until(|letter| letter == ']');
            self.expect("]", "an attribute's name isn't closed")?;
            return Ok(Operand::Attribute(format!("{source}[{name}]").to_ascii_lowercase()));
        }
        if !self.sign("{") {
            return Ok(Operand::Values(vec![self.value()?]));
        }
        let mut values = vec![self.value()?];
        while self.sign(",") {
            values.push(self.value()?);
        }
        self.expect("}", "a brace isn't closed")?;
        Ok(Operand::Values(values))
    }

    /// A text in quotes, or a GUID, number or truth value without.
    fn value(&mut self) -> Result<String, ConditionError> {
        if self.sign("'") {
            let value = self.until(|letter| letter == '\'').to_owned();
            self.expect("'", "a quote isn't closed")?;
            return Ok(value);
        }
        self.space();
        let value = self.until(|letter| !letter.is_ascii_alphanumeric() && letter != '-' && letter != '.');
        if value.is_empty() { Err(self.error("a value is missing")) } else { Ok(value.to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITE: &str = "Microsoft.Authorization/roleAssignments/write";
    const ROLE: &str = "Microsoft.Authorization/roleAssignments:RoleDefinitionId";
    const TYPE: &str = "Microsoft.Authorization/roleAssignments:PrincipalType";
    const ADMIN: &str = "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b";

    #[test]
    fn what_the_portal_writes_holds_for_what_it_names() {
        let text = format!(
            "((!(ActionMatches{{'{WRITE}'}})) OR (@Request[{ROLE}] ForAnyOfAnyValues:GuidEquals {{{ADMIN}, \
             4633458b-17de-408a-b874-0445c86b69e6}} AND @Request[{TYPE}] ForAnyOfAnyValues:StringEqualsIgnoreCase \
             {{'ServicePrincipal'}}))"
        );
        let condition = Condition::parse(&text).expect("a condition");
        let request = |role: &str, kind: &str| {
            Attributes::default().with("Request", ROLE, role).with("Request", TYPE, kind)
        };
        let owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
        for (operation, attributes, expect) in [
            (WRITE, request(&ADMIN.to_uppercase(), "serviceprincipal"), true),
            (WRITE, request(owner, "ServicePrincipal"), false),
            (WRITE, request(ADMIN, "User"), false),
            (WRITE, Attributes::default(), false),
            ("Microsoft.Authorization/roleAssignments/delete", Attributes::default(), true),
        ] {
            assert_eq!(condition.holds(operation, &attributes), expect, "{operation} {attributes:?}");
        }
        assert_eq!(condition.text(), text);
    }

    #[test]
    fn terms_are_evaluated() {
        let attributes = Attributes::default().with("Resource", "a/b:c", "Value");
        for (text, expect) in [
            ("@Resource[a/b:c] StringEquals 'Value'", true),
            ("@Resource[A/B:C] stringequals 'Value'", true),
            ("@Resource[a/b:c] StringEquals 'value'", false),
            ("@Resource[a/b:c] StringNotEquals 'value'", true),
            ("@Resource[a/b:c] StringEqualsIgnoreCase 'value'", true),
            ("@Resource[a/b:c] StringLike 'V*e'", true),
            ("@Resource[a/b:c] StringStartsWith 'Va'", true),
            ("@Resource[a/b:c] StringNotStartsWith 'Va'", false),
            ("@Resource[a/b:c] ForAnyOfAllValues:StringNotEquals {'x', 'y'}", true),
            ("@Resource[a/b:c] ForAnyOfAllValues:StringNotEquals {'x', 'Value'}", false),
            ("@Resource[a/b:c] ForAnyOfAnyValues:StringNotEquals {'x', 'Value'}", true),
            ("@Request[a/b:c] StringEquals 'Value'", false),
            ("Exists @Resource[a/b:c]", true),
            ("NOT Exists @Request[a/b:c]", true),
            ("Exists @Request[x] && Exists @Resource[a/b:c] || Exists @Resource[a/b:c]", true),
            ("Exists @Resource[a/b:c] OR Exists @Resource[a/b:c] AND Exists @Request[x]", true),
            ("ActionMatches{'op/*'}", true),
            ("'1' NumericEquals 1", true),
        ] {
            let condition = Condition::parse(text).expect(text);
            assert_eq!(condition.holds("op/read", &attributes), expect, "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let deep = format!("{}Exists @Request[x]{}", "(".repeat(1000), ")".repeat(1000));
        let long = "x".repeat(LONGEST + 1);
        for text in [
            "",
            "(",
            "Exists",
            "Exists 'x'",
            "@Request[x",
            "@Request[x] StringEquals",
            "@Request[x] Resembles 'y'",
            "@Request[x] ForMost:StringEquals 'y'",
            "@Request[x] StringEquals 'y",
            "@Request[x] StringEquals {'y'",
            "Exists @Request[x] Exists @Request[x]",
            "ActionMatches'x'",
            "é",
            &deep,
            &long,
        ] {
            assert!(Condition::parse(text).is_err(), "{text}");
        }
    }
}
