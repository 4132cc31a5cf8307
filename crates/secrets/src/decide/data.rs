//! Keys and values between provider and Secret: rewrites, valid keys, decoding. The words of errors are ESO's.

use crate::api::external_secret::{
    ConversionStrategy, DecodingStrategy, MergeConflictPolicy, MergePriorityPolicy, MergeStrategy,
    NullBytePolicy, Rewrite,
};
use crate::value::{self, SecretData, SecretValue};
use gangplank_template::Environment;
use gangplank_template::pipeline::{self, Conversion, Decoding};

/// How the values of one entry are treated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Treatment {
    pub(crate) conversion: ConversionStrategy,
    pub(crate) decoding: DecodingStrategy,
    pub(crate) null_bytes: NullBytePolicy,
}

impl DecodingStrategy {
    pub(crate) fn decoding(self) -> Decoding {
        match self {
            Self::None => Decoding::None,
            Self::Base64 => Decoding::Base64,
            Self::Base64URL => Decoding::Base64Url,
            Self::Auto => Decoding::Auto,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Base64 => "Base64",
            Self::Base64URL => "Base64URL",
            Self::Auto => "Auto",
        }
    }
}

impl ConversionStrategy {
    fn as_str(self) -> &'static str {
        match self {
            Self::Unset => "",
            Self::Default => "Default",
            Self::Unicode => "Unicode",
        }
    }
}

/// The values of a `dataFrom` entry: rewritten, or made valid, then decoded.
pub(crate) fn of_many(
    fetched: SecretData,
    rewrites: &[Rewrite],
    treatment: Treatment,
    environment: &mut Environment,
) -> Result<SecretData, String> {
    let mut data = value::plain(fetched);
    if rewrites.is_empty() {
        let conversion = match treatment.conversion {
            ConversionStrategy::Unset | ConversionStrategy::Default => Conversion::Default,
            ConversionStrategy::Unicode => Conversion::Unicode,
        };
        data = pipeline::convert_keys(conversion, data).map_err(|error| {
            format!("error applying conversion strategy {} to keys: {error}", treatment.conversion.as_str())
        })?;
    } else {
        let operations: Vec<pipeline::Rewrite> = rewrites.iter().filter_map(operation).collect();
        data = pipeline::rewrite(&operations, data, environment)
            .map_err(|error| format!("error applying rewrite to keys: {error}"))?;
    }
    pipeline::validate_keys(&mut data).map_err(|error| {
        format!("invalid secret keys (TIP: use rewrite or conversionStrategy to change keys): {error}")
    })?;
    let data = pipeline::decode_all(treatment.decoding.decoding(), data).map_err(|error| {
        format!("error applying decoding strategy {} to data: {error}", treatment.decoding.as_str())
    })?;
    if treatment.null_bytes == NullBytePolicy::Fail {
        for (key, value) in &data {
            pipeline::refuse_null_bytes(key, value).map_err(|error| error.to_string())?;
        }
    }
    Ok(value::secret(data))
}

/// The value of a `data` entry, decoded.
pub(crate) fn of_one(key: &str, fetched: &SecretValue, treatment: Treatment) -> Result<SecretValue, String> {
    let decoded =
        pipeline::decode(treatment.decoding.decoding(), fetched.expose().to_vec()).map_err(|error| {
            format!("error applying decoding strategy {} to data: {error}", treatment.decoding.as_str())
        })?;
    let decoded = SecretValue::from(decoded);
    if treatment.null_bytes == NullBytePolicy::Fail {
        pipeline::refuse_null_bytes(key, decoded.expose()).map_err(|error| error.to_string())?;
    }
    Ok(decoded)
}

/// A rewrite as the pipeline takes it; one without any member does nothing.
fn operation(rewrite: &Rewrite) -> Option<pipeline::Rewrite> {
    if let Some(regexp) = &rewrite.regexp {
        return Some(pipeline::Rewrite::Regexp {
            source: regexp.source.clone(),
            target: regexp.target.clone(),
        });
    }
    if let Some(transform) = &rewrite.transform {
        return Some(pipeline::Rewrite::Transform { template: transform.template.clone() });
    }
    let merge = rewrite.merge.as_ref()?;
    Some(pipeline::Rewrite::Merge(pipeline::Merge {
        into: merge.into.clone(),
        priority: merge.priority.clone(),
        priority_policy: match merge.priority_policy {
            MergePriorityPolicy::Strict => pipeline::PriorityPolicy::Strict,
            MergePriorityPolicy::IgnoreNotFound => pipeline::PriorityPolicy::IgnoreNotFound,
        },
        conflict_policy: match merge.conflict_policy {
            MergeConflictPolicy::Error => pipeline::ConflictPolicy::Error,
            MergeConflictPolicy::Ignore => pipeline::ConflictPolicy::Ignore,
        },
        strategy: match merge.strategy {
            MergeStrategy::Extract => pipeline::MergeStrategy::Extract,
            MergeStrategy::Json => pipeline::MergeStrategy::Json,
        },
    }))
}
