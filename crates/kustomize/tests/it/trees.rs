//! Trees in memory that a test writes in one text.

use std::sync::{Arc, Mutex};

use gangplank_kustomize::{Error, File, FileError, Files, MemoryFiles, Options, Rendered, Renderer};

/// A tree that can be changed while a renderer holds it.
#[derive(Clone, Default)]
pub(crate) struct Changing(pub(crate) Arc<Mutex<MemoryFiles>>);

impl Files for Changing {
    fn directory(&self, path: &str) -> Result<String, FileError> {
        self.0.lock().expect("no test panics with the lock").directory(path)
    }

    fn read(&self, path: &str, limit: u64) -> Result<File, FileError> {
        self.0.lock().expect("no test panics with the lock").read(path, limit)
    }
}

/// Files of a text: each begins with a line `@ PATH`.
pub(crate) fn tree(text: &str) -> MemoryFiles {
    let mut files = MemoryFiles::new();
    for part in
        text.split("\n@ ").map(|part| part.trim_start_matches("@ ")).filter(|part| !part.trim().is_empty())
    {
        let (path, content) = part.split_once('\n').unwrap_or((part, ""));
        files.insert(path.trim(), format!("{content}\n"));
    }
    files
}

pub(crate) fn render(files: MemoryFiles, directory: &str) -> Result<Rendered, Error> {
    Renderer::new(Options::new(Arc::new(files))).render(directory)
}

/// Renders `/top` and compares the output, or what the error says.
pub(crate) fn check(text: &str, expect: Result<&str, &str>) {
    match (render(tree(text), "/top"), expect) {
        (Ok(rendered), Ok(expect)) => assert_eq!(rendered.to_yaml(), expect.trim_start()),
        (Err(error), Err(expect)) => {
            let said = error.render();
            assert!(said.contains(expect), "{said}\n--- should say {expect:?}");
        }
        (Ok(rendered), Err(expect)) => panic!("renders, and should say {expect:?}:\n{}", rendered.to_yaml()),
        (Err(error), Ok(_)) => panic!("{}", error.render()),
    }
}
