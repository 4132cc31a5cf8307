//! Decimal fractions of any length, for sums of prices and percentages that binary floats would spoil.

use std::cmp::Ordering;

use crate::error::Message;

/// Digits after the point of a quotient.
const QUOTIENT_PLACES: usize = 16;

/// `sign × digits × 10^exponent`; digits are base 10, least significant first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    exponent: i32,
}

/// The shortest decimal that reads as the float.
pub(super) fn from_float(value: f64) -> Result<Decimal, Message> {
    if !value.is_finite() {
        return Err(format!(
            "Cannot create a Decimal from {}",
            crate::format::float::format(value, 'g', None)
        )
        .into());
    }
    let text = format!("{:e}", value.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let fraction = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let digits = mantissa.bytes().rev().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect();
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let exponent = exponent - i32::try_from(fraction).unwrap_or_default();
    Ok(Decimal { negative: value.is_sign_negative(), digits, exponent })
}

impl Decimal {
    /// Work that an operation on the number costs, in steps.
    pub(super) fn weight(&self) -> usize {
        1 + self.digits.len() * self.digits.len() / 64
    }

    pub(super) fn to_float(&self) -> f64 {
        let mut text: String = self.digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect();
        text.push_str(&format!("e{}", self.exponent));
        let value: f64 = text.parse().unwrap_or_default();
        if self.negative && value != 0.0 { -value } else { value }
    }

    fn is_zero(&self) -> bool {
        self.digits.iter().all(|digit| *digit == 0)
    }

    /// The digits for a smaller exponent.
    fn scaled(&self, exponent: i32) -> Vec<u8> {
        let zeros = usize::try_from(self.exponent - exponent).unwrap_or_default();
        std::iter::repeat_n(0, zeros).chain(self.digits.iter().copied()).collect()
    }
}

fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let digit = |number: &[u8], place: usize| number.get(place).copied().unwrap_or(0);
    (0..a.len().max(b.len()))
        .rev()
        .map(|place| digit(a, place).cmp(&digit(b, place)))
        .find(|o| o.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn add_digits(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let mut sum = Vec::with_capacity(a.len().max(b.len()) + 1);
    for place in 0..a.len().max(b.len()) {
        let digit = a.get(place).unwrap_or(&0) + b.get(place).unwrap_or(&0) + carry;
        sum.push(digit % 10);
        carry = digit / 10;
    }
    sum.push(carry);
    trimmed(sum)
}

/// The difference of a greater and a smaller number.
fn subtract_digits(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let mut difference = Vec::with_capacity(a.len());
    for (place, digit) in a.iter().enumerate() {
        let taken = b.get(place).unwrap_or(&0) + borrow;
        borrow = u8::from(*digit < taken);
        difference.push(digit + 10 * borrow - taken);
    }
    trimmed(difference)
}

fn trimmed(mut digits: Vec<u8>) -> Vec<u8> {
    while digits.last() == Some(&0) {
        digits.pop();
    }
    digits
}

pub(super) fn add(a: &Decimal, b: &Decimal) -> Result<Decimal, Message> {
    let exponent = a.exponent.min(b.exponent);
    let (left, right) = (a.scaled(exponent), b.scaled(exponent));
    if a.negative == b.negative {
        return Ok(Decimal { negative: a.negative, digits: add_digits(&left, &right), exponent });
    }
    Ok(match compare(&left, &right) {
        Ordering::Less => Decimal { negative: b.negative, digits: subtract_digits(&right, &left), exponent },
        _ => Decimal { negative: a.negative, digits: subtract_digits(&left, &right), exponent },
    })
}

pub(super) fn subtract(a: &Decimal, b: &Decimal) -> Result<Decimal, Message> {
    add(a, &Decimal { negative: !b.negative, ..b.clone() })
}

pub(super) fn multiply(a: &Decimal, b: &Decimal) -> Result<Decimal, Message> {
    let mut places = vec![0_u32; a.digits.len() + b.digits.len() + 1];
    for (i, x) in a.digits.iter().enumerate() {
        for (j, y) in b.digits.iter().enumerate() {
            places[i + j] += u32::from(x * y);
        }
        // Carrying each row keeps the sums small.
        for place in i..places.len() - 1 {
            places[place + 1] += places[place] / 10;
            places[place] %= 10;
        }
    }
    let digits = trimmed(places.into_iter().map(|place| place as u8).collect());
    Ok(Decimal { negative: a.negative != b.negative, digits, exponent: a.exponent + b.exponent })
}

/// The quotient, rounded half away from zero at sixteen places.
pub(super) fn divide(a: &Decimal, b: &Decimal) -> Result<Decimal, Message> {
    if b.is_zero() {
        return Err("decimal division by 0".into());
    }
    // One more digit than is kept decides the rounding; the rest of the division can only confirm it.
    let places = i32::try_from(QUOTIENT_PLACES + 1).unwrap_or_default();
    let shift = a.exponent - b.exponent + places;
    let divisor = trimmed(b.digits.clone());
    let dividend: Vec<u8> = if shift >= 0 {
        std::iter::repeat_n(0, usize::try_from(shift).unwrap_or_default())
            .chain(a.digits.iter().copied())
            .collect()
    } else {
        a.digits.iter().skip(usize::try_from(-shift).unwrap_or_default()).copied().collect()
    };
    let mut remainder: Vec<u8> = Vec::new();
    let mut quotient = Vec::with_capacity(dividend.len());
    for digit in dividend.iter().rev() {
        remainder.insert(0, *digit);
        remainder = trimmed(remainder);
        let mut count = 0;
        while compare(&remainder, &divisor).is_ge() {
            remainder = subtract_digits(&remainder, &divisor);
            count += 1;
        }
        quotient.push(count);
    }
    quotient.reverse();
    let round_up = quotient.first().is_some_and(|digit| *digit >= 5);
    let mut digits = quotient.get(1..).unwrap_or_default().to_vec();
    if round_up {
        digits = add_digits(&digits, &[1]);
    }
    Ok(Decimal { negative: a.negative != b.negative, digits, exponent: 1 - places })
}
