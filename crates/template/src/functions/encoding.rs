//! Base64, base32, hexadecimal, and checksums.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::{Call, Function, Outcome, Type};
use crate::encode;
use crate::value::Value;

const S: Type = Type::String;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("b64enc", &[S], |call| Ok(STANDARD.encode(call.text(0)).into())),
    // A text that can't be decoded becomes Go's words about why.
    Function::new("b64dec", &[S], |call| Ok(or_words(encode::decode_base64(&call.text(0), false)))),
    Function::new("b32enc", &[S], |call| Ok(encode::base32(&call.text(0)).into())),
    Function::new("b32dec", &[S], |call| Ok(or_words(encode::decode_base32(&call.text(0))))),
    Function::new("hexdec", &[S], |call| Ok(or_words(encode::decode_hexadecimal(&call.text(0))))),
    Function::new("sha1sum", &[S], |call| Ok(hex::encode(Sha1::digest(call.text(0))).into())),
    Function::new("sha256sum", &[S], |call| Ok(hex::encode(Sha256::digest(call.text(0))).into())),
    Function::new("sha512sum", &[S], |call| Ok(hex::encode(Sha512::digest(call.text(0))).into())),
    Function::new("adler32sum", &[S], adler32),
];

fn or_words(decoded: Result<Vec<u8>, encode::DecodeError>) -> Value {
    match decoded {
        Ok(bytes) => bytes.into(),
        Err(error) => error.to_string().into(),
    }
}

fn adler32(call: &mut Call<'_>) -> Outcome {
    let (a, b) = call.text(0).iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65521;
        (a, (a + b) % 65521)
    });
    Ok((b << 16 | a).to_string().into())
}
