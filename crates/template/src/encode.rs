//! Decoders with Go's rules: line ends are skipped, and an error says at which byte.

use std::fmt;

/// Why a text could not be decoded, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DecodeError {
    /// Bad base64, at a byte.
    Base64(usize),
    /// Bad base32, at a byte.
    Base32(usize),
    /// A character that is no hexadecimal digit.
    HexadecimalByte(char),
    /// An odd number of digits.
    HexadecimalLength,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base64(byte) => write!(f, "illegal base64 data at input byte {byte}"),
            Self::Base32(byte) => write!(f, "illegal base32 data at input byte {byte}"),
            Self::HexadecimalByte(c) => {
                let quoted = crate::format::quote::quoted_with(c.to_string().as_bytes(), '\'', false);
                write!(f, "encoding/hex: invalid byte: U+{:04X} {quoted}", u32::from(*c))
            }
            Self::HexadecimalLength => f.write_str("encoding/hex: odd length hex string"),
        }
    }
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

fn base64_digit(byte: u8, for_urls: bool) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' if !for_urls => 62,
        b'/' if !for_urls => 63,
        b'-' if for_urls => 62,
        b'_' if for_urls => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

/// Padded base64, in the standard alphabet or that for URLs. Go lets stray bits in the last digit pass.
pub(crate) fn decode_base64(text: &[u8], for_urls: bool) -> Result<Vec<u8>, DecodeError> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let mut position = 0;
    loop {
        let mut digits = 0;
        let mut count = 0;
        while count < 4 {
            let Some(byte) = text.get(position).copied() else {
                // The end is right only before the first of four digits.
                return if count == 0 { Ok(out) } else { Err(DecodeError::Base64(position - count)) };
            };
            position += 1;
            if let Some(digit) = base64_digit(byte, for_urls) {
                digits = digits << 6 | digit;
                count += 1;
            } else if byte == b'=' && count >= 2 {
                end_of_padding(text, position, count)?;
                digits <<= 6 * (4 - count);
                let bytes = digits.to_be_bytes();
                out.extend_from_slice(&bytes[1..count]);
                return Ok(out);
            } else if !is_line_end(byte) {
                return Err(DecodeError::Base64(position - 1));
            }
        }
        out.extend_from_slice(&digits.to_be_bytes()[1..]);
    }
}

/// Checks what follows the first padding character.
fn end_of_padding(text: &[u8], start: usize, digits: usize) -> Result<(), DecodeError> {
    let skip = |mut position: usize| {
        while text.get(position).copied().is_some_and(is_line_end) {
            position += 1;
        }
        position
    };
    let mut position = skip(start);
    if digits == 2 {
        match text.get(position) {
            None => return Err(DecodeError::Base64(text.len())),
            Some(b'=') => position += 1,
            Some(_) => return Err(DecodeError::Base64(position - 1)),
        }
        position = skip(position);
    }
    if position < text.len() {
        return Err(DecodeError::Base64(position));
    }
    Ok(())
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Padded base32.
pub(crate) fn base32(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for chunk in bytes.chunks(5) {
        let mut block = [0_u8; 8];
        block[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(block);
        let digits = (chunk.len() * 8).div_ceil(5);
        for place in 0..8 {
            let digit = usize::try_from(bits >> (35 - 5 * place) & 31).unwrap_or_default();
            out.push(if place < digits { char::from(BASE32[digit]) } else { '=' });
        }
    }
    out
}

/// Padded base32; line ends are skipped wherever they stand.
pub(crate) fn decode_base32(text: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let clean: Vec<u8> = text.iter().copied().filter(|byte| !is_line_end(*byte)).collect();
    let mut out = Vec::with_capacity(clean.len() / 8 * 5);
    let mut position = 0;
    while position < clean.len() {
        let mut bits = 0_u64;
        let mut digits = 8;
        for place in 0..8 {
            let Some(byte) = clean.get(position).copied() else {
                return Err(DecodeError::Base32(clean.len() - place));
            };
            position += 1;
            let rest = &clean[position..];
            if byte == b'=' && place >= 2 && rest.len() < 8 {
                end_of_base32(rest, place, clean.len())?;
                digits = place;
                break;
            }
            let digit = BASE32.iter().position(|known| *known == byte);
            let Some(digit) = digit.and_then(|digit| u64::try_from(digit).ok()) else {
                return Err(DecodeError::Base32(position - 1));
            };
            bits |= digit << (35 - 5 * place);
        }
        out.extend_from_slice(&bits.to_be_bytes()[3..3 + digits * 5 / 8]);
        if digits < 8 {
            break;
        }
    }
    Ok(out)
}

/// Checks what follows the first padding character after so many digits. More than the padding is not looked at.
fn end_of_base32(rest: &[u8], digits: usize, length: usize) -> Result<(), DecodeError> {
    if rest.len() + digits < 7 {
        return Err(DecodeError::Base32(length));
    }
    let start = length - rest.len();
    if let Some(stray) = rest.iter().take(7 - digits).position(|byte| *byte != b'=') {
        return Err(DecodeError::Base32((start + stray).saturating_sub(1)));
    }
    if matches!(digits, 3 | 6) {
        return Err(DecodeError::Base32(start - 1));
    }
    Ok(())
}

/// Hexadecimal of either case.
pub(crate) fn decode_hexadecimal(text: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let mut out = Vec::with_capacity(text.len() / 2);
    for pair in text.chunks(2) {
        for byte in pair {
            if digit(*byte).is_none() {
                return Err(DecodeError::HexadecimalByte(char::from(*byte)));
            }
        }
        match pair {
            [high, low] => out.push(digit(*high).unwrap_or_default() << 4 | digit(*low).unwrap_or_default()),
            _ => return Err(DecodeError::HexadecimalLength),
        }
    }
    Ok(out)
}
