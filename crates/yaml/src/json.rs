//! Trees to JSON values, by the rules of either dialect.

use serde_json::{Map, Value};

use crate::error::Error;
use crate::node::{Content, Node};
use crate::number::Number;
use crate::parse::parse_first_as;
use crate::resolve::{Dialect, Resolved, resolve};

/// Reads the first document of a text into a JSON value, as `yaml.Unmarshal` of go-yaml v3 or `YAMLToJSON` of
/// `sigs.k8s.io/yaml` do. Integers that fit 64 bits are exact, all other numbers are floats.
///
/// # Errors
/// The text is no YAML, or holds what JSON can't: infinities, keys that are no scalars. With [`Dialect::GoV3`] also a
/// key that stands twice or is no string; with [`Dialect::SigsV2`] the last one wins and keys become strings.
pub fn to_json(text: &str, dialect: Dialect) -> Result<Value, Error> {
    node_to_json(&parse_first_as(text, dialect)?, dialect)
}

/// A tree as a JSON value, see [`to_json`].
///
/// # Errors
/// As [`to_json`].
pub fn node_to_json(node: &Node, dialect: Dialect) -> Result<Value, Error> {
    match &node.content {
        Content::Scalar { .. } => scalar(node, dialect),
        Content::Sequence { items, .. } => items
            .iter()
            .map(|item| node_to_json(item, dialect))
            .collect::<Result<Vec<_>, _>>()
            .map(Value::Array),
        Content::Mapping { entries, .. } => {
            let mut map = Map::new();
            let mut merges = Vec::new();
            for (key, value) in entries {
                if is_merge(key, dialect) {
                    match dialect {
                        // Version 2 merges on the spot, so that later keys win; version 3 at the end.
                        Dialect::SigsV2 => merge(value, dialect, &mut map, true)?,
                        Dialect::GoV3 => merges.push(value),
                    }
                    continue;
                }
                let name = key_text(key, dialect)?;
                let value = node_to_json(value, dialect)?;
                if map.insert(name.clone(), value).is_some() && dialect == Dialect::GoV3 {
                    return Err(Error::new(format!("the key {name:?} stands here twice"), key.span.start));
                }
            }
            if let Some(value) = merges.pop() {
                merge(value, dialect, &mut map, false)?;
            }
            Ok(Value::Object(map))
        }
    }
}

/// Whether a key is the merge key `<<`.
pub fn is_merge(key: &Node, dialect: Dialect) -> bool {
    match &key.content {
        Content::Scalar { text, style } if text == "<<" => {
            matches!(resolve(text, *style, key.tag.as_deref(), dialect), Ok(Resolved::Merge))
        }
        _ => false,
    }
}

fn merge(
    value: &Node,
    dialect: Dialect,
    into: &mut Map<String, Value>,
    overwrite: bool,
) -> Result<(), Error> {
    let sources: Vec<&Node> = match &value.content {
        Content::Mapping { .. } => vec![value],
        // Earlier sources win over later ones.
        Content::Sequence { items, .. } if overwrite => items.iter().rev().collect(),
        Content::Sequence { items, .. } => items.iter().collect(),
        Content::Scalar { .. } => Vec::new(),
    };
    let all_maps = sources.iter().all(|source| matches!(source.content, Content::Mapping { .. }));
    if !all_maps || matches!(value.content, Content::Scalar { .. }) {
        return Err(Error::new("'<<' takes a mapping or a list of mappings", value.span.start));
    }
    for source in sources {
        if let Value::Object(map) = node_to_json(source, dialect)? {
            for (key, value) in map {
                if overwrite {
                    into.insert(key, value);
                } else {
                    into.entry(key).or_insert(value);
                }
            }
        }
    }
    Ok(())
}

fn key_text(key: &Node, dialect: Dialect) -> Result<String, Error> {
    let Content::Scalar { text, style } = &key.content else {
        return Err(Error::new("a list or a mapping can't be a key", key.span.start));
    };
    let resolved =
        resolve(text, *style, key.tag.as_deref(), dialect).map_err(|m| Error::new(m, key.span.start))?;
    match (dialect, resolved) {
        (_, Resolved::Text | Resolved::Merge) | (Dialect::SigsV2, Resolved::Timestamp(_)) => Ok(text.clone()),
        (Dialect::SigsV2, Resolved::Bool(value)) => Ok(value.to_string()),
        (Dialect::SigsV2, Resolved::Number(number)) => {
            Ok(number.to_yaml().unwrap_or_else(|| text.trim_start_matches('+').to_lowercase()))
        }
        (Dialect::SigsV2, Resolved::Null) => Err(Error::new("null can't be a key", key.span.start)),
        (Dialect::GoV3, _) => {
            Err(Error::new(format!("the key {text:?} is no string: quote it"), key.span.start))
        }
    }
}

fn scalar(node: &Node, dialect: Dialect) -> Result<Value, Error> {
    let Content::Scalar { text, style } = &node.content else { return Ok(Value::Null) };
    let at = node.span.start;
    if node.tag.as_deref() == Some("!!binary") {
        let bytes = decode_base64(text).ok_or_else(|| Error::new("!!binary is followed by no base64", at))?;
        return Ok(Value::String(String::from_utf8_lossy(&bytes).into_owned()));
    }
    Ok(match resolve(text, *style, node.tag.as_deref(), dialect).map_err(|m| Error::new(m, at))? {
        Resolved::Null => Value::Null,
        Resolved::Bool(value) => Value::Bool(value),
        Resolved::Number(Number::Int(number)) => Value::from(number),
        Resolved::Number(Number::Uint(number)) => Value::from(number),
        Resolved::Number(Number::Float(number)) => match serde_json::Number::from_f64(number) {
            Some(number) => Value::Number(number),
            None => return Err(Error::new(format!("JSON has no number {text}: quote it"), at)),
        },
        Resolved::Timestamp(time) if dialect == Dialect::GoV3 => Value::String(time),
        Resolved::Timestamp(_) | Resolved::Text | Resolved::Merge => Value::String(text.clone()),
    })
}

/// Standard base64 with padding, line breaks ignored, as Go's decoder reads it.
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count, mut padding) = (0_u32, 0_u8, 0_u8);
    for byte in text.bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'\r' | b'\n' => continue,
            b'=' => {
                padding += 1;
                if count + padding > 4 || count < 2 {
                    return None;
                }
                continue;
            }
            _ => return None,
        };
        if padding > 0 {
            return None;
        }
        bits = bits << 6 | u32::from(six);
        count += 1;
        if count == 4 {
            out.extend_from_slice(&bits.to_be_bytes()[1..]);
            (bits, count) = (0, 0);
        }
    }
    match (count, padding) {
        (0, 0) => {}
        (2, 2) => out.push((bits >> 4) as u8),
        (3, 1) => out.extend_from_slice(&(bits >> 2).to_be_bytes()[2..]),
        _ => return None,
    }
    Some(out)
}
