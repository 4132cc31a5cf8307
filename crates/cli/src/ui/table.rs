//! Plain columns, as kubectl prints them.

use anstyle::Style;

/// A cell with its colour.
#[derive(Debug, Clone)]
struct Cell {
    text: String,
    style: Style,
}

/// A table.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these headings.
    pub(crate) fn new<'a>(headings: impl IntoIterator<Item = &'a str>) -> Self {
        let heading = |text: &str| Cell { text: text.to_uppercase(), style: super::QUIET };
        Table { rows: vec![headings.into_iter().map(heading).collect()] }
    }

    /// Adds a row.
    pub(crate) fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = (T, Style)>) {
        self.rows.push(cells.into_iter().map(|(text, style)| Cell { text: text.into(), style }).collect());
    }

    /// The table as text, each line ended.
    pub(crate) fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.text.chars().count())
                .max()
                .unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            for (column, Cell { text: cell, style }) in row.iter().enumerate() {
                text.push_str(&format!("{style}{cell}{style:#}"));
                // The last column has no blanks behind it.
                if column + 1 < row.len() {
                    text.push_str(&" ".repeat(widths[column] - cell.chars().count() + 3));
                }
            }
            text.push('\n');
        }
        text
    }
}
