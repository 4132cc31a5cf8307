//! The chain as outputs show it: one object of the public format, a row of the fleet's table, one cluster hop by hop.

use gangplank_onboarding::chain::{Chain, Link, Verdict};
use serde::Serialize;

use super::{BAD, GOOD, MEND, QUIET, Table, WAITING};

/// A cluster in `--output json`.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ChainView {
    name: String,
    aboard: bool,
    links: Vec<LinkView>,
}

/// A link in `--output json`.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LinkView {
    link: Link,
    state: &'static str,
    /// Seconds from the start of the sandbox until it held.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_on: Option<String>,
}

impl ChainView {
    /// A cluster; `seconds` says for each link when it held, where that was measured.
    pub(crate) fn new(chain: &Chain, seconds: impl Fn(usize) -> Option<f64>) -> Self {
        let links = Link::ALL.into_iter().zip(&chain.verdicts).enumerate().map(|(index, (link, verdict))| {
            let (cause, mend, waiting_on) = match verdict {
                Verdict::Holds => (None, None, None),
                Verdict::Broken { cause, mend } => (Some(cause.clone()), Some(mend.clone()), None),
                Verdict::Waiting { on } => (None, None, Some(on.clone())),
            };
            LinkView { link, state: verdict.state(), seconds: seconds(index), cause, mend, waiting_on }
        });
        ChainView { name: chain.cluster.to_string(), aboard: chain.is_aboard(), links: links.collect() }
    }
}

/// The mark of a verdict: readable without colour.
fn mark(verdict: &Verdict) -> (&'static str, anstyle::Style) {
    match verdict {
        Verdict::Holds => ("✔", GOOD),
        Verdict::Broken { .. } => ("✘", BAD),
        Verdict::Waiting { .. } => ("·", QUIET),
    }
}

/// The fleet: a row a cluster, a column a link, and below it what is broken.
pub(crate) fn fleet_table(chains: &[Chain]) -> String {
    let mut table = Table::new(["cluster"].into_iter().chain(Link::ALL.map(Link::name)));
    for chain in chains {
        let name = (chain.cluster.to_string(), anstyle::Style::new());
        let marks = chain.verdicts.iter().map(|verdict| {
            let (text, style) = mark(verdict);
            (text.to_owned(), style)
        });
        table.row(std::iter::once(name).chain(marks));
    }
    let mut text = table.render();
    for chain in chains {
        match chain.first_open() {
            Some((link, Verdict::Broken { cause, mend })) => {
                text.push_str(&format!("\n{BAD}{} · {link}{BAD:#}  {cause}\n", chain.cluster));
                text.push_str(&format!("  {MEND}mend:{MEND:#} {mend}\n"));
            }
            Some((link, Verdict::Waiting { on })) => {
                text.push_str(&format!("\n{WAITING}{} · {link}{WAITING:#}  waits for {on}\n", chain.cluster));
            }
            _ => {}
        }
    }
    text
}

/// One cluster, link by link.
pub(crate) fn explain(chain: &Chain) -> String {
    let mut text = format!("{}\n", chain.cluster);
    for (link, verdict) in Link::ALL.into_iter().zip(&chain.verdicts) {
        let (sign, style) = mark(verdict);
        text.push_str(&format!("  {style}{sign} {:<13}{style:#}", link.name()));
        match verdict {
            Verdict::Holds => text.push_str(&format!("{QUIET}{}{QUIET:#}\n", link.holds_when())),
            Verdict::Broken { cause, mend } => {
                text.push_str(&format!("{cause}\n{:17}{MEND}mend:{MEND:#} {mend}\n", ""));
            }
            Verdict::Waiting { on } => text.push_str(&format!("{QUIET}waits for {on}{QUIET:#}\n")),
        }
    }
    text
}
