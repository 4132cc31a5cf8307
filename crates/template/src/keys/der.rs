//! As much of ASN.1's distinguished encoding as keys and archives need.

/// Tags with the bits for class and form.
pub(crate) mod tag {
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const NULL: u8 = 0x05;
    pub(crate) const OBJECT_ID: u8 = 0x06;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;
    /// Context-specific, primitive.
    pub(crate) const CONTEXT: u8 = 0x80;
    /// Context-specific, constructed.
    pub(crate) const EXPLICIT: u8 = 0xa0;
}

/// Why bytes are no such structure, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DerError {
    #[error("asn1: syntax error: {0}")]
    Syntax(&'static str),
    #[error("asn1: structure error: {0}")]
    Structure(&'static str),
    /// Another type than expected; Go names both.
    #[error(
        "asn1: structure error: tags don't match ({wanted} vs {{class:{class} tag:{number} length:{length} \
         isCompound:{compound}}}) {{optional:false explicit:false application:false private:false \
         defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false}} {name} @{offset}"
    )]
    Tag {
        wanted: u8,
        class: u8,
        number: u8,
        length: usize,
        compound: bool,
        name: &'static str,
        offset: usize,
    },
    #[error("pkcs12: trailing data found")]
    Trailing,
}

/// One element: its contents, and all its bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'d> {
    pub(crate) body: &'d [u8],
    pub(crate) whole: &'d [u8],
}

/// Reads elements one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'d> {
    bytes: &'d [u8],
}

impl<'d> Reader<'d> {
    pub(crate) fn new(bytes: &'d [u8]) -> Self {
        Self { bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The tag that comes next.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.first().copied()
    }

    /// Tag, length of the header, length of the body.
    fn header(&self) -> Result<(u8, usize, usize), DerError> {
        let truncated = DerError::Syntax("truncated tag or length");
        let tag = *self.bytes.first().ok_or(DerError::Syntax("sequence truncated"))?;
        let first = *self.bytes.get(1).ok_or(truncated.clone())?;
        if first < 0x80 {
            return Ok((tag, 2, usize::from(first)));
        }
        let count = usize::from(first & 0x7f);
        if count == 0 {
            return Err(DerError::Syntax("indefinite length found (not DER)"));
        }
        if count > 4 {
            return Err(DerError::Structure("length too large"));
        }
        let digits = self.bytes.get(2..2 + count).ok_or(truncated)?;
        let length = digits.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        if digits[0] == 0 || length < 0x80 {
            return Err(DerError::Structure("non-minimal length"));
        }
        Ok((tag, 2 + count, length))
    }

    pub(crate) fn any(&mut self) -> Result<Element<'d>, DerError> {
        let (_, header, length) = self.header()?;
        let end = header.checked_add(length).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or(DerError::Syntax("data truncated"))?;
        let (whole, rest) = self.bytes.split_at(end);
        self.bytes = rest;
        Ok(Element { body: &whole[header..], whole })
    }

    /// The next element, which must have this tag.
    pub(crate) fn expect(&mut self, wanted: u8, name: &'static str) -> Result<Element<'d>, DerError> {
        let (tag, header, length) = self.header()?;
        if tag != wanted {
            return Err(DerError::Tag {
                wanted: wanted & 0x1f,
                class: tag >> 6,
                number: tag & 0x1f,
                length,
                compound: tag & 0x20 != 0,
                name,
                offset: header,
            });
        }
        self.any()
    }

    pub(crate) fn sequence(&mut self, name: &'static str) -> Result<Self, DerError> {
        Ok(Self::new(self.expect(tag::SEQUENCE, name)?.body))
    }

    pub(crate) fn octets(&mut self) -> Result<&'d [u8], DerError> {
        Ok(self.expect(tag::OCTET_STRING, "octet string")?.body)
    }

    pub(crate) fn object_id(&mut self) -> Result<&'d [u8], DerError> {
        Ok(self.expect(tag::OBJECT_ID, "ObjectIdentifier")?.body)
    }

    /// A small number that is not negative.
    pub(crate) fn number(&mut self) -> Result<u32, DerError> {
        let body = self.expect(tag::INTEGER, "int")?.body;
        let body = body.strip_prefix(&[0]).unwrap_or(body);
        if body.len() > 4 {
            return Err(DerError::Structure("integer too large"));
        }
        Ok(body.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    /// What an explicit context tag wraps, if it comes next.
    pub(crate) fn explicit(&mut self, number: u8) -> Result<Option<Self>, DerError> {
        if self.peek() != Some(tag::EXPLICIT | number) {
            return Ok(None);
        }
        Ok(Some(Self::new(self.any()?.body)))
    }

    /// Nothing may follow.
    pub(crate) fn finish(&self) -> Result<(), DerError> {
        if self.is_empty() { Ok(()) } else { Err(DerError::Trailing) }
    }
}

/// An element of a tag and its contents.
pub(crate) fn element(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let digits: Vec<u8> = body.len().to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    if body.len() < 0x80 {
        out.push(body.len() as u8);
    } else {
        out.push(0x80 | digits.len() as u8);
        out.extend(digits);
    }
    out.extend_from_slice(body);
    out
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(tag::SEQUENCE, &parts.concat())
}

pub(crate) fn octets(bytes: &[u8]) -> Vec<u8> {
    element(tag::OCTET_STRING, bytes)
}

pub(crate) fn object_id(bytes: &[u8]) -> Vec<u8> {
    element(tag::OBJECT_ID, bytes)
}

pub(crate) fn null() -> Vec<u8> {
    element(tag::NULL, &[])
}

/// A whole number that is not negative, from its big-endian bytes.
pub(crate) fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let significant: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    let needs_zero = significant.first().is_none_or(|byte| *byte >= 0x80);
    let zero: &[u8] = if needs_zero { &[0] } else { &[] };
    element(tag::INTEGER, &[zero, &significant].concat())
}

pub(crate) fn bits(bytes: &[u8]) -> Vec<u8> {
    element(tag::BIT_STRING, &[&[0], bytes].concat())
}

pub(crate) fn explicit(number: u8, body: &[u8]) -> Vec<u8> {
    element(tag::EXPLICIT | number, body)
}
