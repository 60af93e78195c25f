//! Turns a merchant string into comparable words. Knows spelling, not shops: chains and towns are in `words`.

/// Merchant strings longer than this are read only up to here; ISO 8583 allows 40 characters, so 160 loses
/// nothing.
const NAME_CHARS_MAX: usize = 160;

/// Card acquirers that put their own name and a star before the shop's.
const ACQUIRERS: &[&str] = &[
    "YOCO", "SQ", "SNAPSCAN", "IK", "IKHOKHA", "SUMUP", "SUM UP", "ZAPPER", "PAYFAST", "PF", "PEACH",
    "STITCH", "OZOW", "NETCASH", "LULA", "PAYPAL", "PP", "ZETTLE", "IZ", "SP", "TST", "CAPITEC", "FNB",
    "NEDBANK", "ABSA",
];

/// One word of a name, upper case and without accents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub text: String,
    /// Column just after the word in the string as the bank sent it, counted in characters from the first
    /// visible one.
    pub end: usize,
}

/// Splits `raw` into folded words.
///
/// Case, accents, apostrophes and punctuation go; `&` and `+` become `AND`, `@` becomes `AT`; an acquirer's
/// prefix goes; a lone `S` joins the word before it ("LOVER S" is "LOVERS"). Reads at most 160 characters.
pub(super) fn tokens(raw: &str) -> Vec<Token> {
    let raw = raw.trim_start();
    let skip = acquirer_chars(raw);
    let mut out: Vec<Token> = Vec::new();
    let mut word = String::new();
    for (column, c) in raw.chars().take(NAME_CHARS_MAX).enumerate().skip(skip) {
        match fold(c) {
            Fold::Drop => {}
            Fold::Break => flush(&mut word, column, &mut out),
            Fold::Word(text) => {
                flush(&mut word, column, &mut out);
                out.push(Token { text: text.to_owned(), end: column + 1 });
            }
            Fold::Text(text) => word.push_str(text),
            Fold::Char(folded) => word.extend(folded.to_uppercase()),
        }
    }
    let end = raw.chars().take(NAME_CHARS_MAX).collect::<String>().trim_end().chars().count();
    flush(&mut word, end, &mut out);
    out
}

/// Whether `raw` gives a web address, which a shop's till never does.
pub(super) fn is_web_address(raw: &str) -> bool {
    let lower = raw.to_ascii_lowercase();
    lower.contains("www.") || lower.contains(".co.za") || lower.contains(".com")
}

fn flush(word: &mut String, end: usize, out: &mut Vec<Token>) {
    if word.is_empty() {
        return;
    }
    let text = std::mem::take(word);
    match out.last_mut() {
        Some(last) if text == "S" && last.text != "AND" => {
            last.text.push('S');
            last.end = end;
        }
        _ => out.push(Token { text, end }),
    }
}

/// Characters up to and including the star after a known acquirer's name, else 0.
fn acquirer_chars(raw: &str) -> usize {
    let Some(star) = raw.find('*') else { return 0 };
    let before = raw[..star].trim().to_uppercase();
    if ACQUIRERS.contains(&before.as_str()) { raw[..star].chars().count() + 1 } else { 0 }
}

enum Fold {
    Drop,
    Break,
    Word(&'static str),
    Text(&'static str),
    Char(char),
}

fn fold(c: char) -> Fold {
    // Full-width forms are ASCII moved up by a fixed distance.
    let c = match u32::from(c) {
        code @ 0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0).unwrap_or(c),
        _ => c,
    };
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' => Fold::Char(c),
        '\'' | '’' | '‘' | '`' | '´' | 'ʼ' | '′' | '\u{AD}' | '\u{200B}'..='\u{200D}' | '\u{FEFF}' => {
            Fold::Drop
        }
        '\u{300}'..='\u{36F}' => Fold::Drop,
        '&' | '+' => Fold::Word("AND"),
        '@' => Fold::Word("AT"),
        c if c.is_ascii() => Fold::Break,
        c => fold_latin(c),
    }
}

fn fold_latin(c: char) -> Fold {
    const FOLDS: &[(&str, &str)] = &[
        ("ÀÁÂÃÄÅĀĂĄàáâãäåāăą", "A"),
        ("ÇĆĈĊČçćĉċč", "C"),
        ("ĎĐÐďđð", "D"),
        ("ÈÉÊËĒĔĖĘĚèéêëēĕėęě", "E"),
        ("ĜĞĠĢĝğġģ", "G"),
        ("ÌÍÎÏĨĪĬĮİìíîïĩīĭįı", "I"),
        ("ĹĻĽŁĺļľł", "L"),
        ("ÑŃŅŇñńņňŉ", "N"),
        ("ÒÓÔÕÖØŌŎŐòóôõöøōŏő", "O"),
        ("ŔŖŘŕŗř", "R"),
        ("ŚŜŞŠśŝşš", "S"),
        ("ŢŤŢţťț", "T"),
        ("ÙÚÛÜŨŪŬŮŰŲùúûüũūŭůűų", "U"),
        ("ÝŸŶýÿŷ", "Y"),
        ("ŹŻŽźżž", "Z"),
        ("Ææ", "AE"),
        ("Œœ", "OE"),
        ("ßẞ", "SS"),
    ];
    match FOLDS.iter().find(|(from, _)| from.contains(c)) {
        Some((_, to)) => Fold::Text(to),
        None if c.is_alphanumeric() => Fold::Char(c),
        None => Fold::Break,
    }
}
