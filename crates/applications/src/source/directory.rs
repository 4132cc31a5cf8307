//! A directory of plain manifests.

use gangplank_yaml::{Dialect, Documents, node_to_json};
use serde_json::Value;

use super::reads::Recorder;
use crate::glob::matches;
use crate::spec::DirectorySpec;

/// How many directories deep is looked.
const DEPTH: usize = 64;

/// Reads all manifests of a directory. The error names file and place.
pub(super) fn render(files: &Recorder, path: &str, options: &DirectorySpec) -> Result<Vec<Value>, String> {
    let mut objects = Vec::new();
    walk(files, path, path, options, DEPTH, &mut objects)?;
    Ok(objects)
}

fn walk(
    files: &Recorder,
    root: &str,
    directory: &str,
    options: &DirectorySpec,
    depth: usize,
    objects: &mut Vec<Value>,
) -> Result<(), String> {
    if depth == 0 {
        return Err(format!("{directory}: more than {DEPTH} directories deep"));
    }
    for name in files.names(directory).unwrap_or_default() {
        let path = if directory.is_empty() { name } else { format!("{directory}/{name}") };
        if files.directory(&path).is_some() {
            if options.recurse {
                walk(files, root, &path, options, depth - 1, objects)?;
            }
            continue;
        }
        let relative = path.strip_prefix(root).unwrap_or(&path).trim_start_matches('/');
        let wanted = (options.include.is_empty() || matches(&options.include, relative))
            && (options.exclude.is_empty() || !matches(&options.exclude, relative));
        if !wanted {
            continue;
        }
        let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
        match extension {
            "yaml" | "yml" | "json" => {
                let bytes = files.read(&path).unwrap_or_else(|| [].into());
                let text = std::str::from_utf8(&bytes).map_err(|_| format!("{path} is not UTF-8"))?;
                parse(&path, text, objects)?;
            }
            "jsonnet" => return Err(format!("{path}: jsonnet is not supported by gangplank")),
            _ => {}
        }
    }
    Ok(())
}

/// Reads all documents of a text, Lists expanded; documents without content are left out.
pub(super) fn parse(path: &str, text: &str, objects: &mut Vec<Value>) -> Result<(), String> {
    let failed = |error: gangplank_yaml::Error| error.render(path, text);
    let mut documents = Documents::new(text).map_err(failed)?;
    while let Some(document) = documents.next_document().map_err(failed)? {
        let object = node_to_json(&document, Dialect::SigsV2).map_err(failed)?;
        if object.is_null() || object.as_object().is_some_and(serde_json::Map::is_empty) {
            continue;
        }
        add(path, object, objects)?;
    }
    Ok(())
}

/// Adds an object, or the items of a List.
pub(super) fn add(place: &str, object: Value, objects: &mut Vec<Value>) -> Result<(), String> {
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
    let version = object.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    if kind.is_empty() || version.is_empty() {
        return Err(format!("{place}: an object without apiVersion or kind"));
    }
    if kind.ends_with("List") && object.get("items").is_some_and(Value::is_array) {
        let Value::Object(mut list) = object else { return Ok(()) };
        if let Some(Value::Array(items)) = list.remove("items") {
            for item in items {
                add(place, item, objects)?;
            }
        }
        return Ok(());
    }
    let metadata = object.get("metadata");
    let named = ["name", "generateName"].iter().any(|field| {
        metadata
            .and_then(|metadata| metadata.get(field))
            .and_then(Value::as_str)
            .is_some_and(|name| !name.is_empty())
    });
    if !named {
        return Err(format!("{place}: {kind} without a name"));
    }
    objects.push(object);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::files::FileTree;

    #[track_caller]
    fn check(files: &[(&str, &str)], options: DirectorySpec, expect: Result<&str, &str>) {
        let mut tree = FileTree::new();
        for (path, content) in files {
            tree.insert(path, content.as_bytes().into());
        }
        let names = render(&Recorder::new(Arc::new(tree)), "app", &options).map(|objects| {
            objects.iter().filter_map(|o| o["metadata"]["name"].as_str()).collect::<Vec<_>>().join(" ")
        });
        match (names, expect) {
            (Ok(names), Ok(expect)) => assert_eq!(names, expect),
            (Err(error), Err(expect)) => assert!(error.contains(expect), "{error}"),
            (got, expect) => panic!("{got:?}, not {expect:?}"),
        }
    }

    fn object(name: &str) -> String {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n")
    }

    #[test]
    fn reads_what_is_asked_for() {
        let (a, b, c) = (format!("{}---\n---\n{}", object("a1"), object("a2")), object("b"), object("c"));
        let files = [
            ("app/a.yaml", a.as_str()),
            ("app/sub/b.yml", &b),
            ("app/c.json.txt", "x"),
            ("other/c.yaml", &c),
        ];
        check(&files, DirectorySpec::default(), Ok("a1 a2"));
        check(&files, DirectorySpec { recurse: true, ..DirectorySpec::default() }, Ok("a1 a2 b"));
        let recurse = |include: &str, exclude: &str| DirectorySpec {
            recurse: true,
            include: include.into(),
            exclude: exclude.into(),
            jsonnet: None,
        };
        check(&files, recurse("{sub/*,x}", ""), Ok("b"));
        check(&files, recurse("", "sub/*"), Ok("a1 a2"));
    }

    #[test]
    fn lists_are_expanded_and_rubbish_is_named() {
        let list =
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: s}\n";
        check(&[("app/l.yaml", list)], DirectorySpec::default(), Ok("s"));
        check(
            &[("app/x.yaml", "a: b")],
            DirectorySpec::default(),
            Err("app/x.yaml: an object without apiVersion"),
        );
        check(&[("app/x.yaml", "a: [")], DirectorySpec::default(), Err("app/x.yaml"));
        check(
            &[("app/x.yaml", "apiVersion: v1\nkind: Secret")],
            DirectorySpec::default(),
            Err("Secret without a name"),
        );
        check(&[("app/x.jsonnet", "")], DirectorySpec::default(), Err("jsonnet"));
    }
}
