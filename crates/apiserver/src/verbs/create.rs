//! POST on a collection.

use ::http::Response;

use super::decode::{self, Kind};
use super::ownership::{Door, Writer};
use super::write::{self, Ownership};
use super::{Call, reply};
use crate::access;
use crate::http::body::Body;
use crate::http::negotiate::Offer;
use crate::http::query::{Write, WriteOptions};
use crate::status::Answer;

/// Creates an object, or answers a review.
pub(super) fn create(call: &Call<'_>) -> Answer<Response<Body>> {
    call.form(Offer::Object)?;
    decode::check_format(call)?;
    let options = WriteOptions::read(call.query, Write::Create)?;
    let value = decode::body(call, Kind::of(&call.resource), options.field_validation)?;
    let manager = call.manager(&options.field_manager);
    if call.resource.verbs == ["create"] {
        let mut value = value;
        super::admit::settle_namespace(call, &mut value)?;
        if call.resource.plural != "selfsubjectreviews"
            && let Some(writer) = Writer::of_call(call, manager, Door::Object)
        {
            value = writer.update(None, value);
        }
        if call.resource.is("", "bindings") {
            return super::subresource::bind(call, &value);
        }
        let answer = access::review(call, value)?;
        return reply::value(call, 201, answer);
    }
    write::create(call, value, manager, options.dry_run, Ownership::Track)?.reply(call, 201)
}
