//! Values in JSON text, leniently: what is cut off ends where the text ends.

/// The first object or array of a text; what stands before it is passed over.
pub(super) fn container(json: &str) -> Option<&str> {
    json.find(['{', '[']).map(|start| &json[start..])
}

/// Where the value that begins at `start` ends.
fn value_end(bytes: &[u8], start: usize) -> usize {
    match bytes.get(start) {
        Some(b'"') => string_end(bytes, start),
        Some(b'{' | b'[') => {
            let (mut at, mut depth) = (start, 0_usize);
            while let Some(byte) = bytes.get(at) {
                match byte {
                    b'"' => {
                        at = string_end(bytes, at);
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => {
                        depth -= 1;
                        if depth == 0 {
                            return at + 1;
                        }
                    }
                    _ => {}
                }
                at += 1;
            }
            bytes.len()
        }
        _ => {
            let ends = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b':') || byte.is_ascii_whitespace();
            bytes[start..].iter().position(ends).map_or(bytes.len(), |length| start + length)
        }
    }
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn skip(bytes: &[u8], at: usize, what: impl Fn(u8) -> bool) -> usize {
    bytes[at.min(bytes.len())..].iter().position(|byte| !what(*byte)).map_or(bytes.len(), |length| at + length)
}

fn is_between(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == b','
}

/// The members of an object: quoted name and raw value.
pub(super) fn members(json: &str) -> impl Iterator<Item = (&str, &str)> {
    let bytes = json.as_bytes();
    let mut at = 1;
    std::iter::from_fn(move || {
        at = skip(bytes, at, is_between);
        if bytes.get(at) != Some(&b'"') {
            return None;
        }
        let name_end = string_end(bytes, at);
        let name = json.get(at..name_end)?;
        let start = skip(bytes, name_end, |byte| byte.is_ascii_whitespace() || byte == b':');
        at = value_end(bytes, start);
        let value = json.get(start..at).filter(|value| !value.is_empty())?;
        Some((name, value))
    })
}

/// The raw elements of an array.
pub(super) fn elements(json: &str) -> impl Iterator<Item = &str> {
    let bytes = json.as_bytes();
    let mut at = 1;
    std::iter::from_fn(move || {
        let start = skip(bytes, at, is_between);
        if matches!(bytes.get(start), None | Some(b']' | b'}' | b':')) {
            return None;
        }
        at = value_end(bytes, start);
        json.get(start..at)
    })
}
