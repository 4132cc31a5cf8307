//! Globs as Argo CD matches them: `*` for any text, `?` for one character, `{a,b}` for either.

/// Whether `text` as a whole matches `pattern`. Bounded: alternatives are tried, stars do not backtrack beyond the last.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    alternatives(pattern, 64).iter().any(|pattern| simple(pattern.as_bytes(), text.as_bytes()))
}

/// Expands `{a,b}`; at most `limit` patterns come out.
fn alternatives(pattern: &str, limit: usize) -> Vec<String> {
    let Some(open) = pattern.find('{') else { return vec![pattern.to_owned()] };
    let Some(close) = pattern[open..].find('}').map(|close| open + close) else {
        return vec![pattern.to_owned()];
    };
    let (before, after) = (&pattern[..open], &pattern[close + 1..]);
    let tails = alternatives(after, limit);
    let mut expanded = Vec::new();
    for choice in pattern[open + 1..close].split(',') {
        for tail in &tails {
            if expanded.len() >= limit {
                return expanded;
            }
            expanded.push(format!("{before}{choice}{tail}"));
        }
    }
    expanded
}

fn simple(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if p < pattern.len() && pattern[p] == b'*' {
            star = Some((p, t));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == text[t] || pattern[p] == b'?') {
            p += 1;
            t += 1;
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            p = at + 1;
            t = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_as_a_whole() {
        for (pattern, text, expect) in [
            ("*", "anything/at all", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("a?c", "abc", true),
            ("**", "", true),
            ("{*.yaml,*.yml}", "a/b.yml", true),
            ("{a,b}{c,d}", "bd", true),
            ("{a,b}", "c", false),
            ("", "", true),
            ("x", "", false),
        ] {
            assert_eq!(matches(pattern, text), expect, "{pattern} {text}");
        }
    }
}
