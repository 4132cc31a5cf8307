//! A cache of shallow mirrors, one for each pair of URL and access.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::RandomState;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::time::Instant;

use tokio::sync::Mutex;

use crate::access::Access;
use crate::command::{Git, Run, check_url, without_login};
use crate::error::{Error, Refusal};
use crate::tree::{File, Tree, parse_batch, parse_listing};

/// How many trees of one repository are kept: the one in use, and the one being replaced.
const TREES: usize = 2;

/// How many mirrors of one URL are kept, each for another login.
const ACCESSES: usize = 4;

/// Git's full id of a commit, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Commit(Arc<str>);

impl Commit {
    /// Takes a full id: 40 (SHA-1) or 64 (SHA-256) hexadecimal digits.
    pub fn parse(text: &str) -> Option<Commit> {
        let full = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        full.then(|| Commit(text.to_ascii_lowercase().into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What a tree may hold at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The number of files.
    pub files: u64,
    /// The sum of their sizes in bytes.
    pub bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { files: 500_000, bytes: 512 << 20 }
    }
}

/// The mirrors; clones share them. They live in a directory of their own that goes when the last clone does.
#[derive(Clone)]
pub struct Mirrors {
    inner: Arc<Inner>,
}

struct Inner {
    git: Git,
    limits: Limits,
    directory: tempfile::TempDir,
    hasher: RandomState,
    mirrors: SyncMutex<HashMap<(String, u64), Arc<Mirror>>>,
    numbers: AtomicUsize,
}

struct Mirror {
    number: usize,
    url: String,
    directory: PathBuf,
    listing: Mutex<Option<(Instant, Arc<References>)>>,
    trees: Mutex<Trees>,
}

impl Drop for Mirror {
    fn drop(&mut self) {
        // What can't be removed now goes with the whole cache.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

#[derive(Default)]
struct Trees {
    prepared: bool,
    kept: VecDeque<Arc<Tree>>,
}

/// The references of a repository, as `git ls-remote` lists them.
#[derive(Debug, Default, PartialEq, Eq)]
struct References {
    by_name: HashMap<String, Commit>,
}

impl Mirrors {
    /// Opens an empty cache in a new directory below `root`, which is made when it does not exist.
    pub async fn open(git: Git, root: &Path, limits: Limits) -> Result<Mirrors, Error> {
        let directory_error = |source| Error::Directory { path: root.to_owned(), source };
        tokio::fs::create_dir_all(root).await.map_err(directory_error)?;
        let directory =
            tempfile::Builder::new().prefix("mirrors-").tempdir_in(root).map_err(directory_error)?;
        let inner = Inner {
            git,
            limits,
            directory,
            hasher: RandomState::new(),
            mirrors: SyncMutex::default(),
            numbers: AtomicUsize::new(0),
        };
        Ok(Mirrors { inner: Arc::new(inner) })
    }

    /// Returns the commit that `revision` is now: `HEAD` or empty, a branch, a tag, a full reference, or a commit's id.
    ///
    /// A branch wins over a tag of the same name. All who ask at once are served by one question to the server.
    pub async fn resolve(&self, url: &str, revision: &str, access: &Access) -> Result<Commit, Error> {
        check_url(url)?;
        if let Some(commit) = Commit::parse(revision) {
            return Ok(commit);
        }
        let mirror = self.mirror(url, access);
        let references = self.references(&mirror, access).await?;
        references.find(revision).ok_or_else(|| Error::UnknownRevision {
            revision: revision.to_owned(),
            repository: without_login(url),
        })
    }

    /// Returns the files of `commit`, from memory, from the mirror, or by a shallow fetch.
    pub async fn tree(&self, url: &str, commit: &Commit, access: &Access) -> Result<Arc<Tree>, Error> {
        check_url(url)?;
        let mirror = self.mirror(url, access);
        let mut trees = mirror.trees.lock().await;
        if let Some(tree) = trees.kept.iter().find(|tree| tree.commit == *commit) {
            return Ok(tree.clone());
        }
        if !trees.prepared {
            self.prepare(&mirror).await?;
            trees.prepared = true;
        }
        self.fetch(&mirror, commit, access).await?;
        let tree = Arc::new(self.read(&mirror, commit, &trees.kept).await?);
        trees.kept.push_front(tree.clone());
        trees.kept.truncate(TREES);
        Ok(tree)
    }

    fn mirror(&self, url: &str, access: &Access) -> Arc<Mirror> {
        let key = (url.to_owned(), access.fingerprint(&self.inner.hasher));
        let mut mirrors = self.inner.mirrors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mirror) = mirrors.get(&key) {
            return mirror.clone();
        }
        // A credential that was replaced leaves its mirror behind; the oldest that nobody uses goes.
        let of_url = mirrors.iter().filter(|((known, _), _)| known == url);
        if of_url.clone().count() >= ACCESSES {
            let unused = of_url.filter(|(_, mirror)| Arc::strong_count(mirror) == 1);
            let oldest = unused.min_by_key(|(_, mirror)| mirror.number).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                mirrors.remove(&oldest);
            }
        }
        let number = self.inner.numbers.fetch_add(1, Ordering::Relaxed);
        let mirror = mirrors.entry(key).or_insert_with(|| {
            Arc::new(Mirror {
                number,
                url: url.to_owned(),
                directory: self.inner.directory.path().join(format!("{number}.git")),
                listing: Mutex::default(),
                trees: Mutex::default(),
            })
        });
        mirror.clone()
    }

    async fn references(&self, mirror: &Mirror, access: &Access) -> Result<Arc<References>, Error> {
        let asked = Instant::now();
        let mut listing = mirror.listing.lock().await;
        // A listing that began after we asked is as fresh as one of our own would be.
        if let Some((began, references)) = &*listing
            && *began >= asked
        {
            return Ok(references.clone());
        }
        let began = Instant::now();
        let arguments = ["ls-remote", "--quiet", "--", &mirror.url];
        let run = Run::new(self.inner.directory.path(), &mirror.url, &arguments).access(access);
        let references = Arc::new(References::parse(&self.inner.git.output(run).await?));
        *listing = Some((began, references.clone()));
        Ok(references)
    }

    async fn prepare(&self, mirror: &Mirror) -> Result<(), Error> {
        let directory = mirror.directory.as_os_str();
        let arguments = ["init".as_ref(), "--quiet".as_ref(), "--bare".as_ref(), "--".as_ref(), directory];
        self.inner.git.output(Run::new(self.inner.directory.path(), &mirror.url, &arguments)).await?;
        Ok(())
    }

    async fn fetch(&self, mirror: &Mirror, commit: &Commit, access: &Access) -> Result<(), Error> {
        let git = &self.inner.git;
        let present = format!("{commit}^{{commit}}");
        let run = Run::new(&mirror.directory, &mirror.url, &["cat-file", "-e", &present]);
        if git.output(run).await.is_ok() {
            return Ok(());
        }
        let fetch = |refspec: &str, depth: &[&str]| {
            let mut arguments = vec!["fetch", "--quiet", "--no-tags", "--force", "--no-write-fetch-head"];
            arguments.extend(depth);
            let refspec = refspec.to_owned();
            arguments.extend(["--", &mirror.url]);
            let mut arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
            arguments.push(refspec);
            git.output(Run::new(&mirror.directory, &mirror.url, &arguments).access(access))
        };
        match fetch(&format!("{commit}:refs/gangplank/current"), &["--depth=1"]).await {
            Ok(_) => return Ok(()),
            Err(Error::Refused { refusal: Refusal::Other | Refusal::NotFound, .. }) => {}
            Err(error) => return Err(error),
        }
        // A server that does not give single commits gives its branches and tags.
        fetch("+refs/*:refs/remote/*", &[]).await?;
        let run = Run::new(&mirror.directory, &mirror.url, &["cat-file", "-e", &present]);
        match git.output(run).await {
            Ok(_) => Ok(()),
            Err(Error::Refused { .. }) => Err(Error::UnknownRevision {
                revision: commit.to_string(),
                repository: without_login(&mirror.url),
            }),
            Err(error) => Err(error),
        }
    }

    async fn read(
        &self,
        mirror: &Mirror,
        commit: &Commit,
        known: &VecDeque<Arc<Tree>>,
    ) -> Result<Tree, Error> {
        let repository = || without_login(&mirror.url);
        let unexpected = |subcommand: &str, what| Error::Output {
            subcommand: subcommand.to_owned(),
            repository: repository(),
            what,
        };
        let arguments = ["ls-tree", "-r", "-l", "-z", "--full-tree", commit.as_str()];
        let output = self.inner.git.output(Run::new(&mirror.directory, &mirror.url, &arguments)).await?;
        let listing = parse_listing(&output).map_err(|what| unexpected("ls-tree", what))?;
        if let Some((what, limit)) = listing.over(&self.inner.limits) {
            return Err(Error::TooLarge { repository: repository(), what, limit });
        }
        let mut contents: HashMap<Arc<str>, Arc<[u8]>> = known
            .iter()
            .flat_map(|tree| tree.files.values())
            .map(|file| (file.object.clone(), file.bytes.clone()))
            .collect();
        let mut missing: Vec<Arc<str>> = listing
            .files
            .iter()
            .map(|file| &file.object)
            .filter(|object| !contents.contains_key(*object))
            .cloned()
            .collect();
        missing.sort_unstable();
        missing.dedup();
        if !missing.is_empty() {
            let mut run = Run::new(&mirror.directory, &mirror.url, &["cat-file", "--batch", "--buffer"]);
            run.input = (missing.join("\n") + "\n").into_bytes();
            let output = self.inner.git.output(run).await?;
            contents.extend(parse_batch(&output, &missing).map_err(|what| unexpected("cat-file", what))?);
        }
        let files = listing
            .files
            .into_iter()
            .filter_map(|listed| {
                let bytes = contents.get(&listed.object)?.clone();
                Some((listed.path, File { kind: listed.kind, bytes, object: listed.object }))
            })
            .collect();
        Ok(Tree { commit: commit.clone(), files, submodules: listing.submodules })
    }
}

impl References {
    fn parse(output: &[u8]) -> References {
        let text = String::from_utf8_lossy(output);
        let by_name = text
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .filter_map(|(id, name)| Some((name.to_owned(), Commit::parse(id)?)))
            .collect();
        References { by_name }
    }

    fn find(&self, revision: &str) -> Option<Commit> {
        let revision = if revision.is_empty() { "HEAD" } else { revision };
        // An annotated tag is listed twice; what it points at has the suffix.
        let named =
            |name: String| self.by_name.get(&format!("{name}^{{}}")).or_else(|| self.by_name.get(&name));
        let candidates = [
            revision.to_owned(),
            format!("refs/heads/{revision}"),
            format!("refs/tags/{revision}"),
            format!("refs/{revision}"),
        ];
        candidates.into_iter().find_map(named).cloned().or_else(|| self.abbreviated(revision))
    }

    /// Finds a shortened id (at least 7 digits) among the commits that references point at.
    fn abbreviated(&self, revision: &str) -> Option<Commit> {
        let short =
            (7..40).contains(&revision.len()) && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
        let revision = revision.to_ascii_lowercase();
        short.then(|| self.by_name.values().find(|commit| commit.as_str().starts_with(&revision)).cloned())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_branches_tags_and_ids() {
        let id = |digit: char| digit.to_string().repeat(40);
        let listing = format!(
            "{}\tHEAD\n{}\trefs/heads/main\n{}\trefs/heads/v1\n{}\trefs/tags/v1\n{}\trefs/tags/v2\n{}\trefs/tags/v2^{{}}\n",
            id('a'),
            id('a'),
            id('b'),
            id('c'),
            id('d'),
            id('e')
        );
        let references = References::parse(listing.as_bytes());
        for (revision, expect) in [
            ("", Some('a')),
            ("HEAD", Some('a')),
            ("main", Some('a')),
            ("v1", Some('b')),
            ("refs/tags/v1", Some('c')),
            ("tags/v1", Some('c')),
            ("v2", Some('e')),
            ("bbbbbbb", Some('b')),
            ("bbb", None),
            ("absent", None),
        ] {
            assert_eq!(
                references.find(revision).map(|commit| commit.to_string()),
                expect.map(id),
                "{revision}"
            );
        }
    }
}
