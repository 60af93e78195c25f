//! What holds for any store: a harmless change of its own name still matches, and no input panics.

use super::{MerchantIndex, PreparedStore, StoreNames, compare};

const CHAINS: &[&str] = &[
    "Makro",
    "Pick n Pay",
    "PnP Hyper",
    "Woolworths",
    "Spar",
    "SuperSpar",
    "Tops at Spar",
    "Checkers Hyper",
    "Shoprite",
    "Food Lover's Market",
    "Boxer",
    "Clicks",
    "Dis-Chem",
    "OK Foods",
    "Liquor City",
    "Norman Goodfellow's",
    "Thrupp's",
    "Ndumiso Trading",
    "The Butcher Block",
    "Impala Fruiterers",
];
const PLACES: &[&str] = &[
    "Woodmead",
    "Sandton City",
    "Strubens Valley",
    "Mall of Africa",
    "N1 City",
    "Sea Point",
    "Rosebank",
    "Randburg",
    "Randridge",
    "Fourways North",
    "Durban",
    "Waterkloof Corner",
    "Kempton Park",
    "Umhlanga Rocks",
    "Ballito Junction",
];

/// A linear congruential generator: the tests need variety that repeats, not chance.
struct Lcg(u64);

impl Lcg {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

fn stores() -> Vec<PreparedStore> {
    let names = CHAINS.iter().flat_map(|chain| PLACES.iter().map(move |place| format!("{chain} {place}")));
    let record = |name: String| StoreNames {
        store_id: name.clone(),
        name,
        aliases: vec![],
        liquor: false,
        partner: true,
    };
    names.map(|name| PreparedStore::new(&record(name))).collect()
}

fn mangle(name: &str, rng: &mut Lcg) -> String {
    let mut out = match rng.below(4) {
        0 => name.to_uppercase(),
        1 => name.to_lowercase(),
        2 => name.replace(' ', "  "),
        _ => name.replace('\'', ""),
    };
    match rng.below(4) {
        0 => {
            out =
                out.replacen(' ', &format!(" {:05} ", rng.below(100_000)), usize::from(!name.contains(" n ")))
        }
        1 => out = format!("{out} {:04}", rng.below(10_000)),
        2 => out = format!("YOCO *{out}"),
        _ => {}
    }
    match rng.below(4) {
        0 => out.push_str(" JOHANNESBURG ZA"),
        1 => out.push_str("   ZAF"),
        2 => out.push_str(" JHB"),
        _ => {}
    }
    out
}

#[test]
fn a_stores_own_name_matches_however_the_bank_dresses_it() {
    let mut rng = Lcg(7);
    for store in stores() {
        for _ in 0..40 {
            let merchant = mangle(store.name(), &mut rng);
            assert!(compare(&merchant, "", &store).is_match(), "{merchant:?} against {:?}", store.name());
        }
    }
}

#[test]
fn a_stores_own_name_matches_when_it_is_cut_at_22_to_25() {
    for store in stores() {
        for columns in 22..=25 {
            let cut: String = store.name().chars().take(columns).collect::<String>().trim_end().to_owned();
            assert!(compare(&cut, "", &store).is_match(), "{cut:?} against {:?}", store.name());
            assert!(
                compare(&cut.to_uppercase(), "", &store).is_match(),
                "{cut:?} against {:?}",
                store.name()
            );
        }
    }
}

#[test]
fn a_full_name_never_matches_another_branch_or_chain() {
    let all = stores();
    let index = MerchantIndex::new(all.clone());
    let expected_pairs = |a: &str, b: &str| {
        // Spar, SuperSpar and Tops of one suburb are one shop; so are the ways to write Pick n Pay.
        let family = |n: &str| {
            n.replace("SuperSpar", "Spar").replace("Tops at Spar", "Spar").replace("PnP Hyper", "Pick n Pay")
        };
        family(a) == family(b)
    };
    for a in &all {
        for b in all.iter().skip(a.name().len() % 3).step_by(3) {
            if expected_pairs(a.name(), b.name()) != (a.store_id() == b.store_id()) {
                // One shop under two records: either answer is right.
                continue;
            }
            let found = index.compare(&a.name().to_uppercase(), "", b.store_id()).is_match();
            assert_eq!(found, expected_pairs(a.name(), b.name()), "{:?} against {:?}", a.name(), b.name());
        }
    }
}

#[test]
fn no_text_panics_and_noise_matches_nothing() {
    let index = MerchantIndex::new(stores());
    let mut rng = Lcg(99);
    for _ in 0..4_000 {
        let length = rng.below(60);
        let text: String = (0..length)
            .map(|_| char::from_u32(u32::try_from(rng.below(0x11_0000)).unwrap()).unwrap_or('\u{FFFD}'))
            .collect();
        assert!(index.best(&text, &text).is_none(), "{text:?}");
        let ascii: String =
            (0..length).map(|_| char::from(u8::try_from(32 + rng.below(95)).unwrap())).collect();
        index.best(&ascii, &ascii);
    }
    for text in [
        "*",
        "&",
        "&&&",
        "N",
        "S",
        "S S S",
        "THE",
        "AT",
        "*****S",
        "ZA ZA ZA",
        "SOUTH AFRICA",
        "\u{301}",
        "A&",
    ] {
        index.best(text, text);
    }
    index.best(&"SPAR ".repeat(100_000), &"SPAR ".repeat(10));
}

#[test]
fn the_index_agrees_with_comparing_every_store() {
    let all = stores();
    let index = MerchantIndex::new(all.clone());
    let mut rng = Lcg(3);
    for store in &all {
        let merchant = mangle(store.name(), &mut rng);
        let (found, how) = index.best(&merchant, "").expect("a store's own name is found");
        let by_hand = all.iter().map(|s| compare(&merchant, "", s)).max_by_key(|m| m.rank()).unwrap();
        assert_eq!(how.rank(), by_hand.rank(), "{merchant:?} found {:?}", found.name());
    }
}
