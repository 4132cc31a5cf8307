//! Go's `fmt`: values as text, plain ([`display`], [`sprint`]) and under a format ([`sprintf`]).

mod flags;
pub(crate) mod float;
mod printf;
pub(crate) mod quote;

use crate::value::{Kind, Value};
use flags::{Flags, LOWER, UPPER};
pub(crate) use printf::sprintf;

/// Bytes of one text. Printing stops beyond them, so that shared lists within lists, which double at each level, cost
/// bounded time; and a text that is longer, as one cut here is, gets into no value and no output.
pub(crate) const CEILING: usize = 16 << 20;

/// Go's `%v`.
pub(crate) fn display(out: &mut Vec<u8>, value: &Value) {
    print(out, &Flags::default(), value, 'v');
}

/// Go's `%v` as bytes.
pub(crate) fn to_bytes(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    display(&mut out, value);
    out
}

/// Go's `%v` as text for an error; bytes that are not UTF-8 are replaced.
pub(crate) fn to_text(value: &Value) -> String {
    String::from_utf8_lossy(&to_bytes(value)).into_owned()
}

/// Go's `fmt.Sprint`: a space between operands where neither is a string.
pub(crate) fn sprint(values: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut after_string = true;
    for value in values {
        let is_string = value.kind() == Kind::String;
        if !is_string && !after_string {
            out.push(b' ');
        }
        display(&mut out, value);
        after_string = is_string;
    }
    out
}

/// One operand under a verb.
fn print(out: &mut Vec<u8>, flags: &Flags, value: &Value, verb: char) {
    match (value, verb) {
        (Value::Nil, 'v' | 'T') => flags.pad(out, b"<nil>"),
        (Value::Nil, _) => bad_verb(out, flags, value, verb),
        // Addresses mean nothing here; and only errors can be wrapped.
        (_, 'p' | 'w') => bad_verb(out, flags, value, verb),
        (_, 'T') => flags.string(out, value.type_name().as_bytes()),
        _ => print_value(out, flags, value, verb),
    }
}

/// What Go prints for a verb that does not fit: the type and the value, under the same flags.
fn bad_verb(out: &mut Vec<u8>, flags: &Flags, value: &Value, verb: char) {
    out.extend_from_slice(format!("%!{verb}(").as_bytes());
    if matches!(value, Value::Nil) {
        out.extend_from_slice(b"<nil>");
    } else {
        out.extend_from_slice(value.type_name().as_bytes());
        out.push(b'=');
        print_value(out, flags, value, 'v');
    }
    out.push(b')');
}

fn print_value(out: &mut Vec<u8>, flags: &Flags, value: &Value, verb: char) {
    if out.len() > CEILING {
        return;
    }
    match value {
        // Only elements get here: an interface that holds nothing.
        Value::Nil if flags.sharp_v => out.extend_from_slice(b"interface {}(nil)"),
        Value::Nil => out.extend_from_slice(b"<nil>"),
        Value::Bool(truth) if matches!(verb, 't' | 'v') => {
            flags.pad(out, if *truth { b"true" } else { b"false" });
        }
        Value::Int(number) | Value::Int64(number) => {
            print_integer(out, flags, value, (*number < 0, number.unsigned_abs()), verb);
        }
        Value::Uint8(_) | Value::Uint32(_) | Value::Uint64(_) => {
            let number = value.as_unsigned().unwrap_or_default();
            if flags.sharp_v {
                Flags { sharp: true, ..*flags }.integer(out, false, number, 16, 'v');
            } else {
                print_integer(out, flags, value, (false, number), verb);
            }
        }
        Value::Float(number) => print_float(out, flags, value, *number, verb),
        Value::Complex(real, imaginary) if "vbgGxXfFeE".contains(verb) => {
            out.push(b'(');
            print_float(out, flags, value, *real, verb);
            print_float(out, &Flags { plus: true, ..*flags }, value, *imaginary, verb);
            out.extend_from_slice(b"i)");
        }
        Value::String(text) => match verb {
            'v' if flags.sharp_v => flags.quoted(out, text),
            'v' | 's' => flags.string(out, text),
            'x' => flags.hexadecimal(out, text, LOWER),
            'X' => flags.hexadecimal(out, text, UPPER),
            'q' => flags.quoted(out, text),
            _ => bad_verb(out, flags, value, verb),
        },
        Value::List(list) => {
            if flags.sharp_v && open_go_syntax(out, value, list.is_nil()) {
                return;
            }
            out.extend_from_slice(if flags.sharp_v { b"" } else { b"[" });
            for (index, item) in list.items().iter().enumerate() {
                separate(out, flags, index);
                print_value(out, flags, item, verb);
            }
            out.push(if flags.sharp_v { b'}' } else { b']' });
        }
        Value::Map(map) => {
            if flags.sharp_v && open_go_syntax(out, value, map.is_nil()) {
                return;
            }
            out.extend_from_slice(if flags.sharp_v { b"" } else { b"map[" });
            for (index, (key, item)) in map.entries().into_iter().enumerate() {
                separate(out, flags, index);
                print_value(out, flags, &Value::String(key), verb);
                out.push(b':');
                print_value(out, flags, &item, verb);
            }
            out.push(if flags.sharp_v { b'}' } else { b']' });
        }
        Value::Object(object) => {
            if let Some(text) = object.text().filter(|_| "vsxXq".contains(verb) && !flags.sharp_v) {
                print_value(out, flags, &Value::string(text), verb);
                return;
            }
            if object.kind() == Kind::Pointer {
                out.push(b'&');
            }
            if flags.sharp_v {
                out.extend_from_slice(object.type_name().trim_start_matches('*').as_bytes());
            }
            out.push(b'{');
            for (index, (name, field)) in object.fields().iter().enumerate() {
                separate(out, flags, index);
                if flags.plus_v || flags.sharp_v {
                    out.extend_from_slice(name.as_bytes());
                    out.push(b':');
                }
                print_value(out, flags, field, verb);
            }
            out.push(b'}');
        }
        Value::Bool(_) | Value::Complex(..) => bad_verb(out, flags, value, verb),
    }
}

/// Writes the type for `%#v`; true where nothing but nil follows.
fn open_go_syntax(out: &mut Vec<u8>, value: &Value, is_nil: bool) -> bool {
    out.extend_from_slice(value.type_name().as_bytes());
    out.extend_from_slice(if is_nil { b"(nil)" } else { b"{" });
    is_nil
}

fn separate(out: &mut Vec<u8>, flags: &Flags, index: usize) {
    if index > 0 {
        out.extend_from_slice(if flags.sharp_v { b", " } else { b" " });
    }
}

fn print_integer(out: &mut Vec<u8>, flags: &Flags, value: &Value, number: (bool, u64), verb: char) {
    let (negative, magnitude) = number;
    let base = match verb {
        'v' | 'd' => 10,
        'b' => 2,
        'o' | 'O' => 8,
        'x' | 'X' => 16,
        'c' | 'q' | 'U' => {
            let bits = if negative { magnitude.wrapping_neg() } else { magnitude };
            match verb {
                'U' => flags.code_point(out, bits),
                _ => flags.character(out, bits, verb == 'q'),
            }
            return;
        }
        _ => return bad_verb(out, flags, value, verb),
    };
    flags.integer(out, negative, magnitude, base, verb);
}

fn print_float(out: &mut Vec<u8>, flags: &Flags, value: &Value, number: f64, verb: char) {
    match verb {
        'v' => flags.float(out, number, 'g', None),
        'b' | 'g' | 'G' | 'x' | 'X' => flags.float(out, number, verb, None),
        'f' | 'e' | 'E' => flags.float(out, number, verb, Some(6)),
        'F' => flags.float(out, number, 'f', Some(6)),
        _ => bad_verb(out, flags, value, verb),
    }
}
