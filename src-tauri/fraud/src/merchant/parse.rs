//! Sorts the words of a merchant or store name into chain, till, codes and place. Judges nothing.

use super::normalise::{Token, is_web_address, tokens};
use super::words::{self, Chain, Format, Region};

/// Where a bank's field for the name may end: 22 to 25 characters in the strings seen, one less for a cut
/// blank.
const CUT_COLUMNS: std::ops::RangeInclusive<usize> = 21..=25;

/// A name taken apart once, so that comparing two costs only short word comparisons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parsed {
    pub chain: Option<Chain>,
    /// Words stood before the chain's name, as in "Lonehill Spar"; then nothing may be left over.
    pub chain_late: bool,
    pub format: Option<Format>,
    /// A word of a liquor till stands in the name.
    pub liquor: bool,
    /// The name begins with the one-word sign of the Shoprite group's liquor shops.
    pub liquor_shop: bool,
    /// Every word but codes, country and company form: what an unknown chain is compared by.
    pub all: Vec<String>,
    /// `all` without the words of a liquor till.
    pub sober: Vec<String>,
    /// Words that are neither chain, till nor format: the place, when there is a chain.
    pub place: Vec<String>,
    /// The words that mean another business under the same sign.
    pub other_business: Vec<String>,
    /// Branch or terminal numbers that were taken out.
    pub codes: Vec<String>,
    /// A country or company form was taken off the end.
    pub tail_dropped: bool,
    /// The last word of `all` ends where banks cut.
    pub cut: bool,
    /// The name is a web address.
    pub web: bool,
}

/// Takes `raw` apart; `city` is the bank's town for the same swipe and may be empty.
pub(super) fn parse(raw: &str, city: &[String]) -> Parsed {
    let mut words = tokens(raw);
    let cut_and =
        words.last().is_some_and(|w| CUT_COLUMNS.contains(&w.end) && matches!(w.text.as_str(), "A" | "AN"));
    if cut_and && words.len() > 2 {
        // "WINE A" is what is left of "WINE AND SPIRITS".
        words.pop();
    }
    let mut parsed = Parsed {
        chain: None,
        chain_late: false,
        format: None,
        liquor: false,
        liquor_shop: false,
        all: Vec::new(),
        sober: Vec::new(),
        place: Vec::new(),
        other_business: Vec::new(),
        codes: Vec::new(),
        tail_dropped: false,
        cut: false,
        web: is_web_address(raw),
    };
    words.retain(|w| !matches!(w.text.as_str(), "AND" | "N"));
    parsed.tail_dropped = drop_tail(&mut words);
    parsed.cut = ends_cut(&words, city) || (cut_and && !parsed.tail_dropped);
    let (codes, words): (Vec<Token>, Vec<Token>) = words.into_iter().partition(|w| is_code(&w.text));
    parsed.codes = codes.into_iter().map(|w| w.text).collect();
    parsed.all = words.into_iter().map(|w| w.text).collect();
    if parsed.all.len() > 1 && parsed.all[0] == "THE" {
        parsed.all.remove(0);
    }
    parsed.liquor_shop = parsed.all.first().is_some_and(|w| w == "LIQUORSHOP");
    sort_words(&mut parsed);
    parsed
}

/// A number of a branch, terminal or lane: all digits, or digits with letters and at least three digits.
fn is_code(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    digits == word.len() || (digits >= 3 && word.len() <= 10)
}

/// Takes country and company form off the end; a name always keeps its first word.
fn drop_tail(words: &mut Vec<Token>) -> bool {
    let before = words.len();
    while let [_, .., second, last] = words.as_slice()
        && second.text == "SOUTH"
        && last.text == "AFRICA"
    {
        words.truncate(words.len() - 2);
    }
    while let [_, .., last] = words.as_slice()
        && (words::COUNTRY.contains(&last.text.as_str()) || words::LEGAL.contains(&last.text.as_str()))
    {
        words.pop();
    }
    words.len() != before
}

/// Whether the name, with or without a town after it, ends where banks cut.
fn ends_cut(words: &[Token], city: &[String]) -> bool {
    let ends = |w: &Token| CUT_COLUMNS.contains(&w.end) && !is_code(&w.text);
    let texts: Vec<String> = words.iter().map(|w| w.text.clone()).collect();
    let by_metro = metro_words(&texts).map_or(0, |(count, _)| count);
    let by_city = if texts.ends_with(city) { city.len() } else { 0 };
    let kept = words.len().saturating_sub(by_metro.max(by_city));
    words.last().is_some_and(ends) || words[..kept].last().is_some_and(ends)
}

/// Words at the end of `place` that name a metropolitan area, and which one.
pub(super) fn metro_words(place: &[String]) -> Option<(usize, Region)> {
    words::METROS
        .iter()
        .filter(|(name, _)| name.len() <= place.len())
        .find(|(name, _)| {
            place[place.len() - name.len()..].iter().map(String::as_str).eq(name.iter().copied())
        })
        .map(|(name, region)| (name.len(), *region))
}

/// The region that `place` lies in, if any of its words is a town of one region only.
pub(super) fn region_of(place: &[String]) -> Option<Region> {
    let holds = |name: &[&str]| {
        place.windows(name.len()).any(|w| w.iter().map(String::as_str).eq(name.iter().copied()))
    };
    words::METROS
        .iter()
        .find(|(name, _)| holds(name))
        .or_else(|| words::SUBURBS.iter().find(|(name, _)| holds(name)))
        .map(|(_, region)| *region)
}

fn sort_words(parsed: &mut Parsed) {
    let all = std::mem::take(&mut parsed.all);
    let mut at = 0;
    while at < all.len() {
        if let Some(hit) = phrase_at(&all, at, parsed.chain) {
            if parsed.chain.is_none() {
                parsed.chain = Some(hit.chain);
                // In "LIQUORSHOP AT CHECKERS" the AT links two signs of one shop.
                let linked = parsed.liquor && parsed.place == ["AT"];
                parsed.chain_late = !(linked || parsed.place.is_empty());
            }
            parsed.format = parsed.format.or(hit.format);
            parsed.liquor |= hit.liquor;
            at += hit.words.len();
            continue;
        }
        sort_word(parsed, &all, at);
        at += 1;
    }
    parsed.sober = all.iter().filter(|w| !is_liquor(w)).cloned().collect();
    parsed.all = all;
    drop_liquor_links(parsed);
}

fn phrase_at(all: &[String], at: usize, chain: Option<Chain>) -> Option<&'static words::Phrase> {
    words::PHRASES.iter().find(|p| {
        let fits =
            all.len() - at >= p.words.len() && all[at..].iter().zip(p.words).all(|(have, want)| have == want);
        fits && chain.is_none_or(|c| c == p.chain)
            && (at == 0 || chain.is_some() || !words::HEAD_ONLY.contains(&p.words[0]))
    })
}

fn sort_word(parsed: &mut Parsed, all: &[String], at: usize) {
    let word = &all[at];
    let last_cut = parsed.cut && at + 1 == all.len() && at > 0;
    if is_liquor(word)
        || (last_cut && word.len() >= 3 && words::LIQUOR.iter().any(|w| w.starts_with(word.as_str())))
    {
        parsed.liquor = true;
    } else if let Some((_, format)) = words::FORMATS.iter().find(|(text, _)| text == word) {
        parsed.format = parsed.format.or(*format);
    } else {
        let other = words::OTHER_BUSINESS
            .iter()
            .any(|w| w == word || (last_cut && word.len() >= 4 && w.starts_with(word.as_str())));
        if other {
            parsed.other_business.push(word.clone());
        }
        parsed.place.push(word.clone());
    }
}

/// "TOPS AT SPAR" links two signs of one shop: the AT is not a place.
fn drop_liquor_links(parsed: &mut Parsed) {
    if parsed.liquor && parsed.place.first().is_some_and(|w| w == "AT") {
        parsed.place.remove(0);
    }
}

fn is_liquor(word: &str) -> bool {
    words::LIQUOR.contains(&word)
}
