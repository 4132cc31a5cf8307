//! kube-apiserver's token file: `token,user,uid,"group1,group2"` a line.

use std::collections::HashMap;
use std::fmt;

use super::User;

/// Users with static tokens.
#[derive(Clone, Default)]
pub struct TokenFile(HashMap<String, User>);

impl fmt::Debug for TokenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.values().map(|user| &user.name)).finish()
    }
}

/// The text is no token file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenFileError {
    /// A line has too few columns, or no token.
    #[error("line {line} of the token file needs token, user name and uid, separated by commas")]
    Columns {
        /// Counted from 1.
        line: usize,
    },
    /// A quote is not closed.
    #[error("line {line} of the token file has a quote that is not closed")]
    Quote {
        /// Counted from 1.
        line: usize,
    },
}

impl TokenFile {
    /// Reads the file's text. Empty lines and lines that begin with `#` are passed over.
    ///
    /// # Errors
    /// The first line that is wrong.
    pub fn parse(text: &str) -> Result<TokenFile, TokenFileError> {
        let mut users = HashMap::new();
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            let line_text = line.trim();
            if line_text.is_empty() || line_text.starts_with('#') {
                continue;
            }
            let columns = columns(line_text).ok_or(TokenFileError::Quote { line: number })?;
            let [token, name, uid, rest @ ..] = columns.as_slice() else {
                return Err(TokenFileError::Columns { line: number });
            };
            if token.is_empty() || name.is_empty() {
                return Err(TokenFileError::Columns { line: number });
            }
            let groups = rest.first().map(String::as_str).unwrap_or_default();
            let groups = groups
                .split(',')
                .map(str::trim)
                .filter(|group| !group.is_empty())
                .map(str::to_owned)
                .collect();
            let user = User { name: name.clone(), uid: uid.clone(), groups, ..User::default() };
            users.insert(token.clone(), user);
        }
        Ok(TokenFile(users))
    }

    /// The user of a token.
    pub(crate) fn user(&self, token: &str) -> Option<&User> {
        self.0.get(token)
    }
}

fn columns(line: &str) -> Option<Vec<String>> {
    let (mut out, mut current, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                current.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => out.push(std::mem::take(&mut current)),
            c => current.push(c),
        }
    }
    out.push(current);
    (!quoted).then(|| out.into_iter().map(|column| column.trim().to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_of_kube_apiserver() {
        let file =
            TokenFile::parse("# people\nadmintoken,admin,1,system:masters\nt2,bob,2,\"ops,dev\"\nt3,eve,3\n")
                .unwrap();
        assert_eq!(file.user("admintoken").unwrap().groups, ["system:masters"]);
        assert_eq!(file.user("t2").unwrap().groups, ["ops", "dev"]);
        assert_eq!(file.user("t3").unwrap().name, "eve");
        assert_eq!(file.user("nope"), None);
        assert_eq!(TokenFile::parse("a,b").unwrap_err(), TokenFileError::Columns { line: 1 });
        assert_eq!(TokenFile::parse("\na,b,c,\"d").unwrap_err(), TokenFileError::Quote { line: 2 });
    }

    #[test]
    fn tokens_do_not_print() {
        let file = TokenFile::parse("secret,bob,1").unwrap();
        assert_eq!(format!("{file:?}"), "{\"bob\"}");
    }
}
