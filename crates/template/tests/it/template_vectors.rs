//! The conformance vectors of External Secrets for templates.

use gangplank_template::pipeline::{Data, Decoding, Scope, Target, render};
use gangplank_template::{Delimiters, Options, Value};
use serde_json::Value as Json;

use crate::corpus::{check_all, data, text};
use crate::vectors::{environment, shown, templates};

/// Renders what a case of the section `template` describes into data, labels and annotations.
fn rendered(case: &Json) -> Result<[Data; 3], String> {
    let values = data(&case["data_b64"]);
    let root = Value::string_map(&values);
    let delimiters =
        case["delimiters"].as_array().into_iter().flatten().filter_map(Json::as_str).collect::<Vec<_>>();
    let delimiters = match delimiters.as_slice() {
        [left, right] => Delimiters { left: (*left).into(), right: (*right).into() },
        _ => Delimiters::default(),
    };
    let options = Options { delimiters, ..Options::default() };
    let decoding = Decoding::from_name(text(case, "values_decoding")).map_err(|error| error.to_string())?;
    let scope = Scope::from_name(text(case, "scope")).map_err(|error| error.to_string())?;
    let mut environment = environment();
    let mut run = |templates: Data, scope, decoding| {
        render(&templates, scope, decoding, &root, &options, &mut environment)
            .map_err(|error| error.to_string())
    };
    let mut out = [
        Data::new(),
        run(templates(&case["labels_templates"]), Scope::Values, Decoding::None)?,
        run(templates(&case["annotations_templates"]), Scope::Values, Decoding::None)?,
    ];
    let entries = run(templates(&case["templates"]), scope, decoding)?;
    match Target::parse(text(case, "target")).map_err(|error| error.to_string())? {
        Target::Data | Target::Path(_) => out[0].extend(entries),
        Target::Labels => out[1].extend(entries),
        Target::Annotations => out[2].extend(entries),
    }
    Ok(out)
}

fn plain(map: &Json) -> Data {
    templates(map)
}

#[test]
fn external_secrets_vectors_template() {
    check_all("template", |case| {
        let any_error = case["expect_any_error"].as_bool().unwrap_or_default();
        let wanted_error = case["expect_error"].as_str();
        match (rendered(case), wanted_error) {
            (Err(error), Some(wanted)) if error.contains(wanted) => Ok(()),
            (Err(_), None) if any_error => Ok(()),
            (Err(error), _) => Err(format!("failed with {error}")),
            (Ok(_), Some(wanted)) => Err(format!("should have failed with {wanted}")),
            (Ok(_), None) if any_error => Err("should have failed".to_owned()),
            (Ok([made, labels, annotations]), None) => {
                let wanted = [
                    (&made, &case["expected_b64"], data(&case["expected_b64"])),
                    (&labels, &case["expected_labels"], plain(&case["expected_labels"])),
                    (&annotations, &case["expected_annotations"], plain(&case["expected_annotations"])),
                ];
                for (got, asserted, wanted) in wanted {
                    if !asserted.is_null() && *got != wanted {
                        return Err(format!("gave {:?}, not {:?}", shown(got), shown(&wanted)));
                    }
                }
                Ok(())
            }
        }
    });
}
