//! Certificates, signing keys and signed tokens.
