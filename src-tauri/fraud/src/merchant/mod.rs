//! Whether a merchant string, as a bank sends it, names a store. Pure; knows names only, neither orders nor
//! distances.
//!
//! Policy: a doubt is the shopper's. A cut name, a missing branch, a town, a code or the liquor till still
//! match; another branch named outright, another business under the same sign and a generic word never do.

mod compare;
mod normalise;
mod parse;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
mod words;

use std::collections::HashMap;

use parse::Parsed;
use words::Chain;

/// What a store record says about its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreNames {
    pub store_id: String,
    pub name: String,
    pub aliases: Vec<String>,
    /// The record's kind is `liquor`.
    pub liquor: bool,
    pub partner: bool,
}

/// A store whose names are taken apart once, for many comparisons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedStore {
    store_id: String,
    name: String,
    liquor: bool,
    partner: bool,
    parsed: Parsed,
    aliases: Vec<Parsed>,
}

/// How a merchant string names a store; everything but `None` is a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MerchantMatch {
    Exact,
    Alias,
    Truncated,
    BranchCode,
    Suffix,
    BrandOnly,
    LiquorAnnex,
    None,
}

impl PreparedStore {
    /// Takes the store's name and aliases apart.
    pub fn new(names: &StoreNames) -> Self {
        Self {
            store_id: names.store_id.clone(),
            name: names.name.clone(),
            liquor: names.liquor,
            partner: names.partner,
            parsed: parse::parse(&names.name, &[]),
            aliases: names.aliases.iter().map(|a| parse::parse(a, &[])).collect(),
        }
    }

    /// The id in the store record.
    pub fn store_id(&self) -> &str {
        &self.store_id
    }

    /// Whether orders may be bought here.
    pub fn partner(&self) -> bool {
        self.partner
    }

    /// Whether the record's kind is `liquor`; a liquor word in the name alone does not make it so.
    pub fn liquor(&self) -> bool {
        self.liquor
    }

    /// The name as the record has it.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl MerchantMatch {
    /// Whether the merchant is taken to be the store.
    pub fn is_match(self) -> bool {
        self != Self::None
    }

    /// The machine word, for JSON and storage.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Alias => "alias",
            Self::Truncated => "truncated",
            Self::BranchCode => "branch_code",
            Self::Suffix => "suffix",
            Self::BrandOnly => "brand_only",
            Self::LiquorAnnex => "liquor_annex",
            Self::None => "none",
        }
    }

    /// The same for people, as half a sentence beside the two names.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Exact => "the merchant has the store's name",
            Self::Alias => "the merchant is one of the store's other names",
            Self::Truncated => "the name is cut, as banks do at about 23 characters",
            Self::BranchCode => "the name has a branch code in it",
            Self::Suffix => "the names differ only in words for the town or the kind of shop",
            Self::BrandOnly => "the merchant gives the chain and no branch",
            Self::LiquorAnnex => "the liquor till and the grocery till of one store",
            Self::None => "the merchant is not this store",
        }
    }

    /// Weight among several matching stores; higher names the store more surely.
    fn rank(self) -> u8 {
        match self {
            Self::Exact => 7,
            Self::Alias => 6,
            Self::BranchCode => 5,
            Self::Suffix => 4,
            Self::Truncated => 3,
            Self::LiquorAnnex => 2,
            Self::BrandOnly => 1,
            Self::None => 0,
        }
    }
}

/// Compares a merchant string with one store.
///
/// `merchant_city` may be empty. It never makes a match: it only contradicts a bare chain name, when it lies
/// in another part of the country than the store and is not the chain's head office. The store's name is
/// judged first, then its aliases; an alias counts as `Alias` if it is met exactly, else as what it is. A
/// chain with a code and no branch ("WW-0456") is `BrandOnly`, since the code says nothing here.
pub fn compare(merchant_name: &str, merchant_city: &str, store: &PreparedStore) -> MerchantMatch {
    let city = city_words(merchant_city);
    judge(&parse::parse(merchant_name, &city), &city, store)
}

fn judge(merchant: &Parsed, city: &[String], store: &PreparedStore) -> MerchantMatch {
    let by_name = compare::judge(merchant, city, &store.parsed, store.liquor);
    let by_alias = store.aliases.iter().map(|alias| {
        let found = compare::judge(merchant, city, alias, store.liquor || alias.liquor);
        // An alias is exact by its words alone: the record's owner listed a liquor or forecourt till on
        // purpose.
        let same_words = merchant.all == alias.all && !merchant.all.is_empty();
        if found == MerchantMatch::Exact || (same_words && merchant.codes == alias.codes) {
            return MerchantMatch::Alias;
        }
        // A bare "PNP" among the aliases must not take in every branch of the chain.
        let bare = alias.chain.is_some() && alias.place.is_empty() && alias.codes.is_empty();
        if bare && !merchant.place.is_empty() { MerchantMatch::None } else { found }
    });
    by_alias.fold(by_name, |best, found| if found.rank() > best.rank() { found } else { best })
}

fn city_words(merchant_city: &str) -> Vec<String> {
    normalise::tokens(merchant_city).into_iter().map(|t| t.text).filter(|t| t != "AND").collect()
}

/// All stores, found by the first letters of a name, so that a swipe is compared with a chain and not with
/// everyone.
#[derive(Debug, Clone, Default)]
pub struct MerchantIndex {
    stores: Vec<PreparedStore>,
    by_id: HashMap<String, usize>,
    by_head: HashMap<Head, Vec<usize>>,
}

impl MerchantIndex {
    /// Builds the index; of two stores with one id the later counts.
    pub fn new(stores: Vec<PreparedStore>) -> Self {
        let mut index = Self { stores, by_id: HashMap::new(), by_head: HashMap::new() };
        for (i, store) in index.stores.iter().enumerate() {
            index.by_id.insert(store.store_id.clone(), i);
            for name in std::iter::once(&store.parsed).chain(&store.aliases) {
                for head in heads(name) {
                    let list = index.by_head.entry(head).or_default();
                    if list.last() != Some(&i) {
                        list.push(i);
                    }
                }
            }
        }
        index
    }

    /// The store with that id, partner or not.
    pub fn get(&self, store_id: &str) -> Option<&PreparedStore> {
        self.by_id.get(store_id).map(|&i| &self.stores[i])
    }

    /// The partner store that a merchant string names best.
    ///
    /// Of equal matches the one whose place the city names wins, then the lowest id. A `BrandOnly` answer
    /// says that the chain is a partner; which of its branches comes back then means nothing.
    pub fn best(&self, merchant_name: &str, merchant_city: &str) -> Option<(&PreparedStore, MerchantMatch)> {
        let city = city_words(merchant_city);
        let merchant = parse::parse(merchant_name, &city);
        let mut candidates: Vec<usize> =
            heads(&merchant).iter().filter_map(|h| self.by_head.get(h)).flatten().copied().collect();
        candidates.sort_unstable();
        candidates.dedup();
        candidates
            .into_iter()
            .map(|i| (i, &self.stores[i]))
            .filter(|(i, store)| store.partner && self.by_id.get(&store.store_id) == Some(i))
            .map(|(_, store)| store)
            .map(|store| (store, judge(&merchant, &city, store)))
            .filter(|(_, found)| found.is_match())
            .max_by(|(a, found_a), (b, found_b)| {
                let weight = |s: &PreparedStore, m: MerchantMatch| (m.rank(), in_city(s, &city));
                weight(a, *found_a).cmp(&weight(b, *found_b)).then_with(|| b.store_id.cmp(&a.store_id))
            })
    }

    /// Compares with the store `store_id`, knowing the others: a weaker match gives way to a store that is
    /// named outright.
    ///
    /// "CHECKERS SANDTON CITY" is `Suffix` for "Checkers Sandton" until "Checkers Sandton City" is a store
    /// too; then it is `None`. `LiquorAnnex` stands if the other record is in the same place. An unknown id
    /// is `None`.
    pub fn compare(&self, merchant_name: &str, merchant_city: &str, store_id: &str) -> MerchantMatch {
        let Some(store) = self.get(store_id) else { return MerchantMatch::None };
        let found = compare(merchant_name, merchant_city, store);
        // A shop and its annex stand in one place under one chain, whichever of them lists the name.
        let neighbour = |other: &PreparedStore| {
            (other.parsed.chain, &other.parsed.place) == (store.parsed.chain, &store.parsed.place)
                && !store.parsed.place.is_empty()
        };
        // "MAKRO DURBAN" names a branch if there is a store of that name, and a town if there is none.
        let gives_way = |other: &PreparedStore| match found {
            MerchantMatch::Truncated | MerchantMatch::BranchCode | MerchantMatch::Suffix => true,
            MerchantMatch::BrandOnly => names_a_branch(&other.parsed),
            // An annex is often a record of its own, in the same place.
            MerchantMatch::LiquorAnnex => {
                let (there, here) = (&other.parsed.place, &store.parsed.place);
                names_a_branch(&other.parsed) && !there.iter().any(|w| here.contains(w))
            }
            MerchantMatch::Exact | MerchantMatch::Alias | MerchantMatch::None => false,
        };
        match self.best(merchant_name, merchant_city) {
            Some((other, MerchantMatch::Exact | MerchantMatch::Alias))
                if other.store_id != store_id && gives_way(other) && !neighbour(other) =>
            {
                MerchantMatch::None
            }
            Some(_) | None => found,
        }
    }
}

/// Whether a name says more than the chain.
fn names_a_branch(name: &Parsed) -> bool {
    match name.chain {
        Some(_) => !name.place.is_empty(),
        None => parse::metro_words(&name.all).is_some_and(|(count, _)| count < name.all.len()),
    }
}

/// Whether the city of the swipe is in the store's name.
fn in_city(store: &PreparedStore, city: &[String]) -> bool {
    !city.is_empty() && store.parsed.all.windows(city.len()).any(|w| w == city)
}

/// The key under which a name is filed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Head {
    Chain(Chain),
    /// The first three letters of another name, which survive any cut.
    Letters(String),
}

fn heads(name: &Parsed) -> Vec<Head> {
    if let Some(chain) = name.chain {
        return vec![Head::Chain(chain)];
    }
    let letters = |words: &[String]| words.iter().flat_map(|w| w.chars()).take(3).collect::<String>();
    let mut keys = vec![letters(&name.all), letters(&name.sober)];
    keys.dedup();
    let mut heads: Vec<Head> = keys.into_iter().filter(|k| !k.is_empty()).map(Head::Letters).collect();
    if name.liquor_shop {
        heads.extend([Chain::Checkers, Chain::Shoprite].map(Head::Chain));
    }
    heads
}
