//! Which of the forms that a client accepts an answer is given in.

use crate::status::{Answer, Status};

/// How the bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Json,
    Yaml,
}

/// What is made of the object before it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    /// As it is.
    Whole,
    /// A Table of `meta.k8s.io`, in the version given.
    Table(&'static str),
    /// Metadata only; for lists a list of that.
    Partial(&'static str),
    /// Aggregated discovery.
    Discovery,
    /// Metadata of one where a list is, or of a list where one is: chosen, then refused.
    Unfit,
}

/// An answer's form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) encoding: Encoding,
    pub(crate) shape: Shape,
    pub(crate) pretty: bool,
}

impl Form {
    /// Compact JSON of the whole object: what errors fall back to.
    pub(crate) const PLAIN: Form = Form { encoding: Encoding::Json, shape: Shape::Whole, pretty: false };
}

/// What the place that is asked can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer {
    /// One object: whole, Table, PartialObjectMetadata.
    Object,
    /// A list: whole, Table, PartialObjectMetadataList.
    List,
    /// A stream of events.
    Watch,
    /// The roots of discovery, which have an aggregated form.
    DiscoveryRoot,
    /// Only the thing itself.
    Plain,
}

struct Media<'a> {
    kind: &'a str,
    sub: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
    quality: f32,
}

impl Media<'_> {
    fn parameter(&self, key: &str) -> Option<&str> {
        self.parameters.iter().find(|(k, _)| *k == key).map(|(_, value)| *value)
    }
}

fn parse(header: &str) -> Vec<Media<'_>> {
    let mut all: Vec<Media<'_>> = header
        .split(',')
        .filter_map(|part| {
            let mut pieces = part.split(';').map(str::trim);
            let (kind, sub) = pieces.next()?.split_once('/')?;
            let parameters: Vec<(&str, &str)> = pieces
                .filter_map(|p| p.split_once('='))
                .map(|(k, v)| (k.trim(), v.trim().trim_matches('"')))
                .collect();
            let quality =
                parameters.iter().find(|(k, _)| *k == "q").and_then(|(_, v)| v.parse().ok()).unwrap_or(1.0);
            Some(Media { kind: kind.trim(), sub: sub.trim(), parameters, quality })
        })
        .collect();
    // Stable: equal qualities keep their order.
    all.sort_by(|a, b| b.quality.total_cmp(&a.quality));
    all
}

fn encoding(media: &Media<'_>) -> Option<Encoding> {
    match (media.kind, media.sub) {
        ("application", "json") | ("*", "*") => Some(Encoding::Json),
        ("application", "yaml") => Some(Encoding::Yaml),
        _ => None,
    }
}

/// Whether an answer as aggregated discovery is asked for anywhere in the header: it wins over what stands before it.
fn aggregated(all: &[Media<'_>]) -> bool {
    all.iter().any(|media| {
        encoding(media).is_some()
            && media.parameter("as") == Some("APIGroupDiscoveryList")
            && media.parameter("g") == Some("apidiscovery.k8s.io")
            && media.parameter("v") == Some("v2")
    })
}

fn shape(media: &Media<'_>, offer: Offer) -> Option<Shape> {
    let (target, group) = (media.parameter("as").unwrap_or(""), media.parameter("g").unwrap_or(""));
    if target.is_empty() {
        return Some(Shape::Whole);
    }
    if group != "meta.k8s.io" {
        return None;
    }
    let version = match media.parameter("v") {
        Some("v1") => "v1",
        Some("v1beta1") => "v1beta1",
        _ => return None,
    };
    match (target, offer) {
        ("Table", Offer::Object | Offer::List | Offer::Watch) => Some(Shape::Table(version)),
        ("PartialObjectMetadata", Offer::Object | Offer::Watch) => Some(Shape::Partial(version)),
        ("PartialObjectMetadataList", Offer::List) => Some(Shape::Partial(version)),
        ("PartialObjectMetadata", Offer::List) | ("PartialObjectMetadataList", Offer::Object) => {
            Some(Shape::Unfit)
        }
        _ => None,
    }
}

/// Chooses the form for `Accept` (absent or empty: JSON). `pretty` is the query parameter of that name.
///
/// # Errors
/// 406, in one of two wordings: none of the types is known at all, or a known one asks for a shape that is not offered.
pub(crate) fn choose(accept: Option<&str>, offer: Offer, pretty: bool) -> Answer<Form> {
    let header = accept.unwrap_or("").trim();
    if header.is_empty() {
        return Ok(Form { pretty, ..Form::PLAIN });
    }
    let all = parse(header);
    if offer == Offer::DiscoveryRoot && aggregated(&all) {
        return Ok(Form { encoding: Encoding::Json, shape: Shape::Discovery, pretty });
    }
    let mut known = false;
    for media in all.iter().filter(|media| media.quality > 0.0) {
        let Some(encoding) = encoding(media) else {
            known |= (media.kind, media.sub) == ("application", "vnd.kubernetes.protobuf");
            continue;
        };
        known = true;
        if let Some(shape) = shape(media, offer) {
            let pretty = pretty || media.parameter("pretty") == Some("1");
            return Ok(Form { encoding, shape, pretty });
        }
    }
    // A wildcard that is no "*/*" passes the outer check and fails the inner one.
    if known { Err(Status::not_acceptable()) } else { Err(unavailable(offer)) }
}

fn unavailable(offer: Offer) -> Box<Status> {
    let mut types = "application/json, application/yaml, application/vnd.kubernetes.protobuf".to_owned();
    if matches!(offer, Offer::List | Offer::Watch) {
        types.push_str(", application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch");
    }
    let message = format!("406: Not Acceptable\n\nAvailable representations: {types}");
    Status::other(406, "NotAcceptable", message, Some(serde_json::json!({})))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(accept: &str, offer: Offer, expect: &str) {
        let seen = match choose(Some(accept), offer, false) {
            Ok(form) => format!("{:?} {:?}", form.encoding, form.shape),
            Err(status) => status.message.split('\n').next().unwrap_or_default().to_owned(),
        };
        assert_eq!(seen, expect, "{accept}");
    }

    #[test]
    fn the_first_acceptable_form_is_given() {
        check("application/json", Offer::Object, "Json Whole");
        check("text/plain, */*", Offer::List, "Json Whole");
        check("application/json;q=0.5,application/yaml;q=0.9", Offer::Object, "Yaml Whole");
        check(
            "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
            Offer::List,
            "Json Table(\"v1\")",
        );
        check("application/json;as=Nothing;v=v1;g=meta.k8s.io,application/json", Offer::List, "Json Whole");
        check("application/*", Offer::List, "406: Not Acceptable");
        check(
            "application/json,application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
            Offer::DiscoveryRoot,
            "Json Discovery",
        );
    }
}
