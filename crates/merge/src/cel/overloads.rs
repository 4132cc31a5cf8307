//! Which functions there are, and for which types.

use super::types::Ty;

/// A pattern of a type in a signature. `A` and `B` stand for one type wherever they stand in a signature.
#[derive(Clone, Copy)]
pub(super) enum P {
    Any,
    A,
    Bool,
    Int,
    Uint,
    Double,
    Text,
    Bytes,
    Duration,
    Timestamp,
    Type,
    Quantity,
    ListA,
    ListText,
    MapAB,
    ListListA,
    ListAny,
    ListInt,
    MapTextTexts,
    OptA,
    OptListText,
    OptFormat,
    B,
    Ip,
    Network,
    Url,
    Semver,
    Format,
}

/// A signature: the name, whether the first type is that of the target, the types of target and arguments, the result.
pub(super) type Signature = (&'static str, bool, &'static [P], P);

use P::{
    A, Any, B, Bool, Bytes, Double, Duration, Format, Int, Ip, ListA, ListListA, ListText, MapAB,
    MapTextTexts, Network, OptA, OptFormat, OptListText, Quantity, Semver, Text, Timestamp, Type, Uint, Url,
};

/// All signatures.
pub(super) const SIGNATURES: &[Signature] = &[
    ("_==_", false, &[A, A], Bool),
    ("_!=_", false, &[A, A], Bool),
    ("_?_:_", false, &[Bool, A, A], A),
    ("_&&_", false, &[Bool, Bool], Bool),
    ("_||_", false, &[Bool, Bool], Bool),
    ("!_", false, &[Bool], Bool),
    ("-_", false, &[Int], Int),
    ("-_", false, &[Double], Double),
    ("_+_", false, &[Int, Int], Int),
    ("_+_", false, &[Uint, Uint], Uint),
    ("_+_", false, &[Double, Double], Double),
    ("_+_", false, &[Text, Text], Text),
    ("_+_", false, &[Bytes, Bytes], Bytes),
    ("_+_", false, &[ListA, ListA], ListA),
    ("_+_", false, &[Duration, Duration], Duration),
    ("_+_", false, &[Timestamp, Duration], Timestamp),
    ("_+_", false, &[Duration, Timestamp], Timestamp),
    ("_-_", false, &[Int, Int], Int),
    ("_-_", false, &[Uint, Uint], Uint),
    ("_-_", false, &[Double, Double], Double),
    ("_-_", false, &[Duration, Duration], Duration),
    ("_-_", false, &[Timestamp, Timestamp], Duration),
    ("_-_", false, &[Timestamp, Duration], Timestamp),
    ("_*_", false, &[Int, Int], Int),
    ("_*_", false, &[Uint, Uint], Uint),
    ("_*_", false, &[Double, Double], Double),
    ("_/_", false, &[Int, Int], Int),
    ("_/_", false, &[Uint, Uint], Uint),
    ("_/_", false, &[Double, Double], Double),
    ("_%_", false, &[Int, Int], Int),
    ("_%_", false, &[Uint, Uint], Uint),
    ("@in", false, &[A, ListA], Bool),
    ("@in", false, &[A, MapAB], Bool),
    ("_[_]", false, &[ListA, Int], A),
    ("_[_]", false, &[MapAB, A], B),
    ("size", false, &[Text], Int),
    ("size", false, &[Bytes], Int),
    ("size", false, &[ListA], Int),
    ("size", false, &[MapAB], Int),
    ("size", true, &[Text], Int),
    ("size", true, &[Bytes], Int),
    ("size", true, &[ListA], Int),
    ("size", true, &[MapAB], Int),
    ("int", false, &[Int], Int),
    ("int", false, &[Uint], Int),
    ("int", false, &[Double], Int),
    ("int", false, &[Text], Int),
    ("int", false, &[Timestamp], Int),
    ("uint", false, &[Int], Uint),
    ("uint", false, &[Uint], Uint),
    ("uint", false, &[Double], Uint),
    ("uint", false, &[Text], Uint),
    ("double", false, &[Int], Double),
    ("double", false, &[Uint], Double),
    ("double", false, &[Double], Double),
    ("double", false, &[Text], Double),
    ("string", false, &[Text], Text),
    ("string", false, &[Bool], Text),
    ("string", false, &[Int], Text),
    ("string", false, &[Uint], Text),
    ("string", false, &[Double], Text),
    ("string", false, &[Bytes], Text),
    ("string", false, &[Duration], Text),
    ("string", false, &[Timestamp], Text),
    ("bytes", false, &[Bytes], Bytes),
    ("bytes", false, &[Text], Bytes),
    ("bool", false, &[Bool], Bool),
    ("bool", false, &[Text], Bool),
    ("dyn", false, &[Any], Any),
    ("type", false, &[Any], Type),
    ("duration", false, &[Text], Duration),
    ("duration", false, &[Duration], Duration),
    ("timestamp", false, &[Text], Timestamp),
    ("timestamp", false, &[Timestamp], Timestamp),
    ("timestamp", false, &[Int], Timestamp),
    ("contains", true, &[Text, Text], Bool),
    ("startsWith", true, &[Text, Text], Bool),
    ("endsWith", true, &[Text, Text], Bool),
    ("matches", true, &[Text, Text], Bool),
    ("matches", false, &[Text, Text], Bool),
    ("charAt", true, &[Text, Int], Text),
    ("indexOf", true, &[Text, Text], Int),
    ("indexOf", true, &[Text, Text, Int], Int),
    ("lastIndexOf", true, &[Text, Text], Int),
    ("lastIndexOf", true, &[Text, Text, Int], Int),
    ("lowerAscii", true, &[Text], Text),
    ("upperAscii", true, &[Text], Text),
    ("replace", true, &[Text, Text, Text], Text),
    ("replace", true, &[Text, Text, Text, Int], Text),
    ("split", true, &[Text, Text], ListText),
    ("split", true, &[Text, Text, Int], ListText),
    ("substring", true, &[Text, Int], Text),
    ("substring", true, &[Text, Int, Int], Text),
    ("trim", true, &[Text], Text),
    ("join", true, &[ListText], Text),
    ("join", true, &[ListText, Text], Text),
    ("strings.quote", false, &[Text], Text),
    ("format", true, &[Text, ListA], Text),
    ("reverse", true, &[ListA], ListA),
    ("distinct", true, &[ListA], ListA),
    ("sort", true, &[ListA], ListA),
    ("slice", true, &[ListA, Int, Int], ListA),
    ("flatten", true, &[ListListA], ListA),
    ("flatten", true, &[ListA, Int], P::ListAny),
    ("lists.range", false, &[Int], P::ListInt),
    ("find", true, &[Text, Text], Text),
    ("findAll", true, &[Text, Text], ListText),
    ("findAll", true, &[Text, Text, Int], ListText),
    ("isSorted", true, &[ListA], Bool),
    ("sum", true, &[ListA], A),
    ("min", true, &[ListA], A),
    ("max", true, &[ListA], A),
    ("indexOf", true, &[ListA, A], Int),
    ("lastIndexOf", true, &[ListA, A], Int),
    ("isURL", false, &[Text], Bool),
    ("isQuantity", false, &[Text], Bool),
    ("quantity", false, &[Text], Quantity),
    ("sign", true, &[Quantity], Int),
    ("isInteger", true, &[Quantity], Bool),
    ("asInteger", true, &[Quantity], Int),
    ("asApproximateFloat", true, &[Quantity], Double),
    ("isGreaterThan", true, &[Quantity, Quantity], Bool),
    ("isLessThan", true, &[Quantity, Quantity], Bool),
    ("compareTo", true, &[Quantity, Quantity], Int),
    ("add", true, &[Quantity, Quantity], Quantity),
    ("add", true, &[Quantity, Int], Quantity),
    ("sub", true, &[Quantity, Quantity], Quantity),
    ("sub", true, &[Quantity, Int], Quantity),
    ("isIP", false, &[Text], Bool),
    ("ip", false, &[Text], Ip),
    ("ip.isCanonical", false, &[Text], Bool),
    ("family", true, &[Ip], Int),
    ("isUnspecified", true, &[Ip], Bool),
    ("isLoopback", true, &[Ip], Bool),
    ("isLinkLocalMulticast", true, &[Ip], Bool),
    ("isLinkLocalUnicast", true, &[Ip], Bool),
    ("isGlobalUnicast", true, &[Ip], Bool),
    ("isCIDR", false, &[Text], Bool),
    ("cidr", false, &[Text], Network),
    ("containsIP", true, &[Network, Text], Bool),
    ("containsIP", true, &[Network, Ip], Bool),
    ("containsCIDR", true, &[Network, Text], Bool),
    ("containsCIDR", true, &[Network, Network], Bool),
    ("ip", true, &[Network], Ip),
    ("prefixLength", true, &[Network], Int),
    ("masked", true, &[Network], Network),
    ("string", false, &[Ip], Text),
    ("string", false, &[Network], Text),
    ("url", false, &[Text], Url),
    ("getScheme", true, &[Url], Text),
    ("getHost", true, &[Url], Text),
    ("getHostname", true, &[Url], Text),
    ("getPort", true, &[Url], Text),
    ("getEscapedPath", true, &[Url], Text),
    ("getQuery", true, &[Url], MapTextTexts),
    ("semver", false, &[Text], Semver),
    ("semver", false, &[Text, Bool], Semver),
    ("isSemver", false, &[Text], Bool),
    ("isSemver", false, &[Text, Bool], Bool),
    ("major", true, &[Semver], Int),
    ("minor", true, &[Semver], Int),
    ("patch", true, &[Semver], Int),
    ("isGreaterThan", true, &[Semver, Semver], Bool),
    ("isLessThan", true, &[Semver, Semver], Bool),
    ("compareTo", true, &[Semver, Semver], Int),
    ("format.named", false, &[Text], OptFormat),
    ("format.dns1123Label", false, &[], Format),
    ("format.dns1123Subdomain", false, &[], Format),
    ("format.dns1035Label", false, &[], Format),
    ("format.qualifiedName", false, &[], Format),
    ("format.dns1123LabelPrefix", false, &[], Format),
    ("format.dns1123SubdomainPrefix", false, &[], Format),
    ("format.dns1035LabelPrefix", false, &[], Format),
    ("format.labelValue", false, &[], Format),
    ("format.uri", false, &[], Format),
    ("format.uuid", false, &[], Format),
    ("format.byte", false, &[], Format),
    ("format.date", false, &[], Format),
    ("format.datetime", false, &[], Format),
    ("validate", true, &[Format, Text], OptListText),
    ("optional.of", false, &[A], OptA),
    ("optional.ofNonZeroValue", false, &[A], OptA),
    ("optional.none", false, &[], OptA),
    ("hasValue", true, &[OptA], Bool),
    ("value", true, &[OptA], A),
    ("orValue", true, &[OptA, A], A),
    ("or", true, &[OptA, OptA], OptA),
    ("_[?_]", false, &[ListA, Int], OptA),
    ("_[?_]", false, &[MapAB, A], OptA),
    ("getFullYear", true, &[Timestamp], Int),
    ("getMonth", true, &[Timestamp], Int),
    ("getDate", true, &[Timestamp], Int),
    ("getDayOfMonth", true, &[Timestamp], Int),
    ("getDayOfWeek", true, &[Timestamp], Int),
    ("getDayOfYear", true, &[Timestamp], Int),
    ("getHours", true, &[Timestamp], Int),
    ("getMinutes", true, &[Timestamp], Int),
    ("getSeconds", true, &[Timestamp], Int),
    ("getMilliseconds", true, &[Timestamp], Int),
    ("getHours", true, &[Duration], Int),
    ("getMinutes", true, &[Duration], Int),
    ("getSeconds", true, &[Duration], Int),
    ("getMilliseconds", true, &[Duration], Int),
    ("sets.contains", false, &[ListA, ListA], Bool),
    ("sets.equivalent", false, &[ListA, ListA], Bool),
    ("sets.intersects", false, &[ListA, ListA], Bool),
];

/// Numbers, texts, times, and booleans can be ordered: integers among each other, all of a kind else.
pub(super) const ORDERED: [&str; 4] = ["_<_", "_<=_", "_>_", "_>=_"];

/// Whether two types can be ordered.
pub(super) fn can_be_ordered(left: &Ty<'_>, right: &Ty<'_>) -> bool {
    let number = |ty: &Ty<'_>| matches!(ty, Ty::Int | Ty::Uint | Ty::Double | Ty::Dyn);
    let same =
        |ty: &Ty<'_>| matches!(ty, Ty::Bool | Ty::Text | Ty::Bytes | Ty::Duration | Ty::Timestamp | Ty::Dyn);
    (number(left) && number(right)) || (same(left) && same(right) && left.fits(right))
}

/// What the variables of a signature stand for.
#[derive(Default)]
struct Bound<'s> {
    a: Option<Ty<'s>>,
    b: Option<Ty<'s>>,
}

impl<'s> Bound<'s> {
    fn bind(slot: &mut Option<Ty<'s>>, ty: &Ty<'s>) -> bool {
        match slot {
            Some(bound) if bound.is_dyn() => true,
            Some(bound) => bound.fits(ty),
            None => {
                *slot = Some(ty.clone());
                true
            }
        }
    }

    fn matches(&mut self, pattern: P, ty: &Ty<'s>) -> bool {
        match (pattern, ty) {
            (Any, _) => true,
            (A, ty) => Self::bind(&mut self.a, ty),
            (B, ty) => Self::bind(&mut self.b, ty),
            (_, Ty::Dyn) => true,
            (ListA, Ty::List(inner)) | (OptA, Ty::Optional(inner)) => Self::bind(&mut self.a, inner),
            (ListListA, Ty::List(inner)) => match inner.as_ref() {
                Ty::Dyn => true,
                Ty::List(inner) => Self::bind(&mut self.a, inner),
                _ => false,
            },
            (ListText, Ty::List(inner)) => inner.fits(&Ty::Text),
            (MapAB, Ty::Map(key, value)) => Self::bind(&mut self.a, key) && Self::bind(&mut self.b, value),
            (pattern, ty) => self.result(pattern).is_some_and(|wanted| {
                !matches!(wanted, Ty::List(_) | Ty::Map(..) | Ty::Optional(_)) && wanted.fits(ty)
            }),
        }
    }

    fn result(&self, pattern: P) -> Option<Ty<'s>> {
        let a = || self.a.clone().unwrap_or(Ty::Dyn);
        Some(match pattern {
            Any => Ty::Dyn,
            A => a(),
            B => self.b.clone().unwrap_or(Ty::Dyn),
            Bool => Ty::Bool,
            Int => Ty::Int,
            Uint => Ty::Uint,
            Double => Ty::Double,
            Text => Ty::Text,
            Bytes => Ty::Bytes,
            Duration => Ty::Duration,
            Timestamp => Ty::Timestamp,
            Type => Ty::Type,
            Quantity => Ty::Quantity,
            ListA => Ty::List(Box::new(a())),
            ListText => Ty::List(Box::new(Ty::Text)),
            P::ListAny => Ty::List(Box::new(Ty::Dyn)),
            P::ListInt => Ty::List(Box::new(Ty::Int)),
            OptA => Ty::Optional(Box::new(a())),
            OptListText => Ty::Optional(Box::new(Ty::List(Box::new(Ty::Text)))),
            OptFormat => Ty::Optional(Box::new(Ty::Special("kubernetes.NamedFormat"))),
            MapTextTexts => Ty::Map(Box::new(Ty::Text), Box::new(Ty::List(Box::new(Ty::Text)))),
            Ip => Ty::Special("net.IP"),
            Network => Ty::Special("net.CIDR"),
            Url => Ty::Special("kubernetes.URL"),
            Semver => Ty::Special("kubernetes.Semver"),
            Format => Ty::Special("kubernetes.NamedFormat"),
            MapAB | ListListA => return None,
        })
    }
}

/// Whether there is a function of this name at all.
pub(super) fn is_known(name: &str) -> bool {
    ORDERED.contains(&name) || SIGNATURES.iter().any(|(known, ..)| *known == name)
}

/// The type of a call; none where no signature fits. Where several fit and differ, anything.
pub(super) fn result<'s>(name: &str, target: Option<&Ty<'s>>, arguments: &[Ty<'s>]) -> Option<Ty<'s>> {
    if let ([left, right], true) = (arguments, ORDERED.contains(&name)) {
        return can_be_ordered(left, right).then_some(Ty::Bool);
    }
    let mut found: Option<Ty<'s>> = None;
    for (_, member, patterns, result) in SIGNATURES.iter().filter(|(known, ..)| *known == name) {
        let given = target.into_iter().chain(arguments);
        if *member != target.is_some() || patterns.len() != given.clone().count() {
            continue;
        }
        let mut bound = Bound::default();
        if !patterns.iter().zip(given).all(|(pattern, ty)| bound.matches(*pattern, ty)) {
            continue;
        }
        let ty = bound.result(*result)?;
        found = match found {
            None => Some(ty),
            Some(earlier) if std::mem::discriminant(&earlier) == std::mem::discriminant(&ty) => Some(earlier),
            Some(_) => Some(Ty::Dyn),
        };
    }
    found
}
