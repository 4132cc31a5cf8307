//! The four forms of a timestamp that go-yaml knows, and the one form that Go writes.

/// Reads a plain scalar as go-yaml does and returns it as Go's `time.RFC3339Nano` writes it, or `None` where it is no
/// timestamp. The forms: `2001-1-2T15:4:5.9Z` (or an offset) with `T` or `t`, `2001-1-2 15:4:5.9`, and `2001-1-2`.
pub(crate) fn normalize(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    if bytes.len() < 8 || !bytes[..4].iter().all(u8::is_ascii_digit) || bytes[4] != b'-' {
        return None;
    }
    let mut rest = &text[5..];
    let year: u32 = text[..4].parse().ok()?;
    let month = short_number(&mut rest)?;
    rest = rest.strip_prefix('-')?;
    let day = short_number(&mut rest)?;
    if !(1..=12).contains(&month) || day < 1 || day > days_of(year, month) {
        return None;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if rest.is_empty() {
        return Some(format!("{date}T00:00:00Z"));
    }
    let zoned = match rest.as_bytes()[0] {
        b'T' | b't' => true,
        b' ' => false,
        _ => return None,
    };
    rest = &rest[1..];
    let hour = clock_hour(&mut rest)?;
    rest = rest.strip_prefix(':')?;
    let minute = short_number(&mut rest)?;
    rest = rest.strip_prefix(':')?;
    let second = short_number(&mut rest)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction = fraction(&mut rest)?;
    let zone = if zoned {
        zone(rest)?
    } else if rest.is_empty() {
        "Z".to_owned()
    } else {
        return None;
    };
    Some(format!("{date}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}"))
}

/// One or two digits.
fn short_number(rest: &mut &str) -> Option<u32> {
    let digits = rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let (number, tail) = rest.split_at(digits);
    *rest = tail;
    number.parse().ok()
}

/// Go's hour of a 24-hour clock takes two digits, or one.
fn clock_hour(rest: &mut &str) -> Option<u32> {
    short_number(rest)
}

/// `.` or `,` and digits; trailing zeros are not written, and nothing beyond nanoseconds.
fn fraction(rest: &mut &str) -> Option<String> {
    let Some(tail) = rest.strip_prefix(['.', ',']) else { return Some(String::new()) };
    let digits = tail.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return None;
    }
    let (number, tail) = tail.split_at(digits);
    *rest = tail;
    let number = number[..digits.min(9)].trim_end_matches('0');
    Some(if number.is_empty() { String::new() } else { format!(".{number}") })
}

/// `Z` or `+hh:mm`.
fn zone(rest: &str) -> Option<String> {
    if rest == "Z" {
        return Some("Z".to_owned());
    }
    let bytes = rest.as_bytes();
    let shaped = bytes.len() == 6
        && matches!(bytes[0], b'+' | b'-')
        && bytes[3] == b':'
        && [1, 2, 4, 5].iter().all(|at| bytes[*at].is_ascii_digit());
    if !shaped {
        return None;
    }
    let hours: u32 = rest[1..3].parse().ok()?;
    let minutes: u32 = rest[4..6].parse().ok()?;
    if hours > 24 || minutes > 60 {
        return None;
    }
    let total = hours * 60 + minutes;
    Some(if total == 0 {
        "Z".to_owned()
    } else {
        format!("{}{:02}:{:02}", &rest[..1], total / 60, total % 60)
    })
}

fn days_of(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::normalize;

    #[test]
    fn timestamps_are_written_as_go_does() {
        for (text, expect) in [
            ("2001-01-01", Some("2001-01-01T00:00:00Z")),
            ("2001-1-1", Some("2001-01-01T00:00:00Z")),
            ("2001-12-14t21:59:43.10-05:00", Some("2001-12-14T21:59:43.1-05:00")),
            ("2001-12-15T2:59:43.1Z", Some("2001-12-15T02:59:43.1Z")),
            ("2001-12-14 21:59:43.10", Some("2001-12-14T21:59:43.1Z")),
            ("2001-12-14 21:59:43.10 -5", None),
            ("2001-02-29", None),
            ("2000-02-29", Some("2000-02-29T00:00:00Z")),
            ("2001-13-01", None),
            ("2001-12-14T25:00:00Z", None),
            ("2001-12-14T21:59:43+00:00", Some("2001-12-14T21:59:43Z")),
            ("20011-1-1", None),
            ("2001-1", None),
        ] {
            assert_eq!(normalize(text).as_deref(), expect, "{text}");
        }
    }
}
