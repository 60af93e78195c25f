//! Judges two names that are already taken apart: the same shop, a doubt, or another shop.

use super::MerchantMatch;
use super::parse::{Parsed, metro_words, region_of};
use super::words::{self, Chain, Region};

/// A last word this long counts as an abbreviated place wherever the name ends ("WOODM" for Woodmead).
const ABBREVIATION_CHARS_MIN: usize = 5;
/// A cut name of an unknown chain must keep this many letters before it says anything.
const CUT_CHARS_MIN: usize = 8;
/// Letters, beside the words of the trade, that make the start of an unknown chain's name its own.
const DISTINCTIVE_CHARS_MIN: usize = 5;

/// How two places agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Same,
    /// One side says more than the other and nothing speaks against it.
    MoreOrLess,
    Cut,
    /// The merchant names no branch, at most a metropolitan area.
    Unnamed(Option<Region>),
    Other,
}

/// Compares `merchant` with one name of a store; `store_liquor` is the store's kind.
pub(super) fn judge(merchant: &Parsed, city: &[String], store: &Parsed, store_liquor: bool) -> MerchantMatch {
    let has =
        |word: &String| store.all.iter().any(|w| w == word || (merchant.cut && w.starts_with(word.as_str())));
    let serves = |word: &String| has(word) || chain_sells(store, word);
    if merchant.web || !merchant.other_business.iter().all(serves) {
        return MerchantMatch::None;
    }
    match (merchant.chain, store.chain) {
        (Some(a), Some(b)) if a == b => judge_chain(merchant, city, store, store_liquor),
        (None, None) => judge_unknown(merchant, city, store, store_liquor),
        (None, Some(Chain::Checkers | Chain::Shoprite))
            if merchant.liquor_shop && !merchant.place.is_empty() =>
        {
            // Without a branch a bare "LIQUORSHOP" is nobody's.
            if matches!(place(merchant, city, store), Place::Unnamed(_)) {
                return MerchantMatch::None;
            }
            judge_chain(merchant, city, store, store_liquor)
        }
        (Some(_) | None, Some(_) | None) => MerchantMatch::None,
    }
}

/// A chemist's own counter is the shop itself.
fn chain_sells(store: &Parsed, word: &str) -> bool {
    matches!(store.chain, Some(Chain::Clicks | Chain::DisChem)) && word == "PHARMACY"
}

fn judge_chain(merchant: &Parsed, city: &[String], store: &Parsed, store_liquor: bool) -> MerchantMatch {
    // Two formats named outright are two shops, even in one suburb.
    if merchant.format.zip(store.format).is_some_and(|(a, b)| a != b) {
        return MerchantMatch::None;
    }
    let by_code = store.place.is_empty() && !store.codes.is_empty();
    let place = if by_code {
        place_by_code(merchant, store)
    } else if merchant.chain_late {
        // "CAFE AT MAKRO WOODMEAD" is a tenant: words before the chain must be the place and nothing else.
        match place(merchant, city, store) {
            agreed @ (Place::Same | Place::Cut) => agreed,
            Place::MoreOrLess if merchant.place.len() <= store.place.len() => Place::MoreOrLess,
            Place::MoreOrLess if without_common(&merchant.place) == without_common(&store.place) => {
                Place::MoreOrLess
            }
            Place::MoreOrLess | Place::Unnamed(_) | Place::Other => Place::Other,
        }
    } else {
        place(merchant, city, store)
    };
    let found = match place {
        Place::Other => MerchantMatch::None,
        Place::Unnamed(metro) => brand_only(metro, city, store),
        Place::Cut => MerchantMatch::Truncated,
        Place::Same | Place::MoreOrLess if !by_code && has_new_code(merchant, store) => {
            MerchantMatch::BranchCode
        }
        Place::MoreOrLess => MerchantMatch::Suffix,
        Place::Same if merchant.tail_dropped || merchant.format != store.format => MerchantMatch::Suffix,
        Place::Same => MerchantMatch::Exact,
    };
    annex(found, merchant.liquor != (store_liquor || store.liquor))
}

fn has_new_code(merchant: &Parsed, store: &Parsed) -> bool {
    !merchant.codes.is_empty() && merchant.codes != store.codes
}

/// Turns a match between a liquor till and a grocery till into what it is.
fn annex(found: MerchantMatch, tills_differ: bool) -> MerchantMatch {
    if tills_differ && found.is_match() { MerchantMatch::LiquorAnnex } else { found }
}

/// The doubt is the shopper's, unless the town lies in another part of the country than the store.
fn brand_only(metro: Option<Region>, city: &[String], store: &Parsed) -> MerchantMatch {
    let named = metro.or_else(|| region_of(city));
    let home = store.chain.and_then(words::head_office);
    match (named, region_of(&store.place)) {
        (Some(town), Some(shop)) if town != shop && home != Some(town) => MerchantMatch::None,
        (Some(_) | None, Some(_) | None) => MerchantMatch::BrandOnly,
    }
}

/// A store known by the chain and its branch code alone, as an alias often is.
fn place_by_code(merchant: &Parsed, store: &Parsed) -> Place {
    let number = |code: &String| code.trim_start_matches('0').to_owned();
    if merchant.codes.iter().any(|theirs| store.codes.iter().any(|ours| number(ours) == number(theirs))) {
        Place::Same
    } else if merchant.codes.is_empty() && merchant.place.is_empty() {
        Place::Unnamed(None)
    } else {
        Place::Other
    }
}

fn place(merchant: &Parsed, city: &[String], store: &Parsed) -> Place {
    let (theirs, ours) = (merchant.place.as_slice(), store.place.as_slice());
    if theirs.is_empty() {
        return if ours.is_empty() { Place::Same } else { Place::Unnamed(None) };
    }
    if ours.is_empty() {
        return Place::MoreOrLess;
    }
    match named_place(theirs, ours, merchant.cut) {
        Place::Other => {}
        agreed @ (Place::Same | Place::MoreOrLess | Place::Cut | Place::Unnamed(_)) => return agreed,
    }
    let (rest, metro) = without_town(theirs, city);
    if rest.len() == theirs.len() {
        return metro_words(theirs).map_or(Place::Other, |(_, region)| Place::Unnamed(Some(region)));
    }
    match named_place(rest, ours, merchant.cut) {
        Place::Same => Place::MoreOrLess,
        Place::Unnamed(None) => Place::Unnamed(metro),
        found @ (Place::MoreOrLess | Place::Cut | Place::Unnamed(_) | Place::Other) => found,
    }
}

fn named_place(merchant: &[String], store: &[String], cut: bool) -> Place {
    let (ours, theirs) = (store.concat(), merchant.concat());
    if ours == theirs {
        return Place::Same;
    }
    if let Some(found) = longer_place(merchant, store) {
        return found;
    }
    if store.starts_with(merchant) && has_own_word(merchant) {
        return Place::MoreOrLess;
    }
    let (plain_ours, plain_theirs) = (without_common(store), without_common(merchant));
    if !plain_ours.is_empty() && plain_ours == plain_theirs {
        return Place::MoreOrLess;
    }
    let last = merchant.last().map_or("", String::as_str);
    let long = last.chars().count() >= ABBREVIATION_CHARS_MIN && store.iter().any(|w| w.starts_with(last));
    if (cut || long) && ours.starts_with(&theirs) {
        return Place::Cut;
    }
    if !cut {
        return Place::Other;
    }
    // What the cut left of a word for the kind of shop names no branch.
    let kind = words::FORMATS.iter().any(|(text, _)| text.starts_with(last));
    match merchant.len() {
        1 if kind => Place::Unnamed(None),
        1 => Place::Other,
        // An owner's name may stand before the place: "PNP FAMILY LEONARDS WOODM".
        _ if is_owner(&merchant[0]) && !is_town(last) && ours.starts_with(&merchant[1..].concat()) => {
            Place::Cut
        }
        _ => Place::Other,
    }
}

/// Whether a word before a place may be a franchise owner's name: a known town there is a branch of its own.
fn is_owner(word: &str) -> bool {
    region_of(&[word.to_owned()]).is_none()
}

/// Whether what a cut left may be the town after the name ("MUSGRAVE DUR"), or is too short to tell.
fn is_town(rest: &str) -> bool {
    rest.chars().count() < 3 || words::METROS.iter().any(|(name, _)| name[0].starts_with(rest))
}

/// The merchant's place holds the store's whole place and more.
fn longer_place(merchant: &[String], store: &[String]) -> Option<Place> {
    let ours = store.concat();
    for start in 0..merchant.len() {
        if start > 0 && !has_own_word(store) {
            return None;
        }
        let mut joined = String::new();
        for end in start..merchant.len() {
            joined.push_str(&merchant[end]);
            if joined.len() >= ours.len() {
                if joined != ours {
                    break;
                }
                let next = merchant.get(end + 1).map_or("", String::as_str);
                let before = start.checked_sub(1).map_or("", |i| merchant[i].as_str());
                let turned = words::DIRECTIONS.contains(&next) || words::DIRECTIONS.contains(&before);
                return Some(if turned { Place::Other } else { Place::MoreOrLess });
            }
        }
    }
    None
}

fn without_common(place: &[String]) -> Vec<&str> {
    place.iter().map(String::as_str).filter(|w| !words::PLACE_COMMON.contains(w)).collect()
}

fn has_own_word(place: &[String]) -> bool {
    place.iter().any(|w| w.len() >= 3 && !words::PLACE_COMMON.contains(&w.as_str()))
}

/// Compares names of which neither starts with a chain of the table.
fn judge_unknown(merchant: &Parsed, city: &[String], store: &Parsed, store_liquor: bool) -> MerchantMatch {
    let found = unknown_words(merchant, &merchant.all, city, store, &store.all);
    if found.is_match() {
        return found;
    }
    let ours_liquor = store_liquor || store.liquor;
    if merchant.liquor == ours_liquor && merchant.liquor == store.liquor {
        return MerchantMatch::None;
    }
    let found = unknown_words(merchant, &merchant.sober, city, store, &store.sober);
    annex(found, merchant.liquor != ours_liquor)
}

fn unknown_words(
    merchant: &Parsed,
    theirs: &[String],
    city: &[String],
    store: &Parsed,
    ours: &[String],
) -> MerchantMatch {
    if theirs.is_empty() || ours.is_empty() {
        return MerchantMatch::None;
    }
    let coded = has_new_code(merchant, store);
    let longer = if coded { MerchantMatch::BranchCode } else { MerchantMatch::Suffix };
    let name = ours.concat();
    if theirs.concat() == name {
        return if coded || merchant.tail_dropped { longer } else { MerchantMatch::Exact };
    }
    if extra_words(theirs, &name).is_some_and(|extra| allowed_extra(extra, city, ours)) {
        return longer;
    }
    let (kept, metro) = without_town(theirs, city);
    let start = kept.concat();
    if merchant.cut && start.chars().count() >= CUT_CHARS_MIN && name.starts_with(&start) && is_own(kept) {
        return MerchantMatch::Truncated;
    }
    if ours.starts_with(kept) && is_own(kept) {
        return brand_only(metro, city, store);
    }
    MerchantMatch::None
}

/// The words after `name` in `words`, if they begin with it.
fn extra_words<'a>(words: &'a [String], name: &str) -> Option<&'a [String]> {
    let mut joined = String::new();
    for (i, word) in words.iter().enumerate() {
        joined.push_str(word);
        if joined == name {
            return Some(&words[i + 1..]);
        }
    }
    None
}

/// Words after an unknown chain's whole name: towns always, other words only after a name of two own words.
fn allowed_extra(extra: &[String], city: &[String], ours: &[String]) -> bool {
    let town = extra.iter().all(|w| city.contains(w) || words::FORMATS.iter().any(|(f, _)| f == w))
        || metro_words(extra).is_some_and(|(count, _)| count == extra.len())
        || region_of(extra).is_some();
    let turned = extra.first().is_some_and(|w| words::DIRECTIONS.contains(&w.as_str()));
    let own = ours.iter().filter(|w| w.len() >= 3 && w.as_str() != "THE").count();
    !turned && (town || (own >= 2 && is_own(ours) && extra.len() <= 3))
}

fn without_town<'a>(words: &'a [String], city: &[String]) -> (&'a [String], Option<Region>) {
    if let Some((count, region)) = metro_words(words)
        && count < words.len()
    {
        return (&words[..words.len() - count], Some(region));
    }
    if !city.is_empty() && words.len() > city.len() && words.ends_with(city) {
        return (&words[..words.len() - city.len()], None);
    }
    (words, None)
}

/// Whether the words hold enough letters of their own, beside the trade's and towns' names.
fn is_own(kept: &[String]) -> bool {
    let own = |w: &&String| {
        !words::TRADE_COMMON.contains(&w.as_str())
            && region_of(std::slice::from_ref(*w)).is_none()
            && w.len() > 1
    };
    kept.iter().filter(own).map(|w| w.chars().count()).sum::<usize>() >= DISTINCTIVE_CHARS_MIN
}
