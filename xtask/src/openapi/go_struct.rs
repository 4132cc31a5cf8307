//! Reads as much of Go's source as the table needs: the fields of structs with their JSON names and types.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// One field as it stands in JSON.
#[derive(Clone)]
pub(super) struct Field {
    pub(super) name: String,
    /// The type as Go prints it: `[]v1.Container`, `*int32`, `map[string]string`.
    pub(super) go_type: String,
    /// Which option of the tag leaves the field out of the JSON: `omitempty`, `omitzero`, or none.
    pub(super) omitted: &'static str,
}

/// A member of a struct as written: a field, or another struct whose fields are its own.
#[derive(Clone)]
enum Member {
    Field(Field),
    Embedded(String),
}

/// The structs of one Go package.
pub(super) struct Package {
    structs: BTreeMap<String, Vec<Member>>,
}

impl Package {
    /// Reads the package in a folder, without tests and generated files.
    pub(super) fn read(folder: &Path) -> Result<Self, String> {
        let mut package = Self { structs: BTreeMap::new() };
        let shown = folder.display();
        let entries = fs::read_dir(folder).map_err(|error| format!("cannot read {shown}: {error}"))?;
        for entry in entries {
            let path = entry.map_err(|error| format!("cannot read {shown}: {error}"))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let generated =
                name.starts_with("zz_") || name.contains("generated") || name.ends_with("_test.go");
            if name.ends_with(".go") && !generated {
                let text = fs::read_to_string(&path)
                    .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
                let own = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                package.read_file(&text, own);
            }
        }
        Ok(package)
    }

    /// The fields of a struct in their order, those of embedded structs in the place where these stand.
    pub(super) fn fields(&self, type_name: &str) -> Option<Vec<Field>> {
        let mut out = Vec::new();
        for member in self.structs.get(type_name)? {
            match member {
                Member::Field(field) => out.push(field.clone()),
                Member::Embedded(other) if other.ends_with("TypeMeta") => out.extend(type_meta()),
                Member::Embedded(other) => out.extend(self.fields(other.rsplit('.').next()?)?),
            }
        }
        Some(out)
    }

    fn read_file(&mut self, text: &str, own: &str) {
        let mut aliases = BTreeMap::new();
        let mut current: Option<(String, Vec<Member>)> = None;
        for line in text.lines() {
            let code = line.trim();
            if current.is_none() {
                if let Some((alias, path)) = code.trim_start_matches("import ").split_once(" \"") {
                    let package = path.trim_end_matches('"').rsplit('/').next().unwrap_or_default();
                    aliases.insert(alias.to_owned(), package.to_owned());
                }
                if let Some(name) = line.strip_prefix("type ").and_then(|rest| rest.strip_suffix(" struct {"))
                {
                    current = Some((name.to_owned(), Vec::new()));
                }
                continue;
            }
            if line == "}" {
                self.structs.extend(current.take());
            } else if let (Some((_, members)), Some(member)) = (&mut current, member(code, own, &aliases)) {
                members.push(member);
            }
        }
    }
}

fn type_meta() -> [Field; 2] {
    ["kind", "apiVersion"].map(|name| Field {
        name: name.to_owned(),
        go_type: "string".to_owned(),
        omitted: "omitempty",
    })
}

/// A line of a struct: `Name Type` and a tag in backquotes, or an embedded type and its tag.
fn member(code: &str, own: &str, aliases: &BTreeMap<String, String>) -> Option<Member> {
    if code.starts_with("//") {
        return None;
    }
    let (declaration, tag) = code.split_once('`')?;
    let json = tag.split_once("json:\"")?.1.split_once('"')?.0;
    let (name, options) = json.split_once(',').unwrap_or((json, ""));
    let words: Vec<&str> = declaration.split_whitespace().collect();
    match (words.as_slice(), name) {
        ([_, _], "-") => None,
        ([go_type] | [_, go_type], name) if !name.is_empty() => Some(Member::Field(Field {
            name: name.to_owned(),
            go_type: qualified(go_type, own, aliases),
            // Where both are given, the one that omits more counts.
            omitted: ["omitzero", "omitempty"]
                .into_iter()
                .find(|option| options.contains(option))
                .unwrap_or(""),
        })),
        ([embedded] | [_, embedded], "") => Some(Member::Embedded((*embedded).to_owned())),
        _ => None,
    }
}

/// Gives every name of a type its package's name, as Go's reflection prints it.
fn qualified(go_type: &str, own: &str, aliases: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = go_type;
    while !rest.is_empty() {
        let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').unwrap_or(rest.len());
        if word == 0 {
            let next = rest.chars().next().map_or(1, char::len_utf8);
            out.push_str(&rest[..next]);
            rest = &rest[next..];
            continue;
        }
        let name = &rest[..word];
        match name.split_once('.') {
            Some((alias, name)) => {
                out.push_str(aliases.get(alias).map_or(alias, String::as_str));
                out.push('.');
                out.push_str(name);
            }
            None if name.starts_with(|c: char| c.is_uppercase()) => {
                out.push_str(own);
                out.push('.');
                out.push_str(name);
            }
            None => out.push_str(name),
        }
        rest = &rest[word..];
    }
    out
}
