//! A value inside a JSON text, found by a path: the `property` of a remote reference.
//!
//! Paths are gjson's: `a.b`, `a.0`, `a.#`, `a.#(x=="y").z`, `a*`, `{a,b}`, `@reverse`, `a|b`. The reading is as lenient as
//! gjson's: a text that is cut off still gives what stands before the cut, and of equal members the first counts.
//!
//! ```text
//! path ──▶ path (one component) ──▶ lookup ◀── scan (lenient JSON)
//!                                     └────▶ modifiers (@keys …)
//! ```

mod lookup;
mod modifiers;
mod path;
mod scan;

use scan::Found;

/// What a path leads to.
#[derive(Clone, PartialEq, Eq)]
pub struct Property {
    /// Text without quotes, numbers and words as they are, objects and lists as they are written, nothing for null.
    pub text: Vec<u8>,
}

impl std::fmt::Debug for Property {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Property(redacted)")
    }
}

/// Looks a property up: the whole as a path, and if that leads nowhere, with its dots taken for plain characters.
///
/// None where neither is there. A property that is null exists, and is empty.
pub fn property(json: &[u8], name: &str) -> Option<Property> {
    let mut found = lookup::get(json, name, 0);
    if !found.exists() && name.contains('.') {
        found = lookup::get(json, &name.replace('.', "\\."), 0);
    }
    found.exists().then(|| Property { text: found.text() })
}

/// Tests whether a text matches a pattern of `*`, `?` and escapes.
fn matches(text: &[u8], pattern: &[u8]) -> bool {
    // The place after the last star, and how much of the text it has taken: all there is to go back to.
    let (mut at, mut p) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        let (symbol, width) = match pattern.get(p) {
            Some(b'\\') if p + 1 < pattern.len() => (pattern.get(p + 1), 2),
            other => (other, 1),
        };
        match symbol {
            Some(b'*') if width == 1 => {
                star = Some((p + 1, at));
                p += 1;
            }
            Some(b'?') if width == 1 => {
                at += crate::format::quote::decode(&text[at..]).map_or(1, |(_, width)| width);
                p += 1;
            }
            Some(byte) if *byte == text[at] => {
                at += 1;
                p += width;
            }
            _ => match star {
                Some((after, taken)) => {
                    star = Some((after, taken + 1));
                    p = after;
                    at = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p.min(pattern.len())..].iter().all(|byte| *byte == b'*')
}

/// Nothing.
fn absent() -> Found {
    Found::default()
}
