//! The files of one commit, in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::mirrors::{Commit, Limits};

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    Regular,
    /// A regular file with the executable bit.
    Executable,
    /// A symbolic link; its bytes are the target.
    Symlink,
}

/// A file of a [`Tree`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// What it is.
    pub kind: FileKind,
    /// Its content. Equal content of two trees of one repository is usually the same allocation.
    pub bytes: Arc<[u8]>,
    /// Git's object id of the content.
    pub object: Arc<str>,
}

/// All files of one commit by their path from the root, `/`-separated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// The commit.
    pub commit: Commit,
    /// The files.
    pub files: BTreeMap<String, File>,
    /// The paths of submodules, whose content is not read.
    pub submodules: Vec<String>,
}

/// A line of `git ls-tree`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) path: String,
    pub(crate) kind: FileKind,
    pub(crate) object: Arc<str>,
    pub(crate) size: u64,
}

/// What `git ls-tree -r -l -z` listed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    pub(crate) files: Vec<Listed>,
    pub(crate) submodules: Vec<String>,
}

/// Reads the output of `git ls-tree -r -l -z`. The error says what was unexpected.
///
/// A path that is not UTF-8 is left out: nothing that we render can name it.
pub(crate) fn parse_listing(output: &[u8]) -> Result<Listing, String> {
    let mut listing = Listing::default();
    for line in output.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
        let text = match std::str::from_utf8(line) {
            Ok(text) => text,
            Err(_) => continue,
        };
        let unexpected = || format!("the line {text:?}");
        let (facts, path) = text.split_once('\t').ok_or_else(unexpected)?;
        let facts: Vec<&str> = facts.split_ascii_whitespace().collect();
        let [mode, _, object, size] = facts.as_slice() else { return Err(unexpected()) };
        let kind = match *mode {
            "160000" => {
                listing.submodules.push(path.to_owned());
                continue;
            }
            "120000" => FileKind::Symlink,
            "100755" => FileKind::Executable,
            _ => FileKind::Regular,
        };
        let size = size.parse().map_err(|_| unexpected())?;
        listing.files.push(Listed { path: path.to_owned(), kind, object: (*object).into(), size });
    }
    Ok(listing)
}

impl Listing {
    /// Says what of the listing is over a limit, with the limit.
    pub(crate) fn over(&self, limits: &Limits) -> Option<(String, u64)> {
        let bytes: u64 = self.files.iter().map(|file| file.size).sum();
        if self.files.len() as u64 > limits.files {
            Some((format!("{} files", self.files.len()), limits.files))
        } else if bytes > limits.bytes {
            Some((format!("{bytes} bytes"), limits.bytes))
        } else {
            None
        }
    }
}

/// Reads the output of `git cat-file --batch` for `objects`, in their order. The error says what was unexpected.
pub(crate) fn parse_batch(
    mut output: &[u8],
    objects: &[Arc<str>],
) -> Result<HashMap<Arc<str>, Arc<[u8]>>, String> {
    let mut contents = HashMap::with_capacity(objects.len());
    for object in objects {
        let end = output.iter().position(|byte| *byte == b'\n').ok_or("a short answer")?;
        let header = String::from_utf8_lossy(&output[..end]).into_owned();
        let size: usize = header
            .strip_prefix(object.as_ref())
            .and_then(|rest| rest.strip_prefix(" blob "))
            .and_then(|size| size.parse().ok())
            .ok_or_else(|| format!("{header:?} for {object}"))?;
        let start = end + 1;
        let content = output.get(start..start + size).ok_or("a short object")?;
        contents.insert(object.clone(), Arc::from(content));
        output = output.get(start + size + 1..).ok_or("an object without its end")?;
    }
    Ok(contents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_listings() {
        let output = b"100644 blob aaa      12\ta b.yaml\x00120000 blob bbb 3\tlink\x00160000 commit ccc       -\tsub\x00";
        let file = |path: &str, kind, object: &str, size| Listed {
            path: path.into(),
            kind,
            object: object.into(),
            size,
        };
        assert_eq!(
            parse_listing(output),
            Ok(Listing {
                files: vec![
                    file("a b.yaml", FileKind::Regular, "aaa", 12),
                    file("link", FileKind::Symlink, "bbb", 3)
                ],
                submodules: vec!["sub".into()],
            })
        );
        assert!(parse_listing(b"rubbish\x00").is_err());
    }

    #[test]
    fn reads_batches() {
        let objects: Vec<Arc<str>> = vec!["aaa".into(), "bbb".into()];
        let contents = parse_batch(b"aaa blob 3\nx\ny\nbbb blob 0\n\n", &objects).unwrap();
        assert_eq!(&*contents["aaa"], b"x\ny");
        assert_eq!(&*contents["bbb"], b"");
        for output in [&b"aaa missing\n"[..], b"aaa blob 9\nx", b"aaa blob 1\nx", b""] {
            assert!(parse_batch(output, &objects).is_err(), "{output:?}");
        }
    }
}
