//! From the entries of a spec to values: stores opened and checked, values read, treated, and merged in order.

use super::index::{ExternalSecret, Store, store_name};
use super::queue::Name;
use super::write::is_not_found;
use super::{Context, api_text};
use crate::api::condition::Condition;
use crate::api::external_secret::{
    DataFrom, DeletionPolicy, ExternalSecretSpec, GeneratorRef, NullBytePolicy, SourceRef, StoreRef,
};
use crate::api::store::{StoreCondition, StoreKind};
use crate::decide::data::{self, Treatment};
use crate::provider::{self, Opened, Opening, Provider, ProviderError};
use crate::value::{SecretData, SecretValue};
use gangplank_template::Environment;
use jiff::Timestamp;
use kube::api::Api;
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// The values of an ExternalSecret.
#[derive(Debug, Default)]
pub(crate) struct Fetched {
    pub(crate) data: SecretData,
    /// What an event says of each object that the provider does not have.
    pub(crate) missing: Vec<String>,
}

/// Why there are no values.
#[derive(Debug)]
pub(crate) struct FetchError {
    pub(crate) text: String,
    pub(crate) retry_after: Option<Duration>,
}

impl FetchError {
    fn at(place: &str, error: &ProviderError) -> Self {
        let retry_after = match error {
            ProviderError::Failed { retry_after, .. } => *retry_after,
            ProviderError::Missing => None,
        };
        Self { text: format!("error processing {place}, err: {}", error.text()), retry_after }
    }
}

/// The clock and randomness of templates.
pub(crate) fn environment() -> Environment {
    Environment::new(Timestamp::now(), UnwrapErr(SysRng))
}

/// Fetches all entries: `dataFrom` in order, then `data` in order; of equal keys the later stays. `proven` asks for logins of this
/// moment.
pub(crate) async fn fetch(
    context: &Context,
    object: &ExternalSecret,
    name: &Name,
    proven: bool,
) -> Result<Fetched, FetchError> {
    let spec = &object.spec;
    let mut session = Session { context, namespace: &name.namespace, proven, opened: HashMap::new() };
    let mut fetched = Fetched::default();
    let passes_over = spec.target.deletion_policy != DeletionPolicy::Retain;
    for (index, entry) in spec.data_from.iter().enumerate() {
        let (place, read) = session.many(spec, index, entry).await;
        match read {
            Ok(values) => fetched.data.extend(values),
            Err(ProviderError::Missing) if passes_over => {
                fetched
                    .missing
                    .push(format!("secret does not exist at provider using spec.dataFrom[{index}]"));
            }
            Err(error) => return Err(FetchError::at(&place, &error)),
        }
    }
    for (index, entry) in spec.data.iter().enumerate() {
        let key = &entry.remote_ref.key;
        let store = entry.source_ref.as_ref().and_then(|source| source.store_ref.as_ref());
        let store = store.unwrap_or(&spec.secret_store_ref);
        let read = match session.provider(store).await {
            Ok(provider) => provider.get(&entry.remote_ref).await,
            Err(error) => Err(error),
        };
        let treatment = Treatment {
            conversion: entry.remote_ref.conversion_strategy,
            decoding: entry.remote_ref.decoding_strategy,
            null_bytes: entry.remote_ref.null_byte_policy,
        };
        let treated = read.and_then(|value| {
            data::of_one(&entry.secret_key, &value, treatment).map_err(ProviderError::failed)
        });
        match treated {
            Ok(value) => {
                fetched.data.insert(entry.secret_key.clone(), value);
            }
            Err(ProviderError::Missing) if passes_over => {
                fetched.missing.push(format!(
                    "secret does not exist at provider using spec.dataFrom[{index}] (key={key})"
                ));
            }
            Err(error) => return Err(FetchError::at(&format!("spec.data[{index}] (key: {key})"), &error)),
        }
    }
    Ok(fetched)
}

struct Session<'a> {
    context: &'a Context,
    namespace: &'a str,
    proven: bool,
    opened: HashMap<Arc<Name>, Arc<dyn Provider>>,
}

impl Session<'_> {
    /// One entry of `dataFrom`, with the place that errors name.
    async fn many(
        &mut self,
        spec: &ExternalSecretSpec,
        index: usize,
        entry: &DataFrom,
    ) -> (String, Result<SecretData, ProviderError>) {
        let place = |what: &str| format!("spec.dataFrom[{index}].{what}");
        let store = entry.source_ref.as_ref().and_then(|source| source.store_ref.as_ref());
        let store = store.unwrap_or(&spec.secret_store_ref);
        if let Some(find) = &entry.find {
            let read = match self.provider(store).await {
                Ok(provider) => provider.find(find).await.map_err(|error| match error {
                    ProviderError::Missing => ProviderError::Missing,
                    ProviderError::Failed { text, retry_after } => ProviderError::Failed {
                        text: format!("error getting all secrets: {text}"),
                        retry_after,
                    },
                }),
                Err(error) => Err(error),
            };
            let treatment = Treatment {
                conversion: find.conversion_strategy,
                decoding: find.decoding_strategy,
                null_bytes: find.null_byte_policy,
            };
            return (place("find"), treat(read, entry, treatment));
        }
        if let Some(extract) = &entry.extract {
            let read = match self.provider(store).await {
                Ok(provider) => provider.get_map(extract).await,
                Err(error) => Err(error),
            };
            let treatment = Treatment {
                conversion: extract.conversion_strategy,
                decoding: extract.decoding_strategy,
                null_bytes: extract.null_byte_policy,
            };
            return (place("extract"), treat(read, entry, treatment));
        }
        if let Some(SourceRef { generator_ref: Some(generator), .. }) = &entry.source_ref {
            let read = self.generate(generator).await;
            let treatment = Treatment {
                conversion: Default::default(),
                decoding: Default::default(),
                null_bytes: NullBytePolicy::Ignore,
            };
            return (place("sourceRef.generatorRef"), treat(read, entry, treatment));
        }
        (place("extract"), Ok(SecretData::new()))
    }

    /// What a generator gives. Only the fake one is known: its values stand in it.
    async fn generate(&self, reference: &GeneratorRef) -> Result<SecretData, ProviderError> {
        if reference.kind != "Fake" {
            return Err(ProviderError::failed(format!(
                "unable to get generator: generator kind {} is not supported by gangplank",
                reference.kind
            )));
        }
        let kind = GroupVersionKind::gvk("generators.external-secrets.io", "v1alpha1", "Fake");
        let resource = ApiResource::from_gvk_with_plural(&kind, "fakes");
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.context.client().clone(), self.namespace, &resource);
        let generator = api.get(&reference.name).await.map_err(|error| {
            let why = if is_not_found(&error) {
                format!("Fake.generators.external-secrets.io \"{}\" not found", reference.name)
            } else {
                api_text(&error)
            };
            ProviderError::failed(format!("unable to get generator: {why}"))
        })?;
        let values = generator.data.pointer("/spec/data").cloned().unwrap_or_default();
        let values: BTreeMap<String, String> = serde_json::from_value(values)
            .map_err(|error| ProviderError::failed(format!("unable to generate: {error}")))?;
        Ok(values.into_iter().map(|(key, value)| (key, SecretValue::from(value))).collect())
    }

    /// The provider of a store, once all checks have passed.
    async fn provider(&mut self, reference: &StoreRef) -> Result<Arc<dyn Provider>, ProviderError> {
        let name = store_name(reference, self.namespace);
        if let Some(provider) = self.opened.get(&name) {
            return Ok(Arc::clone(provider));
        }
        let text = self.context.index().store(&name).ok_or_else(|| {
            let (kind, store) = (reference.kind, &reference.name);
            ProviderError::failed(format!(
                "could not get {kind} \"{store}\", {kind}.external-secrets.io \"{store}\" not found"
            ))
        })?;
        let store: Store = text
            .read()
            .map_err(|error| ProviderError::failed(format!("store {} can't be read: {error}", name.name)))?;
        self.check(reference, &store)?;
        let kept = self.context.kept(&name, self.namespace, text.shape).filter(|_| !self.proven);
        let provider = match kept {
            Some(provider) => provider,
            None => {
                let opening = Opening {
                    kind: reference.kind,
                    spec: &store.spec,
                    namespace: Some(self.namespace),
                    proven: self.proven,
                };
                let Opened::Provider(provider) = provider::open(self.context, &opening).await? else {
                    return Err(ProviderError::failed(
                        "the store's login depends on a namespace that is not there",
                    ));
                };
                self.context.keep(&name, self.namespace, text.shape, &provider);
                provider
            }
        };
        self.opened.insert(name, Arc::clone(&provider));
        Ok(provider)
    }

    /// Class, namespace conditions, readiness: in ESO's order.
    fn check(&self, reference: &StoreRef, store: &Store) -> Result<(), ProviderError> {
        let (kind, name) = (reference.kind, &reference.name);
        if !self.context.serves(store) {
            return Err(ProviderError::failed("can not reference unmanaged store"));
        }
        if kind == StoreKind::ClusterSecretStore {
            let labels = self.context.index().namespace_labels(self.namespace).unwrap_or_default();
            if !is_allowed(&store.spec.conditions, self.namespace, &labels)? {
                return Err(ProviderError::failed(format!(
                    "using cluster store \"{name}\" is not allowed from namespace \"{}\": denied by spec.condition",
                    self.namespace
                )));
            }
        }
        let ready = store.status.as_ref().is_some_and(|status| Condition::is_ready(&status.conditions));
        if self.context.options().flood_gate && !ready {
            return Err(ProviderError::failed(format!("{kind} \"{name}\" is not ready")));
        }
        Ok(())
    }
}

fn treat(
    read: Result<SecretData, ProviderError>,
    entry: &DataFrom,
    treatment: Treatment,
) -> Result<SecretData, ProviderError> {
    data::of_many(read?, &entry.rewrite, treatment, &mut environment()).map_err(ProviderError::failed)
}

/// Whether a namespace may use a ClusterSecretStore: no conditions allow all; else one member of one is enough.
fn is_allowed(
    conditions: &[StoreCondition],
    namespace: &str,
    labels: &BTreeMap<String, String>,
) -> Result<bool, ProviderError> {
    if conditions.is_empty() {
        return Ok(true);
    }
    for condition in conditions {
        if condition.namespace_selector.as_ref().is_some_and(|selector| selector.matches(labels))
            || condition.namespaces.iter().any(|name| name == namespace)
        {
            return Ok(true);
        }
        for pattern in &condition.namespace_regexes {
            let regex = provider::pattern(pattern)?;
            if regex.is_match(namespace) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_member_of_one_condition_is_enough() {
        let labels = BTreeMap::from([("team".to_owned(), "blue".to_owned())]);
        let check = |conditions: serde_json::Value, expect: bool| {
            let conditions: Vec<StoreCondition> = serde_json::from_value(conditions).unwrap();
            assert_eq!(is_allowed(&conditions, "argocd", &labels), Ok(expect), "{conditions:?}");
        };
        check(json!([]), true);
        check(json!([{"namespaces": ["other"]}]), false);
        check(json!([{"namespaces": ["other"]}, {"namespaces": ["argocd"]}]), true);
        check(
            json!([{"namespaces": ["other"], "namespaceSelector": {"matchLabels": {"team": "blue"}}}]),
            true,
        );
        check(json!([{"namespaceRegexes": ["^go"]}]), false);
        check(json!([{"namespaceRegexes": ["go"]}]), true);
        check(json!([{}]), false);
        let broken: Vec<StoreCondition> =
            serde_json::from_value(json!([{"namespaceRegexes": ["("]}])).unwrap();
        let error = is_allowed(&broken, "argocd", &labels).unwrap_err();
        assert_eq!(error.text(), "failed to compile regex (: error parsing regexp: missing closing ): `(`");
    }
}
