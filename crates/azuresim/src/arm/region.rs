//! Where a resource is: regions as clients write them, and the rule that a resource stays where it is.

use super::{ArmError, store::Resource};

/// The region of a resource, as ids write it: `West Europe` and `westeurope` are one. A resource that exists keeps its
/// own; a request that names another is refused.
pub(super) fn settle(asked: Option<&str>, existing: Option<&Resource>) -> Result<String, ArmError> {
    let asked = asked.map(plain).filter(|asked| !asked.is_empty());
    match (asked, existing) {
        (Some(asked), Some(existing)) if asked != existing.location => {
            Err(ArmError::InvalidResourceLocation {
                name: existing.name().to_owned(),
                location: existing.location.clone(),
            })
        }
        (_, Some(existing)) => Ok(existing.location.clone()),
        // Regions become part of host names and addresses.
        (Some(asked), None) if asked.chars().all(|letter| letter.is_ascii_alphanumeric()) => Ok(asked),
        (Some(asked), None) => Err(ArmError::BadRequest(format!("'{asked}' is not the name of a location"))),
        (None, None) => Err(ArmError::BadRequest("the location property is required".into())),
    }
}

fn plain(location: &str) -> String {
    location.chars().filter(|letter| !letter.is_whitespace()).collect::<String>().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::store::Body;

    #[test]
    fn a_resource_stays_where_it_is() {
        let group = Resource {
            id: "/subscriptions/s/resourceGroups/g".into(),
            location: "westeurope".into(),
            tags: None,
            body: Body::Group { deleting: false },
        };
        for (asked, existing, expect) in [
            (Some("West Europe"), None, Some("westeurope")),
            (Some("west\neurope"), None, Some("westeurope")),
            (Some("west/europe"), None, None),
            (Some(" "), None, None),
            (None, None, None),
            (Some("WestEurope"), Some(&group), Some("westeurope")),
            (Some("eastus"), Some(&group), None),
            (None, Some(&group), Some("westeurope")),
        ] {
            assert_eq!(settle(asked, existing).ok().as_deref(), expect, "{asked:?}");
        }
    }
}
