//! What can be wrong with a strategic merge patch.

use serde_json::Value;

use super::{Members, plain, type_name};

/// Why a patch could not be applied. The messages are the real server's, which answers most of them with 500.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StrategicError {
    /// 400: the patch is neither an object nor null.
    #[error("json: cannot unmarshal {found} into Go value of type map[string]interface {{}}")]
    NotAnObject {
        /// What it is, in JSON's words.
        found: &'static str,
    },
    /// 400: `$retainKeys` is no list, or does not name a key of the patch.
    #[error("invalid patch format of retainKeys")]
    RetainKeys,
    /// 400: a name starts as `$setElementOrder/…` does, but is not of its form.
    #[error("invalid patch format of setElementOrder list")]
    ElementOrder,
    /// 400: a name starts as `$deleteFromPrimitiveList/…` does, but is not of its form.
    #[error("invalid patch format of primitive list")]
    PrimitiveList,
    /// 422: a list in a list.
    #[error("lists of lists are not supported")]
    ListOfLists,
    /// 500: `$patch` with another value than those known there.
    #[error("unknown patch type: {directive} in map: {map}")]
    UnknownDirective {
        /// Its value.
        directive: String,
        /// The map with it, as Go prints it.
        map: String,
    },
    /// 500: `$patch: merge` in a list.
    #[error("merging lists cannot yet be specified in the patch")]
    MergeDirective,
    /// 500: an element without its key.
    #[error("map: {map} does not contain declared merge key: {key}")]
    NoMergeKey {
        /// The element, as Go prints it.
        map: String,
        /// The key it lacks.
        key: String,
    },
    /// 500: a list of maps that has no merge key.
    #[error("cannot merge lists without merge key for struct")]
    ListWithoutKey,
    /// 500: elements of different types.
    #[error("list element types are not identical: {lists}")]
    MixedList {
        /// The old and the new list, as Go prints them.
        lists: String,
    },
    /// 500: both lists are empty where an order is given.
    #[error("no elements in any of the given slices")]
    NoElements,
    /// 500: a value of another type than its place asks for.
    #[error("expected a {expected}, but received a {received}")]
    BadType {
        /// A Go type.
        expected: &'static str,
        /// A Go type.
        received: &'static str,
    },
    /// 500: an element that is no map among those that are looked up by key.
    #[error("value for key {index} is not a map")]
    NotAMap {
        /// Its place in the list.
        index: usize,
    },
    /// 500: the order does not name the elements of the patch in their order.
    #[error("The order in patch list:\n{patch}\n doesn't match $setElementOrder list:\n{order}\n")]
    OrderMismatch {
        /// The list, as Go prints it.
        patch: String,
        /// The order, as Go prints it.
        order: String,
    },
    /// 500: the kind has no such field.
    #[error("unable to find api field in struct {structure} for the json field {field:?}")]
    NoField {
        /// The Go struct.
        structure: String,
        /// The field.
        field: String,
    },
    /// 500: fields are sought where there are none.
    #[error("merging an object in json but data type is not struct, instead is: map")]
    NotAStruct,
    /// 500: an order is given for what is no list.
    #[error("expected slice or array type, but got: struct")]
    NotAList,
}

impl StrategicError {
    /// The status the real server answers with.
    pub fn status(&self) -> u16 {
        match self {
            Self::NotAnObject { .. } | Self::RetainKeys | Self::ElementOrder | Self::PrimitiveList => 400,
            Self::ListOfLists => 422,
            _ => 500,
        }
    }

    pub(super) fn unknown_directive(directive: &Value, map: &Members) -> Self {
        let directive = match directive {
            Value::String(text) => text.clone(),
            other => format!("%!s({}={})", type_name(other), plain(other)),
        };
        Self::UnknownDirective { directive, map: plain(&Value::Object(map.clone())) }
    }

    pub(super) fn no_merge_key(map: &Members, key: &str) -> Self {
        Self::NoMergeKey { map: plain(&Value::Object(map.clone())), key: key.to_owned() }
    }

    pub(super) fn bad_type(expected: &'static str, received: &Value) -> Self {
        Self::BadType { expected, received: type_name(received) }
    }
}
