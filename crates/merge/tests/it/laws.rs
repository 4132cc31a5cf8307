//! Laws of apply that hold for all objects.

use gangplank_merge::apply::{self, ApplyError, FieldSet, SingleVersion, Write};
use gangplank_merge::schema::Schema;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn widgets() -> SingleVersion {
    let schema = Schema::of_custom_resource(&json!({
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": {
            "size": {"type": "integer"},
            "map": {"type": "object", "additionalProperties": {"type": "string"}},
            "whole": {"type": "array", "items": {"type": "integer"}},
            "set": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
            "list": {
                "type": "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
                "items": {"type": "object", "properties": {"name": {"type": "string"}, "value": {"type": "integer"}}},
            },
        }}},
    }));
    SingleVersion { api_version: "example.com/v1".to_owned(), schema }
}

/// What somebody may want of a widget: always its size, as an object that nobody owns anything of is one that nobody has
/// applied to yet; and no empty collections, as one whose last element went is null until the server drops it.
fn specs() -> impl Strategy<Value = Value> {
    let key = || prop::sample::select(vec!["a", "b", "c"]);
    let set = prop::collection::btree_set(key(), 1..3);
    let list = prop::collection::btree_map(key(), prop::option::of(0..3_i64), 1..3);
    let map = prop::collection::btree_map(key(), key(), 1..3);
    let whole = prop::collection::vec(0..3_i64, 0..3);
    (0..3_i64, prop::option::of(map), prop::option::of(whole), prop::option::of(set), prop::option::of(list))
        .prop_map(|(size, map, whole, set, list)| {
            let mut spec = Map::new();
            let mut put =
                |name: &str, value: Option<Value>| spec.extend(value.map(|value| (name.to_owned(), value)));
            put("size", Some(Value::from(size)));
            put("map", map.map(|map| json!(map)));
            put("whole", whole.map(|whole| json!(whole)));
            put("set", set.map(|set| json!(set)));
            let element = |(name, value): (&str, Option<i64>)| match value {
                Some(value) => json!({"name": name, "value": value}),
                None => json!({"name": name}),
            };
            put("list", list.map(|list| list.into_iter().map(element).collect()));
            Value::Object(spec)
        })
}

fn applied(spec: &Value) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec})
}

fn write<'a>(manager: &'a str, versions: &'a SingleVersion, reset: &'a FieldSet) -> Write<'a> {
    Write {
        manager,
        api_version: "example.com/v1",
        kind: "Widget",
        subresource: "",
        now: "t",
        versions,
        reset,
    }
}

/// Everything an object holds and who owns it, without times.
fn state(object: &Value) -> Value {
    let mut object = object.clone();
    for entry in object["metadata"]["managedFields"].as_array_mut().into_iter().flatten() {
        entry.as_object_mut().expect("an entry").remove("time");
    }
    object
}

proptest! {
    #[test]
    fn applying_twice_is_applying_once(first in specs(), second in specs()) {
        let (versions, reset) = (widgets(), FieldSet::default());
        let one = apply::apply(None, &applied(&first), false, &write("a", &versions, &reset)).expect("no conflict");
        let two = apply::apply(Some(&one), &applied(&second), false, &write("a", &versions, &reset)).expect("no conflict");
        let three = apply::apply(Some(&two), &applied(&second), false, &write("a", &versions, &reset)).expect("no conflict");
        prop_assert_eq!(&two, &three);
        // A single manager gets what it wants, whatever it wanted before.
        let fresh = apply::apply(None, &applied(&second), false, &write("a", &versions, &reset)).expect("no conflict");
        prop_assert_eq!(state(&fresh)["metadata"]["managedFields"].clone(), state(&two)["metadata"]["managedFields"].clone());
    }

    #[test]
    fn the_forcing_manager_has_its_way_and_the_other_loses_only_that(first in specs(), second in specs()) {
        let (versions, reset) = (widgets(), FieldSet::default());
        let one = apply::apply(None, &applied(&first), false, &write("a", &versions, &reset)).expect("no conflict");
        let forced = apply::apply(Some(&one), &applied(&second), true, &write("b", &versions, &reset)).expect("forced");
        // Afterwards neither conflicts with itself.
        let again = apply::apply(Some(&forced), &applied(&second), false, &write("b", &versions, &reset)).expect("no conflict");
        prop_assert_eq!(state(&forced), state(&again));
        match apply::apply(Some(&one), &applied(&second), false, &write("b", &versions, &reset)) {
            Ok(object) => prop_assert_eq!(state(&object), state(&forced)),
            Err(ApplyError::Conflicts(conflicts)) => prop_assert!(!conflicts.conflicts.is_empty()),
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn who_gives_up_everything_leaves_what_others_want(first in specs(), second in specs()) {
        let (versions, reset) = (widgets(), FieldSet::default());
        let one = apply::apply(None, &applied(&first), false, &write("a", &versions, &reset)).expect("no conflict");
        let both = apply::apply(Some(&one), &applied(&second), true, &write("b", &versions, &reset)).expect("forced");
        let nothing = json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}});
        let left = apply::apply(Some(&both), &nothing, false, &write("a", &versions, &reset)).expect("no conflict");
        let managers: Vec<&Value> =
            left["metadata"]["managedFields"].as_array().into_iter().flatten().map(|entry| &entry["manager"]).collect();
        prop_assert!(managers.iter().all(|manager| **manager == "b"), "{:?}", managers);
        // What b wants is still there, so b has nothing to do.
        let again = apply::apply(Some(&left), &applied(&second), false, &write("b", &versions, &reset)).expect("no conflict");
        prop_assert_eq!(state(&left)["spec"].clone(), state(&again)["spec"].clone());
    }

    #[test]
    fn sets_are_written_and_read(spec in specs()) {
        let (versions, reset) = (widgets(), FieldSet::default());
        let object = apply::update(None, applied(&spec), &write("a", &versions, &reset));
        for entry in object["metadata"]["managedFields"].as_array().into_iter().flatten() {
            let set = FieldSet::parse(&entry["fieldsV1"]).expect("our own");
            prop_assert_eq!(&set.serialize(), &entry["fieldsV1"]);
            prop_assert_eq!(set.union(&set), set.clone());
            prop_assert_eq!(set.intersection(&set), set.clone());
            prop_assert!(set.difference(&set).is_empty());
            let mut paths = FieldSet::default();
            set.for_each(&mut |path| paths.insert(path));
            prop_assert_eq!(paths, set);
        }
    }
}
