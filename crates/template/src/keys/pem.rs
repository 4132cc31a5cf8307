//! PEM blocks, found and written as Go does.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::encode;

/// The label of certificates.
pub(crate) const CERTIFICATE: &str = "CERTIFICATE";
/// The label of keys in PKCS#8.
pub(crate) const PRIVATE_KEY: &str = "PRIVATE KEY";

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"\n-----END ";
const DASHES: &[u8] = b"-----";
const LINE: usize = 64;

/// One block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) label: String,
    /// Headers in the order of their names.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) bytes: Vec<u8>,
}

impl Block {
    pub(crate) fn new(label: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self { label: label.to_owned(), headers: Vec::new(), bytes: bytes.into() }
    }

    /// The block as text.
    pub(crate) fn encode(&self) -> String {
        let mut out = format!("-----BEGIN {}-----\n", self.label);
        for (name, value) in &self.headers {
            out.push_str(&format!("{name}: {value}\n"));
        }
        if !self.headers.is_empty() {
            out.push('\n');
        }
        let text = STANDARD.encode(&self.bytes);
        for line in text.as_bytes().chunks(LINE) {
            out.push_str(&String::from_utf8_lossy(line));
            out.push('\n');
        }
        out.push_str(&format!("-----END {}-----\n", self.label));
        out
    }
}

/// The first line without its end, and what follows.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    let (line, rest) = match text.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&text[..end], &text[end + 1..]),
        None => (text, &text[text.len()..]),
    };
    (line.trim_ascii_end(), rest)
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

fn find_last(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).rposition(|window| window == wanted)
}

/// The next block and what follows it. Lines before it, and blocks that are broken, are passed over.
pub(crate) fn decode(text: &[u8]) -> Option<(Block, &[u8])> {
    let mut rest = text;
    loop {
        let end = find(rest, END)?;
        let after_end = end + END.len();
        // The last beginning before the first end: beginnings without an end are skipped.
        let begin = find_last(&rest[..end], BEGIN).filter(|begin| *begin == 0 || rest[begin - 1] == b'\n');
        if let Some(begin) = begin
            && let Some((block, length)) = decode_at(&rest[begin + BEGIN.len()..])
        {
            return Some((block, &rest[begin + BEGIN.len() + length..]));
        }
        rest = &rest[after_end..];
    }
}

/// Reads a block whose text begins at its label; the block and its length.
fn decode_at(text: &[u8]) -> Option<(Block, usize)> {
    let (first, mut rest) = line(text);
    let label = first.strip_suffix(DASHES)?;
    let mut headers = Vec::new();
    loop {
        if rest.is_empty() {
            return None;
        }
        let (header, next) = line(rest);
        let Some(colon) = header.iter().position(|byte| *byte == b':') else {
            break;
        };
        let part = |bytes: &[u8]| String::from_utf8_lossy(bytes.trim_ascii()).into_owned();
        headers.push((part(&header[..colon]), part(&header[colon + 1..])));
        rest = next;
    }
    // An empty block has no line between its first and its last, so that one newline serves both.
    let (body, trailer) = if rest.starts_with(&END[1..]) && headers.is_empty() {
        (&rest[..0], &rest[END.len() - 1..])
    } else {
        let end = find(rest, END)?;
        (&rest[..end], &rest[end + END.len()..])
    };
    let after_label = trailer.strip_prefix(label)?.strip_prefix(DASHES)?;
    let (remainder, after) = line(after_label);
    if !remainder.is_empty() {
        return None;
    }
    let digits: Vec<u8> = body.iter().copied().filter(|byte| !matches!(byte, b' ' | b'\t')).collect();
    let bytes = encode::decode_base64(&digits, false).ok()?;
    headers.sort();
    let label = String::from_utf8_lossy(label).into_owned();
    Some((Block { label, headers, bytes }, text.len() - after.len()))
}

/// All blocks in order, and what is left where no further one follows.
pub(crate) fn decode_all(text: &[u8]) -> (Vec<Block>, &[u8]) {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((block, after)) = decode(rest) {
        blocks.push(block);
        rest = after;
    }
    (blocks, rest)
}
