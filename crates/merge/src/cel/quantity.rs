//! Quantities of Kubernetes: decimal numbers with a suffix.

use std::cmp::Ordering;

/// A quantity in nano units. Numbers beyond some 10^29 are no quantities here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quantity {
    nanos: i128,
}

const NANO: i128 = 1_000_000_000;

impl Quantity {
    /// Reads `1`, `1.5`, `100m`, `2Gi`, `1e3`; rounds away from zero below a nano unit.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, body) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let number_end = body.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(body.len());
        let (number, suffix) = body.split_at(number_end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') || number.len() > 30 {
            return None;
        }
        let digits: i128 = format!("0{whole}{fraction}").parse().ok()?;
        let places = u32::try_from(fraction.len()).ok()?;
        let binary = |power: u32| Some((1024_i128.checked_pow(power)?, 0));
        let (factor, exponent): (i128, i32) = match suffix {
            "" => (1, 0),
            "n" => (1, -9),
            "u" => (1, -6),
            "m" => (1, -3),
            "k" => (1, 3),
            "M" => (1, 6),
            "G" => (1, 9),
            "T" => (1, 12),
            "P" => (1, 15),
            "E" => (1, 18),
            "Ki" => binary(1)?,
            "Mi" => binary(2)?,
            "Gi" => binary(3)?,
            "Ti" => binary(4)?,
            "Pi" => binary(5)?,
            "Ei" => binary(6)?,
            other => {
                (1, other.strip_prefix(['e', 'E'])?.parse().ok().filter(|power: &i32| power.abs() <= 18)?)
            }
        };
        let power = 9 + exponent - i32::try_from(places).ok()?;
        let scaled = digits.checked_mul(factor)?;
        let nanos = if power >= 0 {
            scaled.checked_mul(10_i128.checked_pow(power.unsigned_abs())?)?
        } else {
            let divisor = 10_i128.checked_pow(power.unsigned_abs())?;
            scaled / divisor + i128::from(scaled % divisor != 0)
        };
        Some(Self { nanos: if negative { -nanos } else { nanos } })
    }

    pub(super) fn of_int(value: i64) -> Self {
        Self { nanos: i128::from(value) * NANO }
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }

    pub(super) fn sign(&self) -> i64 {
        i64::try_from(self.nanos.signum()).unwrap_or(0)
    }

    /// The quantity as a whole number, where it is one.
    pub(super) fn as_int(&self) -> Option<i64> {
        (self.nanos % NANO == 0).then(|| i64::try_from(self.nanos / NANO).ok()).flatten()
    }

    #[expect(clippy::cast_precision_loss, reason = "the function is called approximate")]
    pub(super) fn as_float(&self) -> f64 {
        self.nanos as f64 / NANO as f64
    }

    pub(super) fn add(&self, other: &Self) -> Option<Self> {
        self.nanos.checked_add(other.nanos).map(|nanos| Self { nanos })
    }

    pub(super) fn sub(&self, other: &Self) -> Option<Self> {
        self.nanos.checked_sub(other.nanos).map(|nanos| Self { nanos })
    }
}

#[cfg(test)]
mod tests {
    use super::Quantity;

    #[test]
    fn quantities() {
        let nanos = |text: &str| Quantity::parse(text).map(|quantity| quantity.nanos);
        assert_eq!(nanos("1"), Some(1_000_000_000));
        assert_eq!(nanos("100m"), Some(100_000_000));
        assert_eq!(nanos("-1.5k"), Some(-1_500_000_000_000));
        assert_eq!(nanos("1Ki"), Some(1_024_000_000_000));
        assert_eq!(nanos("1e3"), Some(1_000_000_000_000));
        assert_eq!((nanos("x"), nanos(""), nanos("1x"), nanos("1.2.3")), (None, None, None, None));
    }
}
