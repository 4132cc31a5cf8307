//! Formats: flags, widths, precisions, argument indexes, and what Go prints where they don't fit the arguments.

use super::flags::Flags;
use super::{CEILING, display, print, quote};
use crate::value::Value;

/// Widths and precisions beyond this are refused.
const TOO_LARGE: i64 = 1_000_000;

struct Formatter<'f> {
    format: &'f [u8],
    values: &'f [Value],
    position: usize,
    /// Index of the next argument.
    next: usize,
    reordered: bool,
    indexes_fit: bool,
    out: Vec<u8>,
}

/// Go's `fmt.Sprintf`.
pub(crate) fn sprintf(format: &[u8], values: &[Value]) -> Vec<u8> {
    let mut formatter = Formatter {
        format,
        values,
        position: 0,
        next: 0,
        reordered: false,
        indexes_fit: true,
        out: Vec::with_capacity(format.len() + 16),
    };
    while formatter.step() {}
    formatter.report_extra();
    formatter.out
}

impl Formatter<'_> {
    fn peek(&self) -> Option<u8> {
        self.format.get(self.position).copied()
    }

    fn write(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Text up to a verb, and the verb. False at the end.
    fn step(&mut self) -> bool {
        let rest = &self.format[self.position..];
        let length = rest.iter().position(|byte| *byte == b'%').unwrap_or(rest.len());
        self.out.extend_from_slice(&rest[..length]);
        self.position += length;
        if self.peek().is_none() || self.out.len() > CEILING {
            return false;
        }
        self.position += 1;
        self.indexes_fit = true;
        let mut flags = self.flags();
        let mut after_index = self.argument_index();
        self.width(&mut flags, &mut after_index);
        self.precision(&mut flags, &mut after_index);
        if !after_index {
            self.argument_index();
        }
        let Some((verb, width)) = quote::decode(&self.format[self.position..]) else {
            self.write("%!(NOVERB)");
            return false;
        };
        self.position += width;
        self.verb(flags, verb.unwrap_or(char::REPLACEMENT_CHARACTER));
        true
    }

    fn flags(&mut self) -> Flags {
        let mut flags = Flags::default();
        while let Some(byte) = self.peek() {
            match byte {
                b'#' => flags.sharp = true,
                b'0' => flags.zero = true,
                b'+' => flags.plus = true,
                b'-' => flags.minus = true,
                b' ' => flags.space = true,
                _ => break,
            }
            self.position += 1;
        }
        flags
    }

    /// Takes `[n]`; true where it stood there in a readable form.
    fn argument_index(&mut self) -> bool {
        if self.peek() != Some(b'[') {
            return false;
        }
        self.reordered = true;
        let rest = &self.format[self.position..];
        let close = rest.iter().position(|byte| *byte == b']').filter(|_| rest.len() >= 3);
        let Some(close) = close else {
            self.position += 1;
            self.indexes_fit = false;
            return false;
        };
        let number = std::str::from_utf8(&rest[1..close])
            .ok()
            .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|text| text.parse::<usize>().ok());
        self.position += close + 1;
        match number {
            Some(number) if (1..=self.values.len()).contains(&number) => {
                self.next = number - 1;
                true
            }
            other => {
                self.indexes_fit = false;
                other.is_some()
            }
        }
    }

    fn number(&mut self) -> Option<usize> {
        let mut number: Option<i64> = None;
        while let Some(byte) = self.peek().filter(u8::is_ascii_digit) {
            if number.unwrap_or(0) > TOO_LARGE {
                self.position = self.format.len();
                return None;
            }
            number = Some(number.unwrap_or(0) * 10 + i64::from(byte - b'0'));
            self.position += 1;
        }
        number.and_then(|number| usize::try_from(number).ok())
    }

    /// The integer argument that a `*` asks for.
    fn starred(&mut self) -> Option<i64> {
        let value = self.values.get(self.next)?;
        self.next += 1;
        let number = value
            .as_signed()
            .or_else(|| value.as_unsigned().and_then(|number| i64::try_from(number).ok()))?;
        (-TOO_LARGE..=TOO_LARGE).contains(&number).then_some(number)
    }

    fn width(&mut self, flags: &mut Flags, after_index: &mut bool) {
        if self.peek() != Some(b'*') {
            flags.width = self.number();
            // "%[3]2d" is wrong.
            self.indexes_fit &= !(*after_index && flags.width.is_some());
            return;
        }
        self.position += 1;
        match self.starred() {
            None => self.write("%!(BADWIDTH)"),
            Some(width) => {
                flags.width = usize::try_from(width.unsigned_abs()).ok();
                if width < 0 {
                    flags.minus = true;
                    flags.zero = false;
                }
            }
        }
        *after_index = false;
    }

    fn precision(&mut self, flags: &mut Flags, after_index: &mut bool) {
        if self.peek() != Some(b'.') || self.position + 1 >= self.format.len() {
            return;
        }
        self.position += 1;
        self.indexes_fit &= !*after_index;
        *after_index = self.argument_index();
        if self.peek() != Some(b'*') {
            flags.precision = Some(self.number().unwrap_or(0));
            return;
        }
        self.position += 1;
        flags.precision = self.starred().and_then(|precision| usize::try_from(precision).ok());
        if flags.precision.is_none() {
            self.write("%!(BADPREC)");
        }
        *after_index = false;
    }

    fn verb(&mut self, mut flags: Flags, verb: char) {
        if verb == '%' {
            self.out.push(b'%');
            return;
        }
        if !self.indexes_fit {
            self.write(&format!("%!{verb}(BADINDEX)"));
            return;
        }
        let Some(value) = self.values.get(self.next) else {
            self.write(&format!("%!{verb}(MISSING)"));
            return;
        };
        if matches!(verb, 'v' | 'w') {
            flags.sharp_v = std::mem::take(&mut flags.sharp);
            flags.plus_v = std::mem::take(&mut flags.plus);
        }
        print(&mut self.out, &flags, value, verb);
        self.next += 1;
    }

    fn report_extra(&mut self) {
        if self.reordered || self.next >= self.values.len() {
            return;
        }
        self.write("%!(EXTRA ");
        for (index, value) in self.values[self.next..].iter().enumerate() {
            if index > 0 {
                self.write(", ");
            }
            if !matches!(value, Value::Nil) {
                self.write(value.type_name());
                self.write("=");
            }
            display(&mut self.out, value);
        }
        self.write(")");
    }
}
