//! Broken worlds: each [`Break`] spoils one link of the chain, so that a person sees how gangplank names it.
//!
//! ```text
//! Place::Start   the clusters are made that way        Options::breaks
//! Place::Tree    the Git tree is laid down that way    whoever lays it down
//! Place::Azure   the Azure side is spoiled once it stands   World::break_after_apply
//! ```
//!
//! Where a break concerns one cluster it is the first one; the others come aboard, which shows that one bad cluster
//! holds up nobody else.

use std::fmt;
use std::str::FromStr;

/// Where in the life of a world a break is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// When the world starts: the cluster itself is wrong.
    Start,
    /// When the Git tree is laid down: a file of it is wrong.
    Tree,
    /// After the Azure side was applied: something in Entra, Resource Manager or the vault is wrong.
    Azure,
}

macro_rules! breaks {
    ($($variant:ident $name:literal $place:ident $description:literal)*) => {
        /// One thing that is wrong with a world.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Break {
            $(#[doc = $description] $variant,)*
        }

        impl Break {
            /// Every break, in the order of the chain's links.
            pub const ALL: &[Break] = &[$(Break::$variant),*];

            /// The name on the command line.
            pub fn name(self) -> &'static str {
                match self { $(Break::$variant => $name),* }
            }

            /// What is wrong, in one line.
            pub fn description(self) -> &'static str {
                match self { $(Break::$variant => $description),* }
            }

            /// Where it is applied.
            pub fn place(self) -> Place {
                match self { $(Break::$variant => Place::$place),* }
            }
        }
    };
}

breaks! {
    ClusterWithoutEntra "cluster-without-entra" Start "the cluster has no Entra integration"
    ClusterWithoutAzureRbac "cluster-without-azure-rbac" Start "the cluster has Entra, but not Azure RBAC"
    ClusterStopped "cluster-stopped" Azure "the cluster is stopped"
    SecretMissing "secret-missing" Azure "the vault has no CA of the cluster"
    SecretDisabled "secret-disabled" Azure "the CA in the vault is disabled"
    SecretDeleted "secret-deleted" Azure "the CA in the vault is soft-deleted"
    CaOfOlderCluster "ca-of-older-cluster" Azure "the vault holds the CA of an older cluster of that name"
    CaEncodedTwice "ca-encoded-twice" Azure "the CA in the vault is base64 of base64"
    SubjectWrongCase "subject-wrong-case" Azure "a federated credential's subject differs in the case of a letter"
    IssuerWithoutSlash "issuer-without-slash" Azure "the federated credentials' issuer lacks its final slash"
    ServerWithoutCredential "server-without-credential" Azure "argocd-server has no federated credential"
    ClientIdForObjectId "client-id-for-object-id" Azure "the role on the cluster is assigned to a client id"
    NoRoleOnVault "no-role-on-vault" Azure "the secrets identity has no role on the vault"
    RolePropagating "role-propagating" Azure "the secrets identity's role on the vault has not spread yet"
    StoreInOtherNamespace "store-in-other-namespace" Tree "the SecretStore is not in the ExternalSecrets' namespace"
    OldApiVersion "v1beta1" Tree "an ExternalSecret is still v1beta1"
    LeftoverPlaceholder "leftover-placeholder" Tree "an overlay leaves a <TO_OVERLAY>"
    OverlayNotListed "overlay-not-listed" Tree "an overlay is not listed by its parent"
    PathInRepoUrl "path-in-repo-url" Tree "the Application's repoURL has the path in it"
    TemplateError "template-error" Tree "an ExternalSecret's template does not parse"
    PodWithoutLabel "pod-without-label" Tree "the pods carry no azure.workload.identity/use label"
    OldTokenPath "old-token-path" Tree "the cluster Secret hard-codes the token path of older webhooks"
    TlsNameMismatch "tls-name-mismatch" Start "the API server's certificate is for another name"
    ApiServerUnreachable "api-server-unreachable" Start "packets to the API server get lost"
}

/// A name that is none of a break's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no broken world called `{name}`{}; the list: {}", hint(suggestion), all())]
pub struct UnknownBreak {
    /// What was asked for.
    pub name: String,
    /// The name that it most resembles, if any does.
    pub suggestion: Option<&'static str>,
}

fn hint(suggestion: &Option<&'static str>) -> String {
    suggestion.map(|name| format!(", did you mean `{name}`?")).unwrap_or_default()
}

fn all() -> String {
    let names: Vec<&str> = Break::ALL.iter().map(|each| each.name()).collect();
    names.join(", ")
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Break {
    type Err = UnknownBreak;

    fn from_str(name: &str) -> Result<Self, UnknownBreak> {
        if let Some(found) = Break::ALL.iter().find(|each| each.name() == name) {
            return Ok(*found);
        }
        // Names are short, and so is the list: the whole table of distances costs nothing. Hostile lengths do.
        let asked: Vec<char> = name.chars().take(64).collect();
        let nearest = Break::ALL
            .iter()
            .map(|each| (distance(&asked, each.name()), each.name()))
            .min_by_key(|(distance, _)| *distance)
            .filter(|(distance, _)| *distance <= 1 + asked.len() / 3)
            .map(|(_, name)| name);
        let part =
            || Break::ALL.iter().map(|each| each.name()).find(|each| name.len() > 2 && each.contains(name));
        Err(UnknownBreak { name: name.to_owned(), suggestion: nearest.or_else(part) })
    }
}

/// How many letters must be put in, taken out or replaced to make `a` into `b` (Levenshtein).
fn distance(a: &[char], b: &str) -> usize {
    let mut row: Vec<usize> = (0..=a.len()).collect();
    for (i, cb) in b.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, ca) in a.iter().enumerate() {
            let replaced = diagonal + usize::from(*ca != cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[a.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Result<Break, Option<&'static str>>) {
        assert_eq!(name.parse::<Break>().map_err(|error| error.suggestion), expected, "{name}");
    }

    #[test]
    fn names_parse_and_near_misses_are_suggested() {
        check("secret-missing", Ok(Break::SecretMissing));
        check("secret-mising", Err(Some("secret-missing")));
        check("cluster-without-entr", Err(Some("cluster-without-entra")));
        check("v1beta2", Err(Some("v1beta1")));
        check("mismatch", Err(Some("tls-name-mismatch")));
        check("gremlins", Err(None));
        check("", Err(None));
        check(&"x".repeat(100_000), Err(None));
    }

    #[test]
    fn every_name_is_its_own() {
        for each in Break::ALL {
            assert_eq!(each.name().parse(), Ok(*each));
        }
        let mut names: Vec<&str> = Break::ALL.iter().map(|each| each.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Break::ALL.len());
    }
}
