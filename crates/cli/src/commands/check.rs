//! `gangplank check`: every defect of a tree, offline.

use gangplank_onboarding::chain::facts::Finding;
use gangplank_onboarding::tree::judge;
use gangplank_onboarding::tree::members::members;
use serde::Serialize;

use super::build;
use crate::args::fleet::Tree;
use crate::args::tools::Check;
use crate::error::{CliError, Context as _, Outcome};
use crate::files::DiskTree;
use crate::ui::{BAD, MEND, Ui};

/// A finding in `--output json`.
#[derive(Debug, Serialize)]
struct View<'a> {
    place: &'a str,
    cause: &'a str,
    mend: &'a str,
}

pub(crate) fn run(args: &Check, ui: &Ui) -> Result<Outcome, CliError> {
    let tree = DiskTree::open(&Tree { tree: args.directory.clone() })?;
    let root = tree.root.canonicalize().context(|| format!("cannot find `{}`", tree.root.display()))?;
    let root = root.display().to_string();
    let clusters = members(&tree.fleet, &tree).into_iter().map(|member| member.name).collect::<Vec<_>>();
    let findings = judge::whole(&build::renderer(), &root, &tree.fleet, &tree, &clusters);
    let views: Vec<View<'_>> =
        findings.iter().map(|it| View { place: &it.place, cause: &it.cause, mend: &it.mend }).collect();
    ui.data(args.format.output, &views, || text(&findings, clusters.len()))?;
    Ok(if findings.is_empty() { Outcome::Done } else { Outcome::NotAboard })
}

fn text(findings: &[Finding], clusters: usize) -> String {
    let mut text = String::new();
    for Finding { place, cause, mend } in findings {
        text.push_str(&format!("{BAD}{place}{BAD:#}: {cause}\n  {MEND}mend:{MEND:#} {mend}\n"));
    }
    match findings.len() {
        0 => text.push_str(&format!("no defects in {clusters} clusters\n")),
        count => text.push_str(&format!("\n{count} defects in {clusters} clusters\n")),
    }
    text
}
