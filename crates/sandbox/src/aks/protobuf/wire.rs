//! The wire form of protobuf: numbered fields, one after the other.

use super::ProtobufError;

/// What a field holds, as far as the wire tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item<'a> {
    /// A number; signed ones are written in two's complement.
    Number(i64),
    /// A text, bytes, or a message.
    Bytes(&'a [u8]),
}

/// The fields of a message, in the order of the wire.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn of(message: &'a [u8]) -> Self {
        Fields { rest: message }
    }

    fn next_field(&mut self) -> Result<(u64, Item<'a>), ProtobufError> {
        let key = varint(&mut self.rest)?;
        let item = match key & 7 {
            0 => Item::Number(varint(&mut self.rest)?.cast_signed()),
            // Built-in kinds have no fixed-width numbers; they are passed over like any unknown field.
            1 => Item::Bytes(self.take(8)?),
            2 => {
                let length = varint(&mut self.rest)?;
                Item::Bytes(self.take(usize::try_from(length).unwrap_or(usize::MAX))?)
            }
            5 => Item::Bytes(self.take(4)?),
            _ => return Err(ProtobufError::Malformed("a field has an unknown wire type")),
        };
        Ok((key >> 3, item))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], ProtobufError> {
        let (taken, rest) =
            self.rest.split_at_checked(length).ok_or(ProtobufError::Malformed("it ends within a field"))?;
        self.rest = rest;
        Ok(taken)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Item<'a>), ProtobufError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.next_field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

/// The numbers of a packed list.
pub(super) fn packed(mut bytes: &[u8]) -> impl Iterator<Item = Result<i64, ProtobufError>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let number = varint(&mut bytes);
        if number.is_err() {
            bytes = &[];
        }
        Some(number.map(u64::cast_signed))
    })
}

fn varint(rest: &mut &[u8]) -> Result<u64, ProtobufError> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, tail) = rest.split_first().ok_or(ProtobufError::Malformed("it ends within a number"))?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(ProtobufError::Malformed("a number has more than 64 bits"))
}
