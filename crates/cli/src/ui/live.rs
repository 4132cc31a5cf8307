//! The chain while it forms: a table that is drawn over where a person watches, plain lines elsewhere.

use std::io::Write as _;

use gangplank_onboarding::chain::{Chain, Link, Verdict};

use super::{Ui, fleet_table};

/// More rows than this are summed up by link: a thousand do not fit on a screen.
const MOST_ROWS: usize = 40;

/// A view of the fleet that is shown again and again.
#[derive(Debug)]
pub(crate) struct Live<'a> {
    ui: &'a Ui,
    drawn_lines: usize,
    last: Vec<(String, usize, bool)>,
}

impl<'a> Live<'a> {
    /// A view that has shown nothing yet.
    pub(crate) fn new(ui: &'a Ui) -> Self {
        Live { ui, drawn_lines: 0, last: Vec::new() }
    }

    /// Shows how far the clusters are, `seconds` after the start.
    pub(crate) fn show(&mut self, chains: &[Chain], seconds: f64) {
        if self.ui.is_watched() {
            self.draw(chains, seconds);
        } else {
            self.tell(chains, seconds);
        }
    }

    fn draw(&mut self, chains: &[Chain], seconds: f64) {
        let body = if chains.len() <= MOST_ROWS { fleet_table(chains) } else { summary(chains) };
        let frame = format!("{body}\n{seconds:.1} s\n");
        let mut out = anstream::stderr();
        if self.drawn_lines > 0 {
            // Up to the first line of what was drawn last, and clear from there.
            let _ = write!(out, "\x1b[{}A\x1b[J", self.drawn_lines);
        }
        let _ = out.write_all(frame.as_bytes());
        self.drawn_lines = frame.lines().count();
    }

    /// A line for every cluster whose first open link has changed.
    fn tell(&mut self, chains: &[Chain], seconds: f64) {
        let now: Vec<(String, usize, bool)> = chains.iter().map(progress).collect();
        if chains.len() > MOST_ROWS {
            if now != self.last {
                self.ui.say(format!("{seconds:6.1} s  {}", summary(chains).replace('\n', "  ").trim_end()));
            }
        } else {
            for (chain, progress) in
                chains.iter().zip(&now).filter(|(_, progress)| !self.last.contains(progress))
            {
                self.ui.say(format!("{seconds:6.1} s  {:<16} {}", progress.0, line(chain)));
            }
        }
        self.last = now;
    }
}

fn progress(chain: &Chain) -> (String, usize, bool) {
    let held = chain.verdicts.iter().take_while(|verdict| verdict.holds()).count();
    (chain.cluster.to_string(), held, chain.is_broken())
}

fn line(chain: &Chain) -> String {
    match chain.first_open() {
        None => "aboard".to_owned(),
        Some((link, Verdict::Broken { cause, .. })) => format!("{link} is broken: {cause}"),
        Some((link, _)) => format!("at the link {link}"),
    }
}

fn summary(chains: &[Chain]) -> String {
    let holding = |index: usize| chains.iter().filter(|chain| chain.verdicts[index].holds()).count();
    let lines = Link::ALL
        .into_iter()
        .enumerate()
        .map(|(index, link)| format!("{link} {}/{}", holding(index), chains.len()));
    lines.collect::<Vec<_>>().join("\n")
}
