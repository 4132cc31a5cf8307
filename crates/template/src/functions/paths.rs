//! Slash-separated paths. The `os…` twins are the same: External Secrets runs on Linux.

use super::{Function, Type};
use crate::value::Value;

const S: Type = Type::String;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("base", &[S], |call| Ok(base(&call.text(0)).to_vec().into())),
    Function::new("osBase", &[S], |call| Ok(base(&call.text(0)).to_vec().into())),
    Function::new("dir", &[S], |call| Ok(directory(&call.text(0)).into())),
    Function::new("osDir", &[S], |call| Ok(directory(&call.text(0)).into())),
    Function::new("clean", &[S], |call| Ok(clean(&call.text(0)).into())),
    Function::new("osClean", &[S], |call| Ok(clean(&call.text(0)).into())),
    Function::new("ext", &[S], |call| Ok(extension(&call.text(0)).to_vec().into())),
    Function::new("osExt", &[S], |call| Ok(extension(&call.text(0)).to_vec().into())),
    Function::new("isAbs", &[S], |call| Ok(Value::Bool(call.text(0).starts_with(b"/")))),
    Function::new("osIsAbs", &[S], |call| Ok(Value::Bool(call.text(0).starts_with(b"/")))),
];

fn base(path: &[u8]) -> &[u8] {
    if path.is_empty() {
        return b".";
    }
    let end = path.iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
    let path = &path[..end];
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    if name.is_empty() { b"/" } else { name }
}

fn directory(path: &[u8]) -> Vec<u8> {
    let end = path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    clean(&path[..end])
}

fn extension(path: &[u8]) -> &[u8] {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    name.iter().rposition(|byte| *byte == b'.').map_or(b"", |dot| &name[dot..])
}

/// The shortest equal path: without `.`, empty parts, and `..` where something stands before it.
pub(super) fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.starts_with(b"/");
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|last| *last != b"..") => {
                parts.pop();
            }
            b".." if rooted => {}
            other => parts.push(other),
        }
    }
    let joined = parts.join(&b'/');
    match (rooted, joined.is_empty()) {
        (true, _) => [b"/", &*joined].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => joined,
    }
}
