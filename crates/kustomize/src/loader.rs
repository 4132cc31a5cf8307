//! Finds what a kustomization names, and keeps it where it belongs.
//!
//! A loader stands in one directory. It reads files in or below it, and opens loaders at other directories: never one
//! that it came through, never one outside of a checked-out repository.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use crate::files::{FileError, Files, clean, is_below, join};
use crate::remote::{Checkout, GitReference, Remote, RemoteError, is_url};

/// What may be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LoadRestriction {
    /// Files in or below the directory of the kustomization that names them.
    #[default]
    RootOnly,
    /// Any file.
    None,
}

/// Why nothing was loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The tree gave no file.
    #[error("{path} can't be read: {error}")]
    File {
        /// The path that was tried.
        path: String,
        /// Why.
        error: FileError,
    },
    /// The file is not in or below the kustomization's directory.
    #[error(
        "{path} is outside of {root}: a kustomization may only use files in or below its own directory (--load-restrictor LoadRestrictionsNone lifts this)"
    )]
    Outside {
        /// The file.
        path: String,
        /// The directory.
        root: String,
    },
    /// A directory is named by an absolute path.
    #[error("{path} is an absolute path, and directories are named by relative ones")]
    Absolute {
        /// The path.
        path: String,
    },
    /// A directory that is being loaded already, or contains one.
    #[error("{candidate} contains {visited}, which is being built: this would never end")]
    Cycle {
        /// The directory that is named.
        candidate: String,
        /// The one that led here.
        visited: String,
    },
    /// A directory outside of the repository that names it.
    #[error("{path} is outside of the repository {root}")]
    OutsideRepository {
        /// The directory.
        path: String,
        /// The repository's root.
        root: String,
    },
    /// A remote gave nothing.
    #[error("{reference} can't be fetched")]
    Remote {
        /// What was asked for.
        reference: String,
        /// Why.
        #[source]
        error: RemoteError,
    },
    /// The file is no text.
    #[error("{path} is neither UTF-8 nor marked UTF-16 text (byte {at})")]
    NotText {
        /// The file.
        path: String,
        /// The first byte that is none.
        at: usize,
    },
    /// An empty name.
    #[error("the name of a resource is empty")]
    Empty,
}

/// A file that was read.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    /// Its path, or its address.
    pub(crate) path: String,
    pub(crate) content: Arc<[u8]>,
}

impl Loaded {
    /// The text: UTF-8, or UTF-16 where it begins with the mark of that, as YAML has it.
    pub(crate) fn text(&self) -> Result<Cow<'_, str>, LoadError> {
        let unit: fn([u8; 2]) -> u16 = match self.content.get(..2) {
            Some([0xFF, 0xFE]) => u16::from_le_bytes,
            Some([0xFE, 0xFF]) => u16::from_be_bytes,
            _ => return self.utf8().map(Cow::Borrowed),
        };
        let (pairs, rest) = self.content[2..].as_chunks::<2>();
        let text = String::from_utf16(&pairs.iter().copied().map(unit).collect::<Vec<_>>());
        match text {
            Ok(text) if rest.is_empty() => Ok(Cow::Owned(text)),
            _ => Err(LoadError::NotText { path: self.path.clone(), at: 0 }),
        }
    }

    fn utf8(&self) -> Result<&str, LoadError> {
        std::str::from_utf8(&self.content)
            .map_err(|error| LoadError::NotText { path: self.path.clone(), at: error.valid_up_to() })
    }
}

/// The files that were asked for, whether or not they are there.
#[derive(Debug, Default)]
pub(crate) struct Recorder(Mutex<Vec<Arc<str>>>);

impl Recorder {
    fn note(&self, path: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(path.into());
    }

    pub(crate) fn note_all(&self, paths: &[Arc<str>]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(paths);
    }

    pub(crate) fn take(&self) -> Vec<Arc<str>> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Stands in a directory.
#[derive(Clone)]
pub(crate) struct Loader {
    files: Arc<dyn Files>,
    remote: Arc<dyn Remote>,
    root: String,
    restriction: LoadRestriction,
    limit: u64,
    repository: Option<Arc<Repository>>,
    referrer: Option<Arc<Loader>>,
    recorder: Option<Arc<Recorder>>,
}

struct Repository {
    root: String,
    reference: String,
}

impl Loader {
    pub(crate) fn new(
        files: Arc<dyn Files>,
        remote: Arc<dyn Remote>,
        path: &str,
        restriction: LoadRestriction,
        limit: u64,
    ) -> Result<Self, LoadError> {
        if let Some(reference) = GitReference::parse(path) {
            let nowhere = Self {
                files,
                remote,
                root: "/".to_owned(),
                restriction,
                limit,
                repository: None,
                referrer: None,
                recorder: None,
            };
            return nowhere.open_repository(path, &reference, None);
        }
        let root = files
            .directory(&clean(path))
            .map_err(|error| LoadError::File { path: path.to_owned(), error })?;
        Ok(Self { files, remote, root, restriction, limit, repository: None, referrer: None, recorder: None })
    }

    /// Notes from now on what is read here and below.
    pub(crate) fn record(&mut self) -> Arc<Recorder> {
        let recorder = Arc::new(Recorder::default());
        self.recorder = Some(Arc::clone(&recorder));
        recorder
    }

    pub(crate) fn recorder(&self) -> Option<&Recorder> {
        self.recorder.as_deref()
    }

    pub(crate) fn root(&self) -> &str {
        &self.root
    }

    /// A key that tells directories of different trees apart.
    pub(crate) fn key(&self) -> String {
        match self.repository() {
            Some(repository) => format!("{}\0{}", repository.reference, self.root),
            None => self.root.clone(),
        }
    }

    fn repository(&self) -> Option<&Repository> {
        let mut loader = Some(self);
        while let Some(one) = loader {
            if let Some(repository) = &one.repository {
                return Some(repository);
            }
            loader = one.referrer.as_deref();
        }
        None
    }

    /// A loader at a directory or repository that this one's kustomization names.
    pub(crate) fn open(self: &Arc<Self>, path: &str) -> Result<Self, LoadError> {
        if path.is_empty() {
            return Err(LoadError::Empty);
        }
        if let Some(reference) = GitReference::parse(path) {
            return self.open_repository(path, &reference, Some(Arc::clone(self)));
        }
        if path.starts_with('/') {
            return Err(LoadError::Absolute { path: path.to_owned() });
        }
        let root = self
            .files
            .directory(&join(&self.root, path))
            .map_err(|error| LoadError::File { path: path.to_owned(), error })?;
        if let Some(repository) = self.repository()
            && !is_below(&root, &repository.root)
        {
            return Err(LoadError::OutsideRepository { path: root, root: repository.root.clone() });
        }
        self.check_cycle(&root)?;
        Ok(Self {
            files: Arc::clone(&self.files),
            remote: Arc::clone(&self.remote),
            root,
            restriction: self.restriction,
            limit: self.limit,
            repository: None,
            referrer: Some(Arc::clone(self)),
            recorder: self.recorder.clone(),
        })
    }

    /// Refuses a directory that this loader, or one that led to it, is in.
    pub(crate) fn check_cycle(&self, candidate: &str) -> Result<(), LoadError> {
        let mut loader = Some(self);
        while let Some(one) = loader {
            if is_below(&one.root, candidate) {
                return Err(LoadError::Cycle { candidate: candidate.to_owned(), visited: one.root.clone() });
            }
            // Another tree begins above a repository.
            loader = if one.repository.is_some() { None } else { one.referrer.as_deref() };
        }
        Ok(())
    }

    fn open_repository(
        &self,
        text: &str,
        reference: &GitReference,
        referrer: Option<Arc<Self>>,
    ) -> Result<Self, LoadError> {
        let mut loader = Some(self);
        while let Some(one) = loader {
            if let Some(repository) = &one.repository
                && repository.reference.starts_with(text)
            {
                return Err(LoadError::Cycle {
                    candidate: text.to_owned(),
                    visited: repository.reference.clone(),
                });
            }
            loader = one.referrer.as_deref();
        }
        let Checkout { files, root } = self
            .remote
            .checkout(reference)
            .map_err(|error| LoadError::Remote { reference: reference.to_string(), error })?;
        let directory = files
            .directory(&join(&root, &reference.path))
            .map_err(|error| LoadError::File { path: text.to_owned(), error })?;
        if !is_below(&directory, &root) {
            return Err(LoadError::OutsideRepository { path: directory, root });
        }
        Ok(Self {
            files,
            remote: Arc::clone(&self.remote),
            root: directory,
            restriction: LoadRestriction::RootOnly,
            limit: self.limit,
            repository: Some(Arc::new(Repository { root, reference: text.to_owned() })),
            referrer,
            recorder: self.recorder.clone(),
        })
    }

    /// Reads a file that this loader's kustomization names.
    pub(crate) fn read(&self, path: &str) -> Result<Loaded, LoadError> {
        if is_url(path) {
            let content = self
                .remote
                .get(path)
                .map_err(|error| LoadError::Remote { reference: path.to_owned(), error })?;
            let size = content.len() as u64;
            if size > self.limit {
                let error = FileError::TooLarge { size, limit: self.limit };
                return Err(LoadError::File { path: path.to_owned(), error });
            }
            return Ok(Loaded { path: path.to_owned(), content });
        }
        let full = if path.starts_with('/') { clean(path) } else { join(&self.root, path) };
        if let Some(recorder) = &self.recorder {
            recorder.note(&full);
        }
        let file = self
            .files
            .read(&full, self.limit)
            .map_err(|error| LoadError::File { path: full.clone(), error })?;
        if let (Some(recorder), Some(real)) = (&self.recorder, &file.real_path) {
            recorder.note(real);
        }
        let real = file.real_path.unwrap_or_else(|| full.clone());
        let directory = real.rsplit_once('/').map_or("", |(directory, _)| directory);
        let directory = if directory.is_empty() { "/" } else { directory };
        if self.restriction == LoadRestriction::RootOnly && !is_below(directory, &self.root) {
            return Err(LoadError::Outside { path: path.to_owned(), root: self.root.clone() });
        }
        Ok(Loaded { path: full, content: file.content })
    }
}
