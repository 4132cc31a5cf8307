//! Key Vault's data plane: secrets, and certificates and keys to read.
//!
//! ```text
//!  call ─▶ vault ─▶ api-version ─▶ token (or 401 with the challenge) ─▶ firewall ─▶ limits
//!       ─▶ permission (roles down to one secret, or access policies) ─▶ state machine ─▶ bundle
//! ```
//!
//! Vaults come and go by Resource Manager, which says so through [`KeyVault::set`], `delete`, `recover`, `purge`.

mod error;
mod objects;
mod operation;
mod secret;
mod secrets;
mod seed;
mod settings;

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

pub use seed::{CertificateSeed, KeySeed, SecretSeed, VaultContents};
pub(crate) use settings::Settings;

use crate::{
    cloud::Azure,
    entra::{Caller, CallerError},
    faults::{Throttling, later},
    rbac::Operation as RbacOperation,
    throttle::Rate,
    wire::{Call, Reply, encode},
};
use error::VaultError;
use objects::Objects;
use operation::{Change, Operation, Query};
use secret::{Bundle, Place, Secret, SecretBody};
use secrets::{Moment, Secrets};

/// The most elements of a page.
const PAGE: usize = 25;

/// So many backups can be restored; older ones can't.
const MOST_BACKUPS: usize = 1_000;

#[derive(Debug)]
struct Vault {
    settings: Arc<Settings>,
    secrets: Secrets,
    objects: Objects,
}

/// All vaults, by name in lower case.
#[derive(Debug, Default)]
struct State {
    live: HashMap<String, Vault>,
    deleted: HashMap<String, Vault>,
    /// What a backup's text stands for. On Azure the text itself holds the secret, enciphered.
    backups: HashMap<Uuid, Secret>,
}

/// The plane's state.
#[derive(Debug, Default)]
pub(crate) struct KeyVault(RwLock<State>);

impl KeyVault {
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is a vault of this name.
    pub(crate) fn exists(&self, vault: &str) -> bool {
        self.read().live.contains_key(vault)
    }

    /// A vault was made, or its settings have changed.
    pub(crate) fn set(&self, settings: Settings) {
        let key = settings.name.to_ascii_lowercase();
        let settings = Arc::new(settings);
        let mut state = self.write();
        match state.live.get_mut(&key) {
            Some(vault) => vault.settings = settings,
            None => {
                let vault = Vault { settings, secrets: Secrets::default(), objects: Objects::default() };
                state.live.insert(key, vault);
            }
        }
    }

    /// A vault was deleted; what it holds is kept.
    pub(crate) fn delete(&self, key: &str) {
        let mut state = self.write();
        if let Some(vault) = state.live.remove(key) {
            state.deleted.insert(key.to_owned(), vault);
        }
    }

    /// A deleted vault is back, with all it held.
    pub(crate) fn recover(&self, key: &str, settings: Settings) {
        {
            let mut state = self.write();
            if let Some(vault) = state.deleted.remove(key) {
                state.live.insert(key.to_owned(), vault);
            }
        }
        self.set(settings);
    }

    /// A deleted vault is gone for good.
    pub(crate) fn purge(&self, key: &str) {
        self.write().deleted.remove(key);
    }
}

/// Answers a request to a vault's host.
pub(crate) fn handle(azure: &Azure, name: &str, call: &Call) -> Reply {
    let environment = &azure.environment;
    let challenge = || {
        let login = environment.url(&environment.login);
        let resource = environment.vault_audience();
        format!("Bearer authorization=\"{login}/{}\", resource=\"{resource}\"", azure.tenant_id)
    };
    let settings = azure.vaults.read().live.get(name).map(|vault| vault.settings.clone());
    let Some(settings) = settings else { return VaultError::NoSuchVault.reply(&challenge()) };
    let reply = answer(azure, name, &settings, call).unwrap_or_else(|error| error.reply(&challenge()));
    reply
        .header("x-ms-keyvault-region", &settings.location)
        .header("x-ms-keyvault-service-version", "1.9.2600.1")
        .header(
            "x-ms-keyvault-network-info",
            format!("conn_type=Ipv4;addr={};act_addr_fam=InterNetwork;", call.client),
        )
        .header("strict-transport-security", "max-age=31536000;includeSubDomains")
        .header("x-content-type-options", "nosniff")
}

fn answer(azure: &Azure, name: &str, settings: &Settings, call: &Call) -> Result<Reply, VaultError> {
    check_api_version(call)?;
    let now = azure.now();
    let caller = authenticate(azure, call, now)?;
    settings.check_network(call.client)?;
    let operation = Operation::parse(call)?;
    throttle(azure, name, &operation, now)?;
    authorize(azure, settings, &caller, &operation)?;
    let host = format!("{name}.{}", azure.environment.vault_suffix);
    let place = Place { settings, base: azure.environment.url(&host) };
    match &operation {
        Operation::Query(wanted) => query(azure, name, &place, call, wanted, now),
        Operation::Change(wanted) => change(azure, name, &place, call, wanted, now),
    }
}

/// 7.0 to 7.6, and the dated versions that followed.
fn check_api_version(call: &Call) -> Result<(), VaultError> {
    let version = call.parameter("api-version").unwrap_or_default();
    let numbered =
        version.strip_prefix("7.").is_some_and(|minor| ["0", "1", "2", "3", "4", "5", "6"].contains(&minor));
    let dated = version.get(..10).is_some_and(|date| date.parse::<jiff::civil::Date>().is_ok());
    if numbered || dated {
        return Ok(());
    }
    Err(VaultError::BadParameter(match version {
        "" => "The api-version query parameter is required".to_owned(),
        version => format!("The api-version '{version}' is not supported"),
    }))
}

fn authenticate(azure: &Azure, call: &Call, now: Timestamp) -> Result<Arc<Caller>, VaultError> {
    let token = call.bearer().ok_or(VaultError::TokenMissing)?;
    let mut found = String::new();
    let accepts = |audience: &str| {
        audience.clone_into(&mut found);
        azure.environment.is_vault_audience(audience)
    };
    let verifier = azure.entra.verifier();
    let verified = verifier.verify(token, accepts, now);
    verified.map_err(|error| match error {
        CallerError::Audience => {
            VaultError::TokenAudience { expected: azure.environment.vault_audience(), found }
        }
        CallerError::Issuer => VaultError::TokenIssuer(verifier.issuer().to_owned()),
        CallerError::Expired | CallerError::NotYetValid => VaultError::TokenTime(error.to_string()),
        CallerError::Challenged { since } => VaultError::Challenged { since, reason: error.to_string() },
        CallerError::Invalid => VaultError::TokenUnreadable(error.to_string()),
    })
}

/// 4,000 transactions and 300 new versions in ten seconds, for each vault.
fn throttle(azure: &Azure, name: &str, operation: &Operation<'_>, now: Timestamp) -> Result<(), VaultError> {
    if azure.faults.read(|faults| faults.throttling) == Throttling::Off {
        return Ok(());
    }
    let take = |kind: &str, burst: f64, reason| {
        let rate = Rate { burst, per_second: burst / 10.0 };
        let taken = azure.buckets.take(format!("vault {kind} {name}"), rate, now);
        taken.map(|_| ()).map_err(|_| VaultError::Throttled(reason))
    };
    take("all", 4_000.0, "VaultRequestTypeLimitReached")?;
    match operation {
        Operation::Change(Change::Set(_) | Change::Restore) => {
            take("set", 300.0, "VaultOperationLimitReached")
        }
        _ => Ok(()),
    }
}

fn authorize(
    azure: &Azure,
    settings: &Settings,
    caller: &Caller,
    operation: &Operation<'_>,
) -> Result<(), VaultError> {
    let permission = operation.permission();
    let resource = match operation.object() {
        Some((area, name)) => format!("{}/{area}/{name}", settings.id),
        None => settings.id.clone(),
    };
    let (app, oid, issuer) = (&caller.app_id, caller.object_id, &caller.issuer);
    let who = format!("Caller: appid={app};oid={oid};iss={issuer}");
    let vault = format!("Vault: {};location={}", settings.name, settings.location);
    if settings.rbac {
        if azure.allows(oid, RbacOperation::DataAction(permission.data_action), &resource) {
            return Ok(());
        }
        return Err(VaultError::ForbiddenByRbac(format!(
            "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role \
             definitions were changed recently, please observe propagation time.\r\n{who}\r\nAction: \
             '{}'\r\nResource: '{}'\r\nAssignment: (not found)\r\nDenyAssignmentId: null\r\nDecisionReason: \
             'DeniedWithNoValidRBAC' \r\n{vault}\r\n",
            permission.data_action,
            resource.to_ascii_lowercase(),
        )));
    }
    let principals = azure.entra.directory().with_groups(oid);
    if settings.policy_allows(&principals, permission) {
        return Ok(());
    }
    Err(VaultError::AccessDenied(format!(
        "The user, group or application 'appid={app};oid={oid};iss={issuer}' does not have {} {} permission on key \
         vault '{};location={}'",
        permission.area, permission.policy, settings.name, settings.location,
    )))
}

fn change(
    azure: &Azure,
    vault: &str,
    place: &Place<'_>,
    call: &Call,
    change: &Change<'_>,
    now: Timestamp,
) -> Result<Reply, VaultError> {
    let settling = azure.faults.read(|faults| faults.vault_settling);
    let at = Moment { now, settled: later(now, settling), retention_days: place.settings.retention_days };
    let body = || {
        // Where it is wrong, not what is there: the error's own text quotes values.
        let bad = |error: serde_json::Error| {
            let (line, column) = (error.line(), error.column());
            VaultError::BadParameter(format!("The request body is not valid at line {line}, column {column}"))
        };
        call.json::<SecretBody>().map_err(bad)
    };
    let mut state = azure.vaults.write();
    let State { live, backups, .. } = &mut *state;
    let secrets = &mut live.get_mut(vault).ok_or(VaultError::NoSuchVault)?.secrets;
    match change {
        Change::Set(name) => {
            let id = azure.ids.next("secret", &format!("{vault}/{}", name.to_ascii_lowercase()));
            let (name, version) = secrets.set(name, id.simple().to_string(), body()?, at)?;
            ok(&Bundle::whole(place, name, version))
        }
        Change::Update(name, version) => {
            let (name, version) = secrets.update(name, *version, body()?, now)?;
            ok(&Bundle::without_value(place, &name, version))
        }
        Change::Delete(name) => ok(&deleted_bundle(place, secrets.delete(name, at)?)),
        Change::Recover(name) => ok(&newest(place, secrets.recover(name, at)?)),
        Change::Purge(_) if place.settings.purge_protection => Err(VaultError::PurgeProtected),
        Change::Purge(name) => secrets.purge(name, at).map(|()| Reply::empty(StatusCode::NO_CONTENT)),
        Change::Backup(name) => {
            let secret = secrets.get(name, now)?.clone();
            if backups.len() >= MOST_BACKUPS {
                backups.clear();
            }
            let ticket = azure.ids.next("backup", vault);
            backups.insert(ticket, secret);
            ok(&json!({"value": BASE64URL.encode(ticket.as_bytes())}))
        }
        Change::Restore => {
            let secret = restored(call, backups)?;
            ok(&newest(place, secrets.restore(secret, now)?))
        }
    }
}

fn query(
    azure: &Azure,
    vault: &str,
    place: &Place<'_>,
    call: &Call,
    query: &Query<'_>,
    now: Timestamp,
) -> Result<Reply, VaultError> {
    let state = azure.vaults.read();
    let Vault { secrets, objects, .. } = state.live.get(vault).ok_or(VaultError::NoSuchVault)?;
    match query {
        Query::Secret(name, version) => {
            let (name, version) = secrets.read(name, *version, now)?;
            ok(&Bundle::whole(place, name, version))
        }
        Query::Secrets => {
            let bundles =
                secrets.list(now).map(|secret| Bundle::listed(place, &secret.name, secret.newest()));
            page(azure, place, call, bundles)
        }
        Query::Versions(name) => {
            let secret = secrets.get(name, now)?;
            let bundles =
                secret.versions().map(|version| Bundle::without_value(place, &secret.name, version));
            page(azure, place, call, bundles)
        }
        Query::DeletedSecrets => {
            let bundles = secrets.list_deleted(now).map(|deleted| {
                let Secret { name, .. } = &deleted.secret;
                let listed = Bundle::listed(place, name, deleted.secret.newest());
                listed.deleted(place, name, deleted.deleted, deleted.purge)
            });
            page(azure, place, call, bundles)
        }
        Query::DeletedSecret(name) => ok(&deleted_bundle(place, secrets.deleted(name, now)?)),
        Query::Certificate(name, version) => ok(&objects.certificate(place, name, *version)?),
        Query::Certificates => page(azure, place, call, objects.certificates(place).into_iter()),
        Query::Key(name, version) => ok(&objects.key(place, name, *version)?),
        Query::Keys => page(azure, place, call, objects.keys(place).into_iter()),
        Query::DeletedCertificates | Query::DeletedKeys => {
            page(azure, place, call, std::iter::empty::<serde_json::Value>())
        }
    }
}

fn ok(document: &impl Serialize) -> Result<Reply, VaultError> {
    Ok(Reply::json(StatusCode::OK, document))
}

/// The newest version of a secret, without its value.
fn newest<'a>(place: &Place<'_>, secret: &'a Secret) -> Bundle<'a> {
    Bundle::without_value(place, &secret.name, secret.newest())
}

fn deleted_bundle<'a>(place: &Place<'_>, deleted: &'a secrets::Deleted) -> Bundle<'a> {
    newest(place, &deleted.secret).deleted(place, &deleted.secret.name, deleted.deleted, deleted.purge)
}

/// The secret that a backup's text stands for.
fn restored(call: &Call, backups: &HashMap<Uuid, Secret>) -> Result<Secret, VaultError> {
    #[derive(Deserialize)]
    struct Backup {
        value: String,
    }
    let bad = || VaultError::BadParameter("The backup blob is not one of this service's".into());
    let text = call.json::<Backup>().map_err(|_| bad())?.value;
    let ticket =
        BASE64URL.decode(text).ok().and_then(|bytes| Uuid::from_slice(&bytes).ok()).ok_or_else(bad)?;
    backups.get(&ticket).cloned().ok_or_else(bad)
}

/// A page of a list, with the address of the next one.
fn page<T: Serialize>(
    azure: &Azure,
    place: &Place<'_>,
    call: &Call,
    elements: impl Iterator<Item = T>,
) -> Result<Reply, VaultError> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Page<T> {
        value: Vec<T>,
        next_link: Option<String>,
    }
    let number = |name: &str| call.parameter(name).map(str::parse::<usize>);
    let bad = |_| VaultError::BadParameter("maxresults must be a number between 1 and 25".into());
    let asked = number("maxresults").transpose().map_err(bad)?;
    if asked.is_some_and(|asked| !(1..=PAGE).contains(&asked)) {
        return Err(VaultError::BadParameter("maxresults must be a number between 1 and 25".into()));
    }
    let size = asked.or(azure.faults.read(|faults| faults.page_size)).unwrap_or(PAGE).clamp(1, PAGE);
    let bad = |_| VaultError::BadParameter("The $skiptoken is not one of this service's".into());
    let start = number("$skiptoken").transpose().map_err(bad)?.unwrap_or(0);
    let mut elements = elements.skip(start);
    let value: Vec<T> = elements.by_ref().take(size).collect();
    let next_link = elements.next().map(|_| {
        let version = encode(call.parameter("api-version").unwrap_or_default());
        let path = call.path.trim_end_matches('/');
        let next = start + value.len();
        format!("{}{path}?api-version={version}&$skiptoken={next}&maxresults={size}", place.base)
    });
    ok(&Page { value, next_link })
}
