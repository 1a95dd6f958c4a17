//! The question the other way round: who has a permission in a place.

use super::chain::Chain;
use super::open::OUTWARD;
use super::powers::power_of;
use super::ways::Ways;
use super::{ANY, Access, Bound, Power};
use crate::model::{Body, Container, ContainerForm, Fact, GrantForm, Kind, Resource, ResourceId};

/// One account that has a permission.
#[derive(Debug, Clone)]
pub struct WhoHolds<'a> {
    /// The account.
    pub account: &'a Resource,
    /// How certain it is.
    pub bound: Bound,
    /// The shortest chain; none where it is merely possible.
    pub chain: Option<Chain<'a>>,
    /// How many other chains there are.
    pub others: usize,
}

/// Everybody with an account, where a permission is given to all.
#[derive(Debug, Clone)]
pub struct Everybody<'a> {
    /// The chain that they share.
    pub chain: Chain<'a>,
    /// How many accounts there are.
    pub accounts: usize,
}

/// Who has a permission in a place.
#[derive(Debug, Clone)]
pub struct WhoCan<'a> {
    /// The place.
    pub container: &'a Resource,
    /// Accounts that have it by themselves or through groups and roles, or may have it, sorted by bound, then by id.
    pub accounts: Vec<WhoHolds<'a>>,
    /// Where everybody has it.
    pub everybody: Option<Everybody<'a>>,
    /// Accounts that have it not and administer the product, so that they could give it to themselves.
    pub could_take: Vec<&'a Resource>,
    /// Why there may be more, each reason once.
    pub doubts: Vec<String>,
}

impl<'a> Access<'_, 'a> {
    /// Who has a permission in a place. Those that come only with everybody are not listed one by one.
    #[must_use]
    pub fn who_can(&self, key: &str, container: &'a Resource) -> WhoCan<'a> {
        let mut who =
            WhoCan { container, accounts: Vec::new(), everybody: None, could_take: Vec::new(), doubts: Vec::new() };
        let above = self.administered_from(container);
        for account in self.inventory.of_kind(Kind::Principal) {
            let Some(ways) = Ways::of(*self, account) else { continue };
            let chains = self.chains_of(&ways, key, container);
            let own = chains.iter().find(|chain| !chain.of_everybody);
            let shared = chains.iter().find(|chain| chain.of_everybody);
            if let Some(chain) = shared {
                let so_far = who.everybody.take().map_or(0, |everybody| everybody.accounts);
                // By which group each of them comes to a seat is their own.
                let chain = Chain { groups: Vec::new(), ..chain.clone() };
                who.everybody = Some(Everybody { chain, accounts: so_far + 1 });
            }
            match (own, shared) {
                (Some(chain), shared) if shared.is_none() || chain.bound == Bound::Held => {
                    let (bound, others) = (chain.bound, chains.len() - 1);
                    who.accounts.push(WhoHolds { account, bound, chain: Some(chain.clone()), others });
                }
                (None, None) => self.perhaps(&ways, key, container, &above, &mut who),
                _ => {}
            }
        }
        who.accounts.sort_by(|left, right| (left.bound, &left.account.id).cmp(&(right.bound, &right.account.id)));
        who
    }

    /// An account without a chain: it may have the permission by what is hidden, or could take it.
    fn perhaps(
        &self,
        ways: &Ways<'_, 'a>,
        key: &str,
        container: &'a Resource,
        above: &[&'a Resource],
        who: &mut WhoCan<'a>,
    ) {
        if let Some(doubt) = self.without_a_chain(ways, key, container) {
            if !who.doubts.contains(&doubt) {
                who.doubts.push(doubt);
            }
            who.accounts.push(WhoHolds { account: ways.account, bound: Bound::Possible, chain: None, others: 0 });
            return;
        }
        let administers = |site: &&'a Resource| {
            ["ADMINISTER", "admin", "site-admin", "application administer", "system administer"]
                .iter()
                .any(|key| self.chains_of(ways, key, site).iter().any(|chain| chain.bound == Bound::Held))
        };
        if above.iter().any(administers) {
            who.could_take.push(ways.account);
        }
    }

    /// Why an account without a chain may have a permission in a place, if that cannot be ruled out.
    fn without_a_chain(&self, ways: &Ways<'_, 'a>, key: &str, container: &'a Resource) -> Option<String> {
        let at = self.inventory.place(&container.id)?;
        super::open::without_a_grant(ways, at, key).map(|doubt| doubt.words(*self, ways.account))
    }

    /// The sites and servers around a container: their administrators decide on it.
    fn administered_from(&self, container: &'a Resource) -> Vec<&'a Resource> {
        let mut around = Vec::new();
        let mut at = container;
        for _ in 0..OUTWARD {
            let Body::Container(Container { parent, form, .. }) = &at.body else { break };
            if matches!(form, ContainerForm::Site | ContainerForm::Instance) {
                around.push(at);
            }
            match parent.known().and_then(|parent| self.inventory.get(parent)) {
                Some(outer) => at = outer,
                None => break,
            }
        }
        around
    }

    /// The permissions that are given on a container by anybody's grants, sorted: what one may ask `who_can` about.
    #[must_use]
    pub fn permissions_on(&self, container: &'a Resource) -> Vec<(&'a str, Power)> {
        let Body::Container(body) = &container.body else { return Vec::new() };
        let scheme = body.permission_scheme.known().filter(|scheme| self.inventory.get(scheme).is_some());
        // Places in roles are permissions only where nothing can say what a role permits.
        let roles_stand_alone = scheme.is_none() && body.team_managed == Fact::Known(true);
        let on = [Some(&container.id), scheme].into_iter().flatten();
        let grants = on.flat_map(|id| self.inventory.grants_on(id));
        let mut keys: Vec<&'a str> = grants
            .filter_map(|resource| match &resource.body {
                Body::Grant(grant) if grant.form == GrantForm::ProjectRole && !roles_stand_alone => None,
                Body::Grant(grant) => Some(super::powers::given(grant)),
                _ => None,
            })
            .flatten()
            .filter(|key| *key != ANY)
            .collect();
        let outer = |parent: &Fact<ResourceId>| parent.known().and_then(|parent| self.inventory.get(parent));
        let mut around = outer(&body.parent);
        for _ in 0..OUTWARD {
            let Some(Resource { id, body: Body::Container(container), .. }) = around else { break };
            for grant in self.inventory.grants_on(id) {
                if let Body::Grant(grant) = &grant.body {
                    keys.extend(super::powers::given_inside(grant, container.form, body.form));
                }
            }
            around = outer(&container.parent);
        }
        keys.sort_unstable();
        keys.dedup();
        keys.into_iter().map(|key| (key, power_of(body.form, key))).collect()
    }

    /// Every permission that any grant gives anywhere, sorted: to tell a word that nobody holds from one that there is not.
    #[must_use]
    pub fn permission_keys(&self) -> Vec<&'a str> {
        let mut keys = std::collections::BTreeSet::new();
        for resource in self.inventory.of_kind(Kind::Grant) {
            if let Body::Grant(grant) = &resource.body {
                keys.extend(super::powers::given(grant));
                let on = grant.container.known().and_then(|id| self.inventory.get(id));
                if let Some(Body::Container(Container { form, .. })) = on.map(|on| &on.body) {
                    let inside = [ContainerForm::RepositoryProject, ContainerForm::Repository];
                    keys.extend(
                        inside.into_iter().flat_map(|inside| super::powers::given_inside(grant, *form, inside)),
                    );
                }
            }
        }
        keys.remove(ANY);
        keys.into_iter().collect()
    }
}
