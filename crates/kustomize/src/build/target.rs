//! A directory with its kustomization.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use gangplank_yaml::{self as yaml, Position};

use super::{Build, Inherited};
use crate::error::{Cause, Error, Location};
use crate::files::FileError;
use crate::kustomization::{At, DecodeError, FILE_NAMES, Kustomization, decode};
use crate::loader::{LoadError, Loaded, Loader};
use crate::schema::Schema;

/// The one OpenAPI document that is built in.
const BUILT_IN_SCHEMA: &str = "v1.21.2";

/// A kustomization and where it stands.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) loader: Arc<Loader>,
    pub(crate) kustomization: Arc<Kustomization>,
    /// The file's name, without its directory.
    pub(crate) file_name: &'static str,
    pub(crate) file: String,
    pub(crate) source: u32,
    pub(crate) inherited: Inherited,
}

impl Target {
    /// Reads the kustomization of a directory.
    pub(crate) fn load(build: &Build<'_>, loader: Arc<Loader>, inherited: Inherited) -> Result<Self, Error> {
        let (file_name, loaded) = find_file(&loader)?;
        let source = build.sources.number(&loaded.path);
        let location = |position: Position| Location {
            file: loaded.path.clone(),
            position,
            text: Some(Arc::clone(&loaded.content)),
        };
        let text = &*loaded.text()?;
        let root = yaml::parse_first(text)
            .map_err(|error| Error::new(Cause::Yaml(error.message)).at(location(error.at)))?;
        let kustomization = decode(&root).map_err(|DecodeError { message, at }| {
            Error::new(Cause::Kustomization(message)).at(location(at))
        })?;
        for field in &kustomization.deprecated {
            build.warn(deprecation(field));
        }
        let file = loaded.path;
        Ok(Self { loader, kustomization: Arc::new(kustomization), file_name, file, source, inherited })
    }

    /// A place in the kustomization.
    pub(crate) fn location(&self, build: &Build<'_>, position: Position) -> Location {
        let text = build.sources.text(self.source, build.options);
        Location { file: self.file.clone(), position, text }
    }

    /// Reads a file that the kustomization names.
    pub(crate) fn read(&self, build: &Build<'_>, path: &At) -> Result<Loaded, Error> {
        self.loader.read(&path.text).map_err(|error| Error::from(error).at(self.location(build, path.at)))
    }

    /// Takes the schema that the kustomization asks for, unless one was taken before.
    pub(crate) fn set_schema(&self, build: &Build<'_>, is_root: bool) -> Result<(), Error> {
        let openapi = &self.kustomization.openapi;
        let Some(at) = openapi.path.as_ref().or(openapi.version.as_ref()) else { return Ok(()) };
        if !is_root && !build.serial {
            build.wants_serial.store(true, Ordering::Relaxed);
        }
        let fail = |message: &str| {
            Err(Error::new(Cause::Kustomization(message.to_owned())).at(self.location(build, at.at)))
        };
        let loaded = openapi.path.as_ref().map(|path| self.read(build, path)).transpose()?;
        if build.schema_is_set.load(Ordering::Relaxed) && !is_root {
            return Ok(());
        }
        match (loaded, openapi.version.as_ref()) {
            (Some(_), Some(_)) => fail("openapi has a path or a version, not both"),
            (Some(loaded), None) => {
                let text = &*loaded.text()?;
                let document = if text.starts_with('{') {
                    serde_json::from_str(text).map_err(|error| error.to_string())
                } else {
                    yaml::to_json(text, yaml::Dialect::SigsV2).map_err(|error| error.to_string())
                };
                let document = document.map_err(|message| {
                    let location = Location { file: loaded.path.clone(), ..Location::default() };
                    Error::new(Cause::Kustomization(format!("this is no OpenAPI document: {message}")))
                        .at(location)
                })?;
                let with_built_in = !is_root && build.unknown_kind.load(Ordering::Relaxed);
                build.set_schema(Arc::new(Schema::custom(&document, with_built_in)));
                Ok(())
            }
            (None, Some(version)) if version.text == BUILT_IN_SCHEMA => {
                build.set_schema(Schema::built_in());
                Ok(())
            }
            (None, Some(version)) if version.text.is_empty() => Ok(()),
            (None, _) => fail("the only OpenAPI version that is built in is v1.21.2"),
        }
    }
}

fn deprecation(field: &str) -> String {
    let instead = match field {
        "bases" => "resources",
        "imageTags" => "images",
        "commonLabels" => "labels",
        "vars" => "replacements",
        _ => "patches",
    };
    let experimental = if field == "vars" { "[EXPERIMENTAL] " } else { "" };
    format!(
        "# Warning: '{field}' is deprecated. Please use '{instead}' instead. {experimental}Run 'kustomize edit fix' to \
         update your Kustomization automatically."
    )
}

/// The one kustomization file of a directory.
fn find_file(loader: &Loader) -> Result<(&'static str, Loaded), Error> {
    let mut found = None;
    for name in FILE_NAMES {
        match loader.read(name) {
            Ok(loaded) => match found {
                None => found = Some((name, loaded)),
                Some((first, _)) => {
                    let message = format!("{} has both {first} and {name}", loader.root());
                    return Err(Error::new(Cause::NoKustomization(message)).mend("keep one of them"));
                }
            },
            Err(LoadError::File { error: FileError::Missing | FileError::IsDirectory, .. }) => {}
            // A file that is there and can't be read is not taken for a missing one.
            Err(error @ LoadError::File { .. }) => return Err(error.into()),
            Err(_) => {}
        }
    }
    found.ok_or_else(|| {
        let message =
            format!("{} has no kustomization.yaml, kustomization.yml or Kustomization", loader.root());
        Error::new(Cause::NoKustomization(message)).mend("name a directory that has one, or a file")
    })
}
