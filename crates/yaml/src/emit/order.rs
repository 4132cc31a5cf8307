//! The order of keys that go-yaml prints: a "natural" one, in which digit runs compare as numbers.
//!
//! The comparison is not transitive (`a2 < a10`, `a10 < a1B2`, `a1B2 < a2`), and go-yaml feeds it keys in random order,
//! so for such keys its output changes from run to run. Ours sorts bytewise first and is deterministic.

use std::cmp::Ordering;

/// Compares two keys. Never fails, but see the module's page: this is no total order.
pub fn compare(a: &str, b: &str) -> Ordering {
    let common = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    if common == a.len() || common == b.len() {
        return a.len().cmp(&b.len());
    }
    let mut at = common;
    while !a.is_char_boundary(at) || !b.is_char_boundary(at) {
        at -= 1;
    }
    let (x, y) = (first(&a[at..]), first(&b[at..]));
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => return x.cmp(&y),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    // Where one key has a zero, a number that began before it makes the zero count.
    let starts_inside =
        (x == '0' || y == '0') && a[..at].chars().rev().take_while(char::is_ascii_digit).any(|c| c != '0');
    let (a_number, a_length) = digits(&a[at..], starts_inside);
    let (b_number, b_length) = digits(&b[at..], starts_inside);
    a_number.cmp(&b_number).then(a_length.cmp(&b_length)).then(x.cmp(&y))
}

fn first(text: &str) -> char {
    text.chars().next().unwrap_or('\0')
}

/// The number that a text begins with, wrapping as Go's int64, and how many digits it has.
fn digits(text: &str, starts_inside: bool) -> (i64, usize) {
    let mut number = i64::from(starts_inside);
    let mut length = 0;
    for c in text.chars().take_while(char::is_ascii_digit) {
        number = number.wrapping_mul(10).wrapping_add(i64::from(u32::from(c)) - 48);
        length += 1;
    }
    (number, length)
}

/// Sorts entries by their keys.
pub(super) fn sort<T>(entries: &mut [(&str, T)]) {
    entries.sort_unstable_by(|a, b| a.0.cmp(b.0));
    if entries.windows(2).any(|pair| compare(pair[0].0, pair[1].0) == Ordering::Greater) {
        merge_sort(entries);
    }
}

/// A merge sort that tolerates any comparison: the standard library's may panic on one that is no total order.
fn merge_sort<T>(entries: &mut [(&str, T)]) {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    let mut buffer: Vec<usize> = Vec::with_capacity(order.len());
    let mut width = 1;
    while width < order.len() {
        buffer.clear();
        for block in order.chunks(width * 2) {
            let (left, right) = block.split_at(width.min(block.len()));
            let (mut i, mut j) = (0, 0);
            while i < left.len() && j < right.len() {
                if compare(entries[right[j]].0, entries[left[i]].0) == Ordering::Less {
                    buffer.push(right[j]);
                    j += 1;
                } else {
                    buffer.push(left[i]);
                    i += 1;
                }
            }
            buffer.extend_from_slice(&left[i..]);
            buffer.extend_from_slice(&right[j..]);
        }
        std::mem::swap(&mut order, &mut buffer);
        width *= 2;
    }
    // Puts the entries into that order, by cycles.
    for start in 0..order.len() {
        let mut from = order[start];
        while from < start {
            from = order[from];
        }
        entries.swap(start, from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_natural_order() {
        let sorted = [
            "", "$p", "-x", "_", "_z", "~", "0", "1.5", "1a", "9", "10", "A", "A1", "Aa", "B", "a", "a b",
            "a-b", "a.b", "a/b", "a0", "a00", "a01", "a1", "a2", "a9x", "a10", "a_b", "é",
        ];
        let mut entries: Vec<(&str, ())> = sorted.iter().rev().map(|key| (*key, ())).collect();
        sort(&mut entries);
        let found: Vec<&str> = entries.iter().map(|(key, ())| *key).collect();
        for pair in found.windows(2) {
            assert_ne!(compare(pair[0], pair[1]), Ordering::Greater, "{pair:?} in {found:?}");
        }
    }
}
