//! Times as the API reads and writes them: RFC 3339 in UTC, to the second, or to the microsecond.

use jiff::Timestamp;

use crate::status::quote;

/// A time as metadata holds it.
pub(crate) fn write(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A MicroTime.
pub(crate) fn write_micro(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// Reads a time of a body and gives it as it is kept; the error is Go's.
pub(crate) fn read(text: &str, micro: bool) -> Result<String, String> {
    let layout = if micro { "2006-01-02T15:04:05.000000Z07:00" } else { "2006-01-02T15:04:05Z07:00" };
    let fail = |rest: &str, element: &str| {
        let (text, layout, rest, element) = (quote(text), quote(layout), quote(rest), quote(element));
        Err(format!("parsing time {text} as {layout}: cannot parse {rest} as {element}"))
    };
    let bytes = text.as_bytes();
    // The elements of the layout with their widths; the first that does not fit is named together with what stands there.
    let elements: [(&str, usize, bool); 11] = [
        ("2006", 4, true),
        ("-", 1, false),
        ("01", 2, true),
        ("-", 1, false),
        ("02", 2, true),
        ("T", 1, false),
        ("15", 2, true),
        (":", 1, false),
        ("04", 2, true),
        (":", 1, false),
        ("05", 2, true),
    ];
    let mut at = 0;
    for (element, width, digits) in elements {
        let part = text.get(at..at + width);
        let fits =
            part.is_some_and(|p| if digits { p.bytes().all(|b| b.is_ascii_digit()) } else { p == element });
        if !fits {
            return fail(text.get(at..).unwrap_or_default(), element);
        }
        at += width;
    }
    if micro {
        let fraction =
            text.get(at..at + 7).filter(|f| f.starts_with('.') && f[1..].bytes().all(|b| b.is_ascii_digit()));
        if fraction.is_none() {
            return fail(text.get(at..).unwrap_or_default(), ".000000");
        }
        at += 7;
    }
    if bytes.get(at) == Some(&b'.') {
        let end = text[at + 1..].find(|c: char| !c.is_ascii_digit()).map_or(text.len(), |end| at + 1 + end);
        at = end;
    }
    let zone = &text[at..];
    let numeric = zone.len() == 6 && zone.starts_with(['+', '-']) && zone.as_bytes()[3] == b':';
    if zone != "Z" && !numeric {
        return fail(zone, "Z07:00");
    }
    match text.parse::<Timestamp>() {
        Ok(time) => Ok(if micro { write_micro(time) } else { write(time) }),
        Err(_) => {
            let part = out_of_range(text);
            Err(format!("parsing time {}: {part} out of range", quote(text)))
        }
    }
}

fn out_of_range(text: &str) -> &'static str {
    let number =
        |from: usize| text.get(from..from + 2).and_then(|part| part.parse::<u32>().ok()).unwrap_or(0);
    if !(1..=12).contains(&number(5)) {
        "month"
    } else if number(11) > 23 {
        "hour"
    } else if number(14) > 59 {
        "minute"
    } else if number(17) > 59 {
        "second"
    } else {
        "day"
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn times_are_normalized() {
        assert_eq!(read("2026-01-02T03:04:05+01:00", false).unwrap(), "2026-01-02T02:04:05Z");
        assert_eq!(read("2026-01-02T03:04:05.5Z", false).unwrap(), "2026-01-02T03:04:05Z");
        assert_eq!(read("2026-01-02T03:04:05.123456Z", true).unwrap(), "2026-01-02T03:04:05.123456Z");
        assert_eq!(
            read("soon", false).unwrap_err(),
            "parsing time \"soon\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"soon\" as \"2006\""
        );
    }
}
