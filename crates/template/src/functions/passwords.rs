//! Passwords hashed and derived, and text encrypted under them.

use aes::Aes256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::block_padding::{NoPadding, Pkcs7};
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::{Call, Function, Outcome, Type, random};
use crate::encode;
use crate::error::Message;

const S: Type = Type::String;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("bcrypt", &[S], |call| bcrypt(call, &call.text(0)).map(Into::into)),
    Function::new("htpasswd", &[S, S, S], htpasswd),
    Function::new("derivePassword", &[Type::Uint32, S, S, S, S], derive),
    Function::new("encryptAES", &[S, S], encrypt),
    Function::new("decryptAES", &[S, S], decrypt),
];

/// Rounds of bcrypt, as a power of two, and what they cost in steps.
const BCRYPT_COST: u32 = 10;
const BCRYPT_STEPS: usize = 50_000;
const SCRYPT_STEPS: usize = 150_000;
/// bcrypt looks at no more; Go refuses more.
const LONGEST: usize = 72;

fn bcrypt(call: &mut Call<'_>, password: &[u8]) -> Result<String, Message> {
    if password.len() > LONGEST {
        return Ok(
            "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes".to_owned()
        );
    }
    call.spend_steps(BCRYPT_STEPS)?;
    let salt = random::bytes(call, 16)?;
    let salt = <[u8; 16]>::try_from(salt.as_slice()).unwrap_or_default();
    match bcrypt::hash_with_salt(password, BCRYPT_COST, salt) {
        Ok(parts) => Ok(parts.format_for_version(bcrypt::Version::TwoA)),
        Err(_) => Ok("failed to encrypt string with bcrypt: the password holds a null byte".to_owned()),
    }
}

fn htpasswd(call: &mut Call<'_>) -> Outcome {
    let (user, password) = (call.utf8(0), call.text(1));
    if user.contains(':') {
        return Ok(format!("invalid username: {user}").into());
    }
    let hash = match call.utf8(2).as_str() {
        "sha" => format!("{{SHA}}{}", STANDARD.encode(Sha1::digest(&password))),
        _ => bcrypt(call, &password)?,
    };
    Ok(format!("{user}:{hash}").into())
}

/// Templates of the Master Password algorithm; each letter stands for a class of characters.
fn password_templates(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "maximum" => &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        "long" => &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
        "medium" => &["CvcnoCvc", "CvcCvcno"],
        "short" => &["Cvcn"],
        "basic" => &["aaanaaan", "aannaaan", "aaannaaa"],
        "pin" => &["nnnn"],
        _ => return None,
    })
}

fn password_characters(class: char) -> &'static [u8] {
    match class {
        'V' => b"AEIOU",
        'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        'v' => b"aeiou",
        'c' => b"bcdfghjklmnpqrstvwxyz",
        'A' => b"AEIOUBCDFGHJKLMNPQRSTVWXYZ",
        'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        'n' => b"0123456789",
        'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

const MASTER_PASSWORD: &[u8] = b"com.lyndir.masterpassword";

fn length(text: &[u8]) -> [u8; 4] {
    u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes()
}

fn derive(call: &mut Call<'_>) -> Outcome {
    let counter =
        call.value(0).as_unsigned().and_then(|counter| u32::try_from(counter).ok()).unwrap_or_default();
    let kind = call.utf8(1);
    let Some(templates) = password_templates(&kind) else {
        return Ok(format!("cannot find password template {kind}").into());
    };
    let (password, user, site) = (call.text(2), call.text(3), call.text(4));
    call.spend_steps(SCRYPT_STEPS)?;
    let salt = [MASTER_PASSWORD, &length(&user), &user].concat();
    let mut key = [0; 64];
    let derived = scrypt::Params::new(15, 8, 2).map_err(|error| error.to_string()).and_then(|parameters| {
        scrypt::scrypt(&password, &salt, &parameters, &mut key).map_err(|error| error.to_string())
    });
    if let Err(error) = derived {
        return Ok(format!("failed to derive password: {error}").into());
    }
    let Ok(mut seed) = <Hmac<Sha256> as KeyInit>::new_from_slice(&key) else {
        return Err("failed to derive password".into());
    };
    seed.update(&[MASTER_PASSWORD, &length(&site), &site, &counter.to_be_bytes()].concat());
    let seed = seed.finalize().into_bytes();
    let template = templates[usize::from(seed[0]) % templates.len()];
    let made = template.chars().zip(seed.iter().skip(1)).map(|(class, byte)| {
        let set = password_characters(class);
        char::from(set[usize::from(*byte) % set.len()])
    });
    Ok(made.collect::<String>().into())
}

/// The password's bytes, cut or filled with zeros.
fn aes_key(password: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    let taken = password.len().min(32);
    key[..taken].copy_from_slice(&password[..taken]);
    key
}

fn encrypt(call: &mut Call<'_>) -> Outcome {
    let (password, plain) = (call.text(0), call.text(1));
    if plain.is_empty() {
        return Ok("".into());
    }
    let vector = random::bytes(call, 16)?;
    let Ok(cipher) = cbc::Encryptor::<Aes256>::new_from_slices(&aes_key(&password), &vector) else {
        return Err("crypto/aes: invalid key size".into());
    };
    let sealed = cipher.encrypt_padded_vec::<Pkcs7>(&plain);
    Ok(STANDARD.encode([vector, sealed].concat()).into())
}

fn decrypt(call: &mut Call<'_>) -> Outcome {
    let (password, text) = (call.text(0), call.text(1));
    if text.is_empty() {
        return Ok("".into());
    }
    let sealed = encode::decode_base64(&text, false).map_err(|error| Message::new(error.to_string()))?;
    let Some((vector, sealed)) = sealed.split_at_checked(16) else {
        let capacity = text.len() / 4 * 3;
        return Err(format!("runtime error: slice bounds out of range [:16] with capacity {capacity}").into());
    };
    let Ok(cipher) = cbc::Decryptor::<Aes256>::new_from_slices(&aes_key(&password), vector) else {
        return Err("crypto/aes: invalid key size".into());
    };
    let Ok(mut plain) = cipher.decrypt_padded_vec::<NoPadding>(sealed) else {
        return Err("crypto/cipher: input not full blocks".into());
    };
    // The last byte says how much padding there is; Go looks at nothing else.
    let Some(padding) = plain.last().copied() else {
        return Err("runtime error: index out of range [-1]".into());
    };
    let Some(kept) = plain.len().checked_sub(usize::from(padding)) else {
        let kept = plain.len() as i64 - i64::from(padding);
        return Err(format!("runtime error: slice bounds out of range [:{kept}]").into());
    };
    plain.truncate(kept);
    Ok(plain.into())
}
