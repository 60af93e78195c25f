//! Finds full card numbers in text, so that none is ever stored or logged. Pure; decides nothing about the
//! text's fate.
//!
//! A card number is a run of digits with a scheme's first digits and length that passes the Luhn check.
//! Digits may stand in groups, with up to three spaces or dashes between two groups; a group counts whole or
//! not at all, so a 25-digit id holds no card number while "0821234567 4111 1111 1111 1111" does.

use std::borrow::Cow;
use std::ops::Range;

/// No scheme issues longer numbers (ISO/IEC 7812-1 ends at 19).
const DIGITS_MAX: usize = 19;
/// First digits that decide the scheme in the table below.
const PREFIX_DIGITS: usize = 4;
/// " - " is the widest gap people write inside one number.
const SEPARATORS_MAX: usize = 3;
/// A word of hexadecimal characters from this length on is a hash (MD5 has 32): chance digits in it are no
/// card.
const HASH_CHARS_MIN: usize = 32;
/// How far a word is followed when looking for a hash; SHA-256 has 64 characters.
const HASH_CHARS_SEEN: usize = 64;

/// Finds the first full card number in `text`.
///
/// The range is in bytes, from the first digit to after the last, separators between included. ASCII,
/// full-width and Arabic-Indic digits count. Time is linear in the length of `text`; nothing is allocated.
pub fn find(text: &str) -> Option<Range<usize>> {
    find_from(text, 0)
}

/// Replaces each full card number by its first 6 digits, an X per hidden digit and its last 4.
///
/// "4222 5412 3456 7072" becomes "422254XXXXXX7072"; text without a card number comes back borrowed.
pub fn mask(text: &str) -> Cow<'_, str> {
    let Some(mut found) = find(text) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    loop {
        out.push_str(&text[from..found.start]);
        push_masked(&text[found.clone()], &mut out);
        from = found.end;
        match find_from(text, from) {
            Some(next) => found = next,
            None => break,
        }
    }
    out.push_str(&text[from..]);
    Cow::Owned(out)
}

/// Whether a field of this name may hold a long number that is no card: `sku` and ids.
pub fn exempt_field(name: &str) -> bool {
    matches!(name, "sku" | "id" | "ids") || name.ends_with("_id") || name.ends_with("_ids")
}

/// Whether all of `text` is a masked card number, such as "422254XXXXXX7072".
///
/// 6 digits, then 2 to 9 of `X`, `x` or `*`, then 4 digits: what `mask` makes of 12 to 19 digits.
pub fn is_masked(text: &str) -> bool {
    let bytes = text.as_bytes();
    if !(12..=DIGITS_MAX).contains(&bytes.len()) {
        return false;
    }
    let (head, rest) = bytes.split_at(6);
    let (hidden, tail) = rest.split_at(rest.len() - 4);
    head.iter().chain(tail).all(u8::is_ascii_digit) && hidden.iter().all(|b| matches!(b, b'X' | b'x' | b'*'))
}

fn push_masked(number: &str, out: &mut String) {
    let mut digits = [0_u8; DIGITS_MAX];
    let mut count = 0;
    let mut at = 0;
    while let Some(byte) = number.as_bytes().get(at) {
        match digit_at(number, at) {
            Some((digit, len)) => {
                digits[count] = digit;
                count += 1;
                at += len;
            }
            None => at += char_len(*byte),
        }
    }
    for (i, digit) in digits[..count].iter().enumerate() {
        let shown = i < 6 || i + 4 >= count;
        out.push(if shown { char::from(b'0' + digit) } else { 'X' });
    }
}

/// `from` must not lie inside a group of digits.
fn find_from(text: &str, from: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = from;
    while at < bytes.len() {
        if digit_at(text, at).is_none() {
            at += char_len(bytes[at]);
            continue;
        }
        if let Some(end) = card_end(text, at)
            && !in_hash(bytes, at, end)
        {
            return Some(at..end);
        }
        while let Some((_, len)) = digit_at(text, at) {
            at += len;
        }
    }
    None
}

/// Where the card number that starts with the group at `start` ends, if one does.
///
/// Of several lengths 16 wins, since digits behind a 16-digit number are more often a code of the card than
/// part of its number; else the longest, which hides most.
fn card_end(text: &str, start: usize) -> Option<usize> {
    let mut digits = [0_u8; DIGITS_MAX];
    let (mut count, mut at, mut lengths) = (0, start, 0_u32);
    let mut best: Option<usize> = None;
    let mut best_is_16 = false;
    loop {
        while let Some((digit, len)) = digit_at(text, at) {
            if count == DIGITS_MAX {
                return best;
            }
            digits[count] = digit;
            count += 1;
            at += len;
            if count == PREFIX_DIGITS {
                lengths = scheme_lengths(&digits);
                if lengths == 0 {
                    return None;
                }
            }
        }
        if lengths & (1 << count) != 0 && !best_is_16 && passes_luhn(&digits[..count]) {
            best = Some(at);
            best_is_16 = count == 16;
        }
        match next_group(text, at) {
            Some(next) => at = next,
            None => return best,
        }
    }
}

/// The lengths that numbers with these first four digits have, as bits; 0 where no scheme issues them.
///
/// From the ranges that the schemes publish, as gathered in Wikipedia's "Payment card number" and in
/// braintree's `credit-card-type`. Maestro is kept to its own prefixes for short numbers: the wide range (50,
/// 56 to 69, 12 digits up) would take in one in ten of South Africa's 13-digit barcodes, which begin with 600
/// or 601.
fn scheme_lengths(digits: &[u8; DIGITS_MAX]) -> u32 {
    let prefix = digits[..PREFIX_DIGITS].iter().fold(0_u32, |sum, d| sum * 10 + u32::from(*d));
    match prefix {
        // Mir
        2200..=2204 => lengths(16, 19),
        // Mastercard
        2221..=2720 | 5100..=5599 => 1 << 16,
        // Diners Club
        3000..=3059 | 3090..=3099 | 3600..=3699 | 3800..=3999 => (1 << 14) | (1 << 16) | (1 << 19),
        // American Express
        3400..=3499 | 3700..=3799 => 1 << 15,
        // JCB
        3528..=3589 => lengths(16, 19),
        // Visa
        4000..=4999 => (1 << 13) | (1 << 16) | (1 << 19),
        // Maestro, its own prefixes
        5018 | 5020 | 5038 | 5893 | 6759 | 6761..=6763 => lengths(12, 19),
        // Maestro again; a 13-digit identity number of someone born in April 1963 begins so and passes Luhn.
        6304 => lengths(12, 19) & !(1 << 13),
        // Maestro's wider range, Verve, Elo, Switch: only at the lengths of today's cards
        5000..=5099 | 5600..=5899 | 6300..=6399 | 6700..=6799 => lengths(16, 19),
        // Discover, UnionPay
        6011 | 6200..=6299 | 6440..=6599 => lengths(16, 19),
        _ => 0,
    }
}

const fn lengths(from: u32, to: u32) -> u32 {
    (1 << (to + 1)) - (1 << from)
}

fn passes_luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| match (i % 2 == 1, u32::from(*d)) {
            (true, digit @ 5..) => digit * 2 - 9,
            (true, digit) => digit * 2,
            (false, digit) => digit,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The start of the group of digits behind one to three separators at `at`.
fn next_group(text: &str, at: usize) -> Option<usize> {
    let mut next = at;
    for _ in 0..SEPARATORS_MAX {
        next += separator_len(text, next)?;
        if digit_at(text, next).is_some() {
            return Some(next);
        }
    }
    None
}

/// Value and length in bytes of the digit at `at`.
fn digit_at(text: &str, at: usize) -> Option<(u8, usize)> {
    let byte = *text.as_bytes().get(at)?;
    if byte.is_ascii() {
        return byte.is_ascii_digit().then(|| (byte - b'0', 1));
    }
    let c = text[at..].chars().next()?;
    let zero = match c {
        '\u{660}'..='\u{669}' => 0x660,
        '\u{6F0}'..='\u{6F9}' => 0x6F0,
        '\u{FF10}'..='\u{FF19}' => 0xFF10,
        _ => return None,
    };
    u8::try_from(u32::from(c) - zero).ok().map(|digit| (digit, c.len_utf8()))
}

fn separator_len(text: &str, at: usize) -> Option<usize> {
    let c = match *text.as_bytes().get(at)? {
        b' ' | b'-' => return Some(1),
        byte if byte.is_ascii() => return None,
        _ => text[at..].chars().next()?,
    };
    // Blanks of other widths, and the dashes that word processors put in.
    let blank = matches!(c, '\u{A0}' | '\u{2000}'..='\u{200B}' | '\u{202F}' | '\u{3000}');
    let dash = matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FF0D}');
    (blank || dash).then(|| c.len_utf8())
}

fn char_len(first: u8) -> usize {
    match first {
        0..=0x7F => 1,
        0x80..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0.. => 4,
    }
}

/// Whether the digits stand inside a hash, whose letters touch them.
fn in_hash(bytes: &[u8], start: usize, end: usize) -> bool {
    if !bytes[start..end].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let before =
        bytes[..start].iter().rev().take(HASH_CHARS_SEEN).take_while(|b| b.is_ascii_hexdigit()).count();
    let after = bytes[end..].iter().take(HASH_CHARS_SEEN).take_while(|b| b.is_ascii_hexdigit()).count();
    let word = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let outside = before.checked_add(1).and_then(|n| start.checked_sub(n)).and_then(|i| bytes.get(i));
    let clean = before == HASH_CHARS_SEEN || !word(outside);
    let clean_after = after == HASH_CHARS_SEEN || !word(bytes.get(end + after));
    clean && clean_after && before + (end - start) + after >= HASH_CHARS_MIN
}

#[cfg(test)]
mod tests;
