//! One version of a custom resource.

use std::borrow::Cow;

use gangplank_merge::apply::Versions;
use gangplank_merge::schema::Schema;
use serde_json::Value;

use super::columns::Columns;
use crate::registry::Resource;
use crate::status::FieldError;
use crate::store::Object;
use crate::verbs::Call;

/// What a definition says of one version of its kind.
#[derive(Debug)]
pub(crate) struct Custom {
    pub(crate) columns: Columns,
}

/// The versions of a kind.
struct All;

impl Versions for All {
    fn schema(&self, _: &str) -> Option<&Schema> {
        None
    }

    fn convert<'v>(&self, object: &'v Value, _: &str) -> Option<Cow<'v, Value>> {
        Some(Cow::Borrowed(object))
    }
}

impl Custom {
    pub(crate) fn reads_as_stored(&self, _: &Object) -> bool {
        true
    }

    pub(crate) fn read(&self, _: &Resource, _: &mut Value) {}

    pub(crate) fn default(&self, _: &Resource, _: &mut Value) {}

    pub(crate) fn validate(
        &self,
        _: &Call<'_>,
        _: &Resource,
        _: &Value,
        _: Option<(&Value, &str)>,
        _: &mut Vec<FieldError>,
    ) {
    }

    pub(crate) fn schema(&self, _: &str) -> Option<Schema> {
        None
    }

    pub(crate) fn versions(&self) -> impl Versions {
        All
    }

    pub(crate) fn scale(&self, _: &str) -> Option<(String, String, String)> {
        None
    }

    pub(crate) fn selects(&self, _: &str) -> bool {
        false
    }

    pub(crate) fn field(&self, _: &Value, _: &str) -> String {
        String::new()
    }
}
