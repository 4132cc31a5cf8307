//! `semver` and `semverCompare`.

use std::any::Any;
use std::rc::Rc;

use super::version::{Constraints, Version};
use super::{Call, Function, Outcome, Type};
use crate::value::{Kind, Method, Object, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("semver", &[Type::String], |call| {
        Ok(Value::Object(Rc::new(Version::parse(&call.utf8(0))?)))
    }),
    Function::new("semverCompare", &[Type::String, Type::String], compare),
];

fn compare(call: &mut Call<'_>) -> Outcome {
    let constraints = Constraints::parse(&call.utf8(0))?;
    Ok(constraints.check(&Version::parse(&call.utf8(1))?).into())
}

fn version(object: &dyn Object) -> Option<&Version> {
    object.as_any().downcast_ref()
}

/// A method without arguments that reads one part of the version.
macro_rules! part {
    ($read:expr) => {
        Method { parameters: &[], call: |object, _| Ok(version(object).map($read).unwrap_or_default()) }
    };
}

/// A method that compares with another version.
macro_rules! comparison {
    ($read:expr) => {
        Method {
            parameters: &[Type::Struct("*semver.Version")],
            call: |object, arguments| {
                let other = match arguments {
                    [Value::Object(other)] => version(other.as_ref()),
                    _ => None,
                };
                let order = version(object).zip(other).map(|(a, b)| a.compare(b));
                Ok(order.map($read).unwrap_or_default())
            },
        }
    };
}

impl Object for Version {
    fn type_name(&self) -> &'static str {
        "*semver.Version"
    }

    fn kind(&self) -> Kind {
        Kind::Pointer
    }

    fn text(&self) -> Option<String> {
        Some(self.to_string())
    }

    fn json(&self) -> Value {
        self.to_string().into()
    }

    fn method(&self, name: &str) -> Option<Method> {
        Some(match name {
            "Major" => part!(|version| Value::Uint64(version.major)),
            "Minor" => part!(|version| Value::Uint64(version.minor)),
            "Patch" => part!(|version| Value::Uint64(version.patch)),
            "Prerelease" => part!(|version| version.pre.clone().into()),
            "Metadata" => part!(|version| version.metadata.clone().into()),
            "Original" => part!(|version| version.original.clone().into()),
            "String" => part!(|version| version.to_string().into()),
            "Compare" => comparison!(|order| Value::Int(order as i64)),
            "Equal" => comparison!(|order| order.is_eq().into()),
            "LessThan" => comparison!(|order| order.is_lt().into()),
            "LessThanEqual" => comparison!(|order| order.is_le().into()),
            "GreaterThan" => comparison!(|order| order.is_gt().into()),
            "GreaterThanEqual" => comparison!(|order| order.is_ge().into()),
            _ => return None,
        })
    }

    fn equals(&self, other: &dyn Object) -> bool {
        version(other) == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
