//! Renders kustomizations to the bytes that Kustomize 5.8.1 prints.
//!
//! ```
//! use std::sync::Arc;
//! use gangplank_kustomize::{MemoryFiles, Options, Renderer};
//!
//! let mut files = MemoryFiles::new();
//! files.insert("/base/kustomization.yaml", "resources: [map.yaml]");
//! files.insert("/base/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map}\n");
//! files.insert("/prd/kustomization.yaml", "namePrefix: prd-\nresources: [../base]");
//!
//! let renderer = Renderer::new(Options::new(Arc::new(files)));
//! let rendered = renderer.render("/prd").map_err(|error| error.render()).expect("it builds");
//! assert_eq!(rendered.to_yaml(), "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: prd-map\n");
//!
//! // Every value knows where it came from.
//! let from = rendered.provenance(&rendered.resources[0], "/kind").expect("it is known");
//! assert_eq!((from.file.as_str(), from.line), ("/base/map.yaml", 2));
//! ```
//!
//! ```text
//!  Files ─┐                 ┌─ loader: finds, restricts, refuses cycles
//!  Remote ├─► Renderer ─► build ─ reader: YAML to shared trees, with marks
//!  Helm ──┘                 ├─ transform: patches, names, labels, images, replacements …
//!                           └─ finish: hashes, references, vars, order
//!                                     │
//!                                 Rendered ─► bytes · JSON · provenance
//! ```
//!
//! - **Again and again.** [`Incremental`] renders one directory, and after a change only what the change touches.
//! - **No I/O.** A tree of [`Files`], a [`Remote`] and a [`Helm`] are ports; the crate brings [`MemoryFiles`] only.
//! - **Exact.** The output equals that of Kustomize 5.8.1 (kubectl 1.37.1). The rules and tables are facts of that version.
//! - **Shared.** A base is read and parsed once, whoever names it; an overlay copies what it changes and nothing else.
//! - **Bounded.** Cycles, files beyond a size, nesting, swelling aliases end in an [`Error`].
//!
//! This crate knows nothing of Argo CD, of vaults, or of gangplank's fleet.

mod build;
mod config;
mod crds;
mod error;
mod files;
mod generate;
mod hash;
mod incremental;
mod kustomization;
mod loader;
mod origin;
mod problem;
mod provenance;
mod reader;
mod references;
mod remote;
mod render;
mod resource;
mod schema;
mod selector;
mod sort;
mod transform;
mod tree;
mod vars;

pub use error::{Cause, Error, Location, Report};
pub use files::{File, FileError, Files, MemoryFiles};
pub use incremental::{Incremental, Update};
pub use kustomization::{HelmChart, HelmGlobals};
pub use loader::{LoadError, LoadRestriction};
pub use provenance::Provenance;
pub use remote::{Checkout, GitReference, NoRemote, Remote, RemoteError};
pub use render::{Helm, HelmRequest, Options, Order, Rendered, RenderedResource, Renderer};
